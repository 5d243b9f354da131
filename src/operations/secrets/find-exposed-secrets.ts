import { sortProblems } from "../../definitions/problem.ts";
import type { Problem } from "../../definitions/problem.ts";
import { OperationError } from "../../errors.ts";
import { formatHelmPath, isMapValue, parseHelmPath } from "../../model/helm-values.ts";
import type { ValueSpec } from "../../model/value-spec.ts";
import { checkRecipients } from "../../secrets/age-identity.ts";
import type { AgeIdentity } from "../../secrets/age-identity.ts";
import { parseDefinitionText } from "../../secrets/definition-text.ts";
import { readSecretValues } from "../../secrets/open-secrets.ts";
import { collect, holdsSecrets, listAllSecretFiles, listSecretFiles, secretProblem } from "./secret-file.ts";
import type { SecretDeps, SecretFile, SecretOutcome } from "./secret-file.ts";
import { listSealedFor } from "./secret-recipients.ts";
import { isSamePath, loadServiceTemplate } from "./secret-specs.ts";

/** What git remembers of sealed files, each version once. */
export interface SecretHistory {
  /** The path is one of those that the version had; what it held counts wherever it lay. */
  readonly versions: readonly { readonly path: string; readonly text: string }[];
  /** False in a shallow clone, which remembers only the last commits. */
  readonly isWhole: boolean;
}

/** Reading the past needs git, and undefined is where there is no repository. */
export interface ExposedSecretsDeps extends Pick<SecretDeps, "tree" | "identities"> {
  readonly history: () => Promise<SecretHistory | undefined>;
}

/** A secret whose value of today stands in a version that the key opens. */
export interface ExposedSecret {
  readonly unit: string;
  readonly key: string;
  /** True when the template says how a new one is made; else it is the password of something else. */
  readonly isGenerated: boolean;
  /** True when the app takes it only when it is set up: then it must be changed inside the app as well. */
  readonly isInApp: boolean;
}

export interface ExposedSecrets {
  readonly exposed: readonly ExposedSecret[];
  /** Files with versions that the key opens and none of those at hand does: what they held cannot be compared. */
  readonly closed: readonly string[];
  readonly history: "whole" | "shallow" | "none";
  /** Files as they stand that the key still opens. */
  readonly stillOpen: readonly string[];
}

/**
 * Which secrets somebody with this key may know and that are in use still: everything it opens, in the files as they
 * stand and in every version git remembers, is compared with the values of today. Changing recipients and data keys
 * changes nothing of it; changing the values does.
 * Errors: `usage` for what is no public key, `not-found`; problems carry the codes of the codec.
 */
export async function findExposedSecrets(
  deps: ExposedSecretsDeps,
  { recipient: given, workspaces }: { readonly recipient: string; readonly workspaces: readonly string[] },
): Promise<SecretOutcome<ExposedSecrets>> {
  const checked = checkRecipients([given]);
  if (!checked.ok) throw new OperationError("usage", checked.error.message, { hint: checked.error.hint });
  const recipient = checked.value[0] ?? given;
  const found =
    workspaces.length === 0
      ? listAllSecretFiles(deps.tree)
      : joinFiles(workspaces.map((workspaceId) => listSecretFiles(deps.tree, workspaceId)));
  if (!found.ok) return found;
  const files = found.files.filter(holdsSecrets);
  const identities = deps.identities();
  const today = readToday(files, identities);
  if (!today.ok) return today;

  const history = await deps.history();
  const now = files.map(({ path, text, value }) => ({ path, text, value }));
  const known = new Set<string>();
  const closed = new Set<string>();
  const past = history?.versions.map((version) => ({ ...version, value: parseVersion(version.text) })) ?? [];
  for (const { path, value } of [...now, ...past]) {
    // other tools seal other files for the same key
    if (value === undefined || !isMapValue(value["secret_values"])) continue;
    if (listSealedFor({ value })?.includes(recipient) !== true) continue;
    const opened = readSecretValues({
      secretValues: value["secret_values"],
      sops: value["sops"],
      identities,
    });
    if (!opened.ok) closed.add(path);
    else for (const secret of flatten(opened.values)) known.add(secret.text);
  }
  const exposed = today.secrets.filter(({ text }) => known.has(text));
  return {
    ok: true,
    exposed: exposed.map(({ file, steps }) => describe(deps, file, steps)),
    closed: [...closed].sort(),
    history: history === undefined ? "none" : history.isWhole ? "whole" : "shallow",
    stillOpen: files
      .filter((file) => listSealedFor(file)?.includes(recipient) === true)
      .map(({ path }) => path),
  };
}

interface Leaf {
  readonly steps: readonly string[];
  readonly text: string;
}

function readToday(
  files: readonly SecretFile[],
  identities: readonly AgeIdentity[],
): SecretOutcome<{ secrets: readonly (Leaf & { readonly file: SecretFile })[] }> {
  const problems: Problem[] = [];
  const secrets: (Leaf & { readonly file: SecretFile })[] = [];
  for (const file of files) {
    const { secret_values: secretValues, sops } = file.value;
    const opened = readSecretValues({ secretValues, sops, identities });
    if (!opened.ok) problems.push(secretProblem(file, opened.error));
    else secrets.push(...flatten(opened.values).map((leaf) => ({ ...leaf, file })));
  }
  return problems.length > 0 ? { ok: false, problems: sortProblems(problems) } : { ok: true, secrets };
}

function describe(
  { tree }: Pick<SecretDeps, "tree">,
  file: SecretFile,
  steps: readonly string[],
): ExposedSecret {
  const specs = loadServiceTemplate(tree, file)?.specs ?? [];
  const spec: ValueSpec | undefined = specs.find((candidate) => isSamePath(candidate.steps, steps));
  const key = spec?.key ?? formatHelmPath(steps);
  const isInApp = spec?.lifecycle === "create_only";
  return { unit: file.unit, key, isGenerated: spec?.generate !== undefined, isInApp };
}

/** An old version may be no YAML at all: then nothing could be opened in it. */
function parseVersion(text: string): Readonly<Record<string, unknown>> | undefined {
  // most versions of a large repository hold no secret, and parsing is what costs
  if (!text.includes("ENC[")) return undefined;
  const parsed = parseDefinitionText(text.replace(/^\ufeff/, ""));
  const value: unknown = parsed.ok ? parsed.value.document.toJS() : undefined;
  return isMapValue(value) ? value : undefined;
}

/** Every value that could be a secret; nobody is told the empty one. */
function flatten(map: unknown, head: readonly string[] = []): Leaf[] {
  if (!isMapValue(map)) return [];
  return Object.entries(map).flatMap(([key, item]) => {
    const steps = [...head, ...(parseHelmPath(key) ?? [key])];
    if (isMapValue(item)) return flatten(item, steps);
    const text = JSON.stringify(item);
    return text === '""' || text === "null" ? [] : [{ steps, text }];
  });
}

function joinFiles(
  outcomes: readonly SecretOutcome<{ files: readonly SecretFile[] }>[],
): SecretOutcome<{ files: readonly SecretFile[] }> {
  return collect(
    outcomes.flatMap((outcome): SecretOutcome<{ file: SecretFile }>[] =>
      outcome.ok ? outcome.files.map((file) => ({ ok: true, file })) : [outcome],
    ),
  );
}
