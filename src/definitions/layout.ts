import type { DefinitionTree, TreeEntry } from "./definition-tree.ts";
import { problemAt } from "./problem.ts";
import type { Finding, Problem } from "./problem.ts";
import { dnsLabelPattern, workspaceIdPattern } from "./id-patterns.ts";

/** What a path is for: the path is the identity of what is defined in it. */
export type FileRole =
  | { readonly role: "platform" | "domains" | "lock"; readonly path: string }
  | { readonly role: "template"; readonly path: string; readonly id: string }
  | { readonly role: "workspace"; readonly path: string; readonly id: string }
  | { readonly role: "service"; readonly path: string; readonly id: string; readonly workspaceId: string }
  | { readonly role: "locked-chart"; readonly path: string; readonly sha256: string }
  | { readonly role: "chart-file"; readonly path: string; readonly chart: string; readonly inner: string };

/** Where `woow catalog verify` writes down what it has verified. */
export const lockFile = "catalog.lock.yaml";
/** Below charts/: packed charts, each named after the SHA-256 of its bytes. */
const lockedFolder = ".verified";

/** Files at the root of a repository that hold definitions; one with the other ending is a problem, so it is read. */
export const rootFiles: readonly string[] = ["platform", "domains", "catalog.lock"].flatMap((name) => [
  `${name}.yaml`,
  `${name}.yml`,
]);

/** Folders at the root of a repository that hold definitions. */
export const topFolders: readonly string[] = ["catalog", "charts", "workspaces"];

/** The path of a packed chart with these bytes. */
export function lockedChartPath(sha256: string): string {
  return `charts/${lockedFolder}/${sha256}.tgz`;
}

export interface Layout {
  readonly files: readonly FileRole[];
  readonly problems: readonly Problem[];
}

/** Sorts a tree into roles. Whatever does not fit is a problem, because a file we skip would look like a deletion. */
export function planLayout({
  entries,
  unreadableFolders,
}: Pick<DefinitionTree, "entries" | "unreadableFolders">): Layout {
  const files: FileRole[] = [];
  const problems: Problem[] = [];
  const workspaceFolders = new Set<string>();
  const withWorkspaceFile = new Set<string>();
  for (const entry of entries) {
    const parts = entry.path.split("/");
    const [top, folder = "", name] = parts;
    if (top === "workspaces" && parts.length === 3) {
      workspaceFolders.add(folder);
      if (name === "workspace.yaml") withWorkspaceFile.add(folder);
    }
    if (entry.type === "folder" && top === "workspaces" && parts.length === 2) workspaceFolders.add(folder);
    const role = entry.type === "folder" ? folderFinding(entry.path, parts) : classify(entry, parts);
    if (role === undefined) continue;
    if ("code" in role) problems.push(problemAt(startOf(entry.path), role));
    else files.push(role);
  }
  const unreadable = new Set(unreadableFolders.map(({ path }) => path));
  for (const folder of [...workspaceFolders].sort()) {
    // what is in a folder that cannot be listed is not missing
    if (withWorkspaceFile.has(folder) || unreadable.has(`workspaces/${folder}`)) continue;
    const path = `workspaces/${folder}/workspace.yaml`;
    problems.push(
      problemAt(startOf(path), {
        code: "missing-workspace-file",
        message: `the folder workspaces/${folder} has no workspace.yaml`,
        hint: `write one (woow create workspace ${folder}), or remove the folder`,
      }),
    );
  }
  return { files, problems };
}

function classify(entry: TreeEntry, parts: readonly string[]): FileRole | Finding | undefined {
  const { path } = entry;
  const name = parts.at(-1) ?? "";
  const [top] = parts;
  if (top === "charts") {
    if (parts[1] === lockedFolder) return classifyLocked(entry, parts);
    if (parts.length < 3)
      return ignorable(name) ? undefined : unexpected(path, "a chart is a folder: charts/<name>/");
    if (entry.type !== "file")
      return (
        linkFinding(entry, path) ?? {
          code: "symlink",
          message: `${path} is a symbolic link`,
          hint: "a chart holds plain files only",
        }
      );
    return { role: "chart-file", path, chart: parts[1] ?? "", inner: parts.slice(2).join("/") };
  }
  if (ignorable(name)) return undefined;
  const link = linkFinding(entry, path);
  if (link !== undefined) return link;
  if (/\.yml$/i.test(name) || name.endsWith(".YAML")) {
    return {
      code: "wrong-extension",
      message: `${path} does not end in .yaml`,
      hint: `rename it to ${path.replace(/\.[A-Za-z]+$/, ".yaml")}`,
    };
  }
  if (parts.length === 1) {
    if (name === "platform.yaml") return { role: "platform", path };
    if (name === "domains.yaml") return { role: "domains", path };
    if (name === lockFile) return { role: "lock", path };
    return unexpected(path, `${name} must be a folder`);
  }
  if (!name.endsWith(".yaml")) return unexpected(path, `only .yaml files belong under ${top}/`);
  const id = name.slice(0, -".yaml".length);
  if (top === "catalog") {
    if (parts.length !== 2) return unexpected(path, "templates lie directly in catalog/");
    return badLabel(id, path, "template id") ?? { role: "template", path, id };
  }
  if (parts.length !== 3)
    return unexpected(path, "a service lies in workspaces/<workspace id>/<reference id>.yaml");
  const workspaceId = parts[1] ?? "";
  if (!new RegExp(workspaceIdPattern).test(workspaceId)) {
    return {
      code: "bad-id",
      message: `${workspaceId} is not a usable workspace id`,
      hint: "1 to 20 lower-case letters and digits, no hyphen, dot or underscore, for example acme",
    };
  }
  if (workspaceId === "platform") {
    return {
      code: "reserved-name",
      message: "the workspace id platform is reserved",
      hint: "choose another id",
    };
  }
  if (name === "workspace.yaml") return { role: "workspace", path, id: workspaceId };
  return badLabel(id, path, "reference id") ?? { role: "service", path, id, workspaceId };
}

function classifyLocked(entry: TreeEntry, parts: readonly string[]): FileRole | Finding | undefined {
  const { path, type } = entry;
  const sha256 = /^([0-9a-f]{64})\.tgz$/.exec(parts[2] ?? "")?.[1];
  if (sha256 !== undefined && parts.length === 3 && type === "file")
    return { role: "locked-chart", path, sha256 };
  return parts.length === 3 && ignorable(parts[2] ?? "")
    ? undefined
    : unexpected(path, "only packed charts that woow catalog verify put there belong here");
}

/** A folder where a definition belongs would hide it; elsewhere folders say nothing. */
function folderFinding(path: string, parts: readonly string[]): Finding | undefined {
  const looksLikeFile = parts[0] !== "charts" && /\.ya?ml$/i.test(parts.at(-1) ?? "");
  return looksLikeFile ? unexpected(path, "it is a folder") : undefined;
}

function linkFinding(entry: TreeEntry, path: string): Finding | undefined {
  if (entry.type === "link-outside") {
    return {
      code: "symlink",
      message: `${path} is a symbolic link that leaves the repository`,
      hint: "copy the file into the repository",
    };
  }
  if (entry.type === "link-to-folder") {
    return { code: "symlink", message: `${path} is a symbolic link to a folder`, hint: "use a real folder" };
  }
  if (entry.type === "other")
    return { code: "unexpected-file", message: `${path} is not a plain file`, hint: "remove it" };
  return undefined;
}

/** Notes for people and files that tools hide are no definitions. */
function ignorable(name: string): boolean {
  return name.startsWith(".") ? !/\.ya?ml$/i.test(name) : /\.md$/i.test(name);
}

function badLabel(id: string, path: string, what: string): Finding | undefined {
  if (new RegExp(dnsLabelPattern).test(id)) return undefined;
  const hint = "lower-case letters, digits and hyphens, at most 63, not starting or ending with a hyphen";
  return { code: "bad-id", message: `${id} (from ${path}) is not a usable ${what}`, hint };
}

function unexpected(path: string, why: string): Finding {
  return {
    code: "unexpected-file",
    message: `${path} is not where a definition can be: ${why}`,
    hint: "move or remove it",
  };
}

function startOf(file: string): { file: string; line: number; column: number } {
  return { file, line: 1, column: 1 };
}
