import { createRecipientCheck } from "./check-recipients.ts";
import type { ChartFolder, Definition, DefinitionKind, Definitions, ServiceFile } from "./definition.ts";
import type { DefinitionTree } from "./definition-tree.ts";
import { readLockedChart } from "./locked-charts.ts";
import { planLayout } from "./layout.ts";
import type { FileRole } from "./layout.ts";
import { decodeText, maxFileBytes, parseDefinition } from "./parse.ts";
import { compareText, problemAt } from "./problem.ts";
import type { Finding, Problem } from "./problem.ts";
import { readChartFolder } from "./chart-folder.ts";
import { validateDefinition } from "./validate.ts";

/** What a repository defines, and everything that is wrong with its files one by one. */
export interface ReadResult {
  readonly definitions: Definitions;
  readonly problems: readonly Problem[];
}

/** Reads every file of a repository; goes on after a problem, so that one run shows all of them. */
export function readDefinitions(tree: DefinitionTree): ReadResult {
  const problems: Problem[] = [];
  const layout = planLayout(tree);
  problems.push(...layout.problems);
  for (const folder of tree.unreadableFolders) {
    problems.push(
      problemAt(
        { file: folder.path, line: 1, column: 1 },
        {
          code: "unreadable-file",
          message: `the folder cannot be read: ${folder.reason}`,
          hint: "check its permissions",
        },
      ),
    );
  }
  let platform: Definition<"Platform"> | undefined;
  let domains: Definition<"Domains"> | undefined;
  let lock: Definition<"CatalogLock"> | undefined;
  const lockedBytes = new Map<string, Uint8Array>();
  const templates = new Map<string, Definition<"CloudAppTemplate">>();
  const workspaces = new Map<string, Definition<"Workspace">>();
  const services: ServiceFile[] = [];
  const present = new Set<string>();
  const chartFiles = new Map<string, Map<string, Uint8Array>>();
  const checkRecipients = createRecipientCheck(tree);

  const load = <K extends DefinitionKind>(path: string, kind: K, id: string): Definition<K> | undefined => {
    const loaded = loadDefinition(tree, { path, kind, id });
    problems.push(...loaded.problems);
    return loaded.definition;
  };

  const seenPlatform = layout.files.some((file) => file.role === "platform");
  if (!seenPlatform) {
    problems.push(
      problemAt(
        { file: "platform.yaml", line: 1, column: 1 },
        {
          code: "missing-file",
          message: "there is no platform.yaml here",
          hint: "run woow in the platform's repository (or with -C DIR), or make one with woow init",
        },
      ),
    );
  }
  for (const file of [...layout.files].sort((a, b) => compareText(a.path, b.path))) {
    switch (file.role) {
      case "platform":
        platform = load(file.path, "Platform", "platform");
        break;
      case "domains":
        domains = load(file.path, "Domains", "domains");
        break;
      case "template": {
        const template = load(file.path, "CloudAppTemplate", file.id);
        if (template !== undefined) templates.set(file.id, template);
        break;
      }
      case "workspace": {
        present.add(file.id);
        const workspace = load(file.path, "Workspace", file.id);
        if (workspace !== undefined) workspaces.set(file.id, workspace);
        break;
      }
      case "service": {
        present.add(`${file.workspaceId}/${file.id}`);
        const service = load(file.path, "CloudService", file.id);
        if (service === undefined) break;
        const { workspaceId } = file;
        const { sops } = service.value;
        services.push({ ...service, workspaceId });
        if (sops !== undefined) problems.push(...checkRecipients({ ...service, workspaceId, sops }));
        break;
      }
      case "lock":
        lock = load(file.path, "CatalogLock", "catalog.lock");
        break;
      case "locked-chart": {
        const locked = readLockedChart(tree, file);
        if ("bytes" in locked) lockedBytes.set(file.sha256, locked.bytes);
        else problems.push(locked.problem);
        break;
      }
      case "chart-file":
        readChartFile(tree, file, { charts: chartFiles, problems });
        break;
    }
  }
  const charts = new Map<string, ChartFolder>();
  for (const [name, files] of chartFiles) {
    const chart = readChartFolder(name, files);
    if (chart.ok) charts.set(name, chart.chart);
    else problems.push(chart.problem);
  }
  return {
    definitions: {
      platform,
      templates,
      workspaces,
      services,
      domains,
      charts,
      lock,
      lockedBytes,
      present,
    },
    problems,
  };
}

/** What could be read of a file, and all that is wrong with it; a definition with problems still shows further ones. */
interface Loaded<K extends DefinitionKind> {
  readonly definition?: Definition<K>;
  readonly problems: readonly Problem[];
}

function loadDefinition<K extends DefinitionKind>(
  tree: DefinitionTree,
  wanted: { path: string; kind: K; id: string },
): Loaded<K> {
  const { path, kind, id } = wanted;
  const read = tree.read(path);
  if ("reason" in read) return { problems: [unreadable(path, read.reason)] };
  const decoded = decodeText(path, read.bytes);
  if ("problem" in decoded) return { problems: [decoded.problem] };
  const parsed = parseDefinition(path, decoded.text);
  const found = parsed.ok ? [] : parsed.problems;
  const readable = parsed.ok ? parsed : parsed.partial;
  if (readable === undefined) return { problems: found };
  const checked = validateDefinition(readable.value, kind, readable.source);
  if (!checked.ok) return { problems: [...found, ...checked.problems] };
  const definition: Definition<K> = { kind, id, value: checked.value, source: readable.source };
  const identity = identityProblem(definition);
  return { definition, problems: identity === undefined ? found : [...found, identity] };
}

/** File and folder name are the identity; an id inside must agree, else a copied file would lie about itself. */
function identityProblem(definition: Definition): Problem | undefined {
  const value = definition.value as { id?: string; reference_id?: string };
  const key = definition.kind === "CloudService" ? "reference_id" : "id";
  const written = value[key];
  if (written === undefined || written === definition.id) return undefined;
  return problemAt(definition.source.locate([key]), {
    code: "identity-mismatch",
    message: `${key} is ${written}, but the file's place says ${definition.id}`,
    hint: `write ${key}: ${definition.id}, or leave it out`,
  });
}

function readChartFile(
  tree: DefinitionTree,
  file: FileRole & { role: "chart-file" },
  { charts, problems }: { charts: Map<string, Map<string, Uint8Array>>; problems: Problem[] },
): void {
  const read = tree.read(file.path);
  if ("reason" in read) {
    problems.push(unreadable(file.path, read.reason));
    return;
  }
  if (read.bytes.byteLength > maxFileBytes) {
    const finding: Finding = {
      code: "file-too-large",
      message: `the chart file has more than ${maxFileBytes} bytes`,
      hint: "a HelmChart holds 750 KiB in all; serve a large chart from a repository",
    };
    problems.push(problemAt({ file: file.path, line: 1, column: 1 }, finding));
    return;
  }
  const files = charts.get(file.chart) ?? new Map<string, Uint8Array>();
  files.set(file.inner, read.bytes);
  charts.set(file.chart, files);
}

function unreadable(file: string, reason: string): Problem {
  return problemAt(
    { file, line: 1, column: 1 },
    {
      code: "unreadable-file",
      message: `the file cannot be read: ${reason}`,
      hint: "check its permissions; a file we cannot read never counts as removed",
    },
  );
}
