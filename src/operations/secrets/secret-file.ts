import type { FileEdit, DefinitionWriter } from "../../definitions/definition-writer.ts";
import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import { planLayout } from "../../definitions/layout.ts";
import type { FileRole } from "../../definitions/layout.ts";
import { decodeText, maxFileBytes, parseDefinition } from "../../definitions/parse.ts";
import { problemAt, sortProblems } from "../../definitions/problem.ts";
import type { Problem } from "../../definitions/problem.ts";
import { Source } from "../../definitions/source.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { serviceUnit } from "../../model/names.ts";
import type { AgeIdentity } from "../../secrets/age-identity.ts";
import { parseDefinitionText } from "../../secrets/definition-text.ts";
import type { SecretError } from "../../secrets/secret-error.ts";
import type { SealTools } from "../../secrets/sops-text.ts";

/** The outside world as every command on secrets needs it. */
export interface SecretDeps {
  readonly tree: DefinitionTree;
  readonly writer: DefinitionWriter;
  /** Asked for once it is clear that something is to be opened. */
  readonly identities: () => readonly AgeIdentity[];
  readonly tools: SealTools;
}

/** Something worth knowing that stops nothing. Never holds a secret. */
export interface SecretNote {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** What came of it, or the problems in the files; then nothing was written. */
export type SecretOutcome<T> =
  ({ readonly ok: true } & T) | { readonly ok: false; readonly problems: readonly Problem[] };

/** A service's file for editing. It may have problems elsewhere: only its YAML must be readable. */
export interface SecretFile {
  /** `WORKSPACE/REFERENCE_ID`. */
  readonly unit: string;
  readonly workspaceId: string;
  readonly path: string;
  /** A byte order mark, when the file begins with one; not part of the text. */
  readonly mark: string;
  readonly text: string;
  /** What the text says, unchecked. */
  readonly value: Readonly<Record<string, unknown>>;
}

type ServiceRole = FileRole & { readonly role: "service" };

/**
 * The file of a service. Errors: `not-found` with the nearest unit, `usage` for what addresses no service,
 * `not-writable` for a symbolic link, which an edit would replace by a file.
 */
export function findSecretFile(tree: DefinitionTree, unit: string): SecretOutcome<{ file: SecretFile }> {
  const roles = listServiceRoles(tree);
  const role = roles.find((candidate) => unitOf(candidate) === unit);
  if (role !== undefined) return readSecretFile(tree, role);
  const units = roles.map(unitOf);
  const [short] = units.filter((known) => known.endsWith(`/${unit}`));
  const hint = short === undefined ? suggestHint(unit, units) : `did you mean ${short}?`;
  if (!unit.includes("/")) {
    throw new OperationError("usage", `${unit} is not a service: it is addressed WORKSPACE/REFERENCE_ID`, {
      subject: unit,
      hint: hint ?? "woow validate shows what is defined",
    });
  }
  throw new OperationError("not-found", `there is no service ${unit}`, {
    subject: unit,
    hint: hint ?? "woow create service makes one",
  });
}

/** Every service file of a workspace. Errors: `not-found` for a workspace without a folder. */
export function listSecretFiles(
  tree: DefinitionTree,
  workspaceId: string,
): SecretOutcome<{ files: readonly SecretFile[] }> {
  const known = listWorkspaceFolders(tree);
  if (!known.includes(workspaceId)) {
    throw new OperationError("not-found", `there is no workspace ${workspaceId}`, {
      subject: workspaceId,
      hint: suggestHint(workspaceId, known) ?? "woow create workspace makes one",
    });
  }
  const roles = listServiceRoles(tree).filter((role) => role.workspaceId === workspaceId);
  return collect(roles.map((role) => readSecretFile(tree, role)));
}

/** Every service file of every workspace. */
export function listAllSecretFiles(tree: DefinitionTree): SecretOutcome<{ files: readonly SecretFile[] }> {
  return collect(listServiceRoles(tree).map((role) => readSecretFile(tree, role)));
}

/** The ids of all workspaces that have a folder. */
export function listWorkspaceFolders(tree: DefinitionTree): readonly string[] {
  return tree.entries
    .filter(({ path, type }) => type === "folder" && /^workspaces\/[^/]+$/.test(path))
    .map(({ path }) => path.slice("workspaces/".length));
}

/** Joins files, or all problems of those that cannot be read. */
export function collect(
  outcomes: readonly SecretOutcome<{ file: SecretFile }>[],
): SecretOutcome<{ files: readonly SecretFile[] }> {
  const problems = outcomes.flatMap((outcome) => (outcome.ok ? [] : outcome.problems));
  if (problems.length > 0) return { ok: false, problems: sortProblems(problems) };
  return { ok: true, files: outcomes.flatMap((outcome) => (outcome.ok ? [outcome.file] : [])) };
}

/** True when a file holds secrets, sound or not. */
export function holdsSecrets({ value }: SecretFile): boolean {
  return isPresent(value["secret_values"]) || isPresent(value["sops"]);
}

/** A refusal of the secrets codec as a problem with its place. */
export function secretProblem(
  file: { readonly path: string; readonly text: string },
  { code, message, hint, path }: SecretError,
): Problem {
  const place = new Source(file.path, file.text).locate(path.length > 0 ? path : ["secret_values"], "key");
  return problemAt(place, { code, message, hint });
}

/** One refusal as an outcome. */
export function refuseSecret(
  file: { readonly path: string; readonly text: string },
  error: SecretError,
): { readonly ok: false; readonly problems: readonly Problem[] } {
  return { ok: false, problems: [secretProblem(file, error)] };
}

/** The change of one file. Errors: `usage` when the file would be larger than a definition may be. */
export function editFile({ path, mark, text }: SecretFile, after: string): FileEdit {
  if (Buffer.byteLength(after) > maxFileBytes) {
    throw new OperationError("usage", `${path} would be larger than ${maxFileBytes} bytes`, {
      subject: path,
      hint: "a secret is a password or a key; put larger data into the app itself",
    });
  }
  return { path, before: mark + text, after: mark + after };
}

function listServiceRoles(tree: DefinitionTree): ServiceRole[] {
  return planLayout(tree).files.filter((file): file is ServiceRole => file.role === "service");
}

function unitOf({ workspaceId, id }: ServiceRole): string {
  return serviceUnit(workspaceId, id);
}

function readSecretFile(tree: DefinitionTree, role: ServiceRole): SecretOutcome<{ file: SecretFile }> {
  const { path, workspaceId } = role;
  if (tree.entries.some((entry) => entry.path === path && entry.type === "link-inside")) {
    throw new OperationError("not-writable", `${path} is a symbolic link, which an edit would replace`, {
      subject: path,
      hint: "put the file itself in its place",
    });
  }
  const read = tree.read(path);
  if ("reason" in read) {
    const finding = {
      code: "unreadable-file",
      message: `the file cannot be read: ${read.reason}`,
      hint: "check its permissions",
    } as const;
    return { ok: false, problems: [problemAt({ file: path, line: 1, column: 1 }, finding)] };
  }
  const decoded = decodeText(path, read.bytes);
  if ("problem" in decoded) return { ok: false, problems: [decoded.problem] };
  const mark = Buffer.from(read.bytes).subarray(0, 3).equals(byteOrderMark) ? "\ufeff" : "";
  const text = decoded.text.replace(/^\ufeff/, "");
  const parsed = parseDefinitionText(text);
  if (!parsed.ok) {
    const strict = parseDefinition(path, text);
    return strict.ok ? refuseSecret({ path, text }, parsed.error) : strict;
  }
  const value = parsed.value.document.toJS() as Record<string, unknown>;
  return { ok: true, file: { unit: unitOf(role), workspaceId, path, mark, text, value } };
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
