import { removeDefinitionValue } from "../../definitions/edit-definition.ts";
import { OperationError } from "../../errors.ts";
import { getValue, isMapValue } from "../../model/helm-values.ts";
import type { ValueSpec } from "../../model/value-spec.ts";
import { sealSecrets } from "../../secrets/seal-secrets.ts";
import { editFile, findSecretFile, refuseSecret } from "./secret-file.ts";
import type { SecretDeps, SecretFile, SecretNote, SecretOutcome } from "./secret-file.ts";
import { checkSecretKey, checkSecretValue, noteUnknownKey } from "./secret-key.ts";
import { readFileRecipients } from "./secret-recipients.ts";
import { isSamePath, listPlainKeys, listPresentSecrets, loadServiceTemplate } from "./secret-specs.ts";

/** Setting asks for the value only once it is clear that it may be set. */
export interface SetSecretDeps extends SecretDeps {
  readonly readValue: () => Promise<string>;
  /** Called as soon as there is something to say, so that a typo is seen before a password is typed. */
  readonly note: (note: SecretNote) => void;
}

export interface SetSecretOptions {
  readonly unit: string;
  /** A Helm path. */
  readonly key: string;
  /** Replace a value whose change the app ignores or does not survive. */
  readonly force: boolean;
  readonly allowEmpty: boolean;
}

/** The file that was written, or stayed because it says this already. */
export interface ChangedSecrets {
  readonly unit: string;
  readonly path: string;
  readonly isChanged: boolean;
}

/**
 * Encrypts one value into a service's file. A value in plain text under the same key in helm_values is taken out.
 * Errors: `not-found`, `usage`, `create-only`; problems carry the codes of the codec.
 */
export async function setSecret(
  deps: SetSecretDeps,
  options: SetSecretOptions,
): Promise<SecretOutcome<ChangedSecrets>> {
  const { unit, key, allowEmpty } = options;
  const found = findSecretFile(deps.tree, unit);
  if (!found.ok) return found;
  const { file } = found;
  const template = loadServiceTemplate(deps.tree, file);
  const steps = checkSecretKey(key, { file, template });
  const spec = template?.specs.find((candidate) => isSamePath(candidate.steps, steps));
  const unknown = noteUnknownKey(key, { steps, template });
  if (unknown !== undefined) deps.note(unknown);
  const plainKeys = listPlainKeys(file, steps);
  if (!options.force) checkLifecycle({ file, spec, steps });
  const recipients = readFileRecipients(deps.tree, file);
  if (!recipients.ok) return recipients;
  const cleared = removePlain(file, plainKeys);

  const value = await deps.readValue();
  if (value === "" && !allowEmpty) {
    throw new OperationError("usage", "the value is empty", {
      subject: key,
      hint: "nothing was written; give --allow-empty if an empty secret is meant",
    });
  }
  checkSecretValue(value, { file, key, steps, multiline: spec?.multiline ?? false });
  const sealed = await sealSecrets({
    text: cleared,
    set: { [key]: value },
    bind: unit,
    recipients: recipients.recipients,
    identities: deps.identities(),
    tools: deps.tools,
  });
  if (!sealed.ok) return refuseSecret(file, sealed.error);
  const isChanged = sealed.text !== file.text;
  if (isChanged) deps.writer.replace([editFile(file, sealed.text)]);
  for (const note of notesOfPlain({ file, steps, plainKeys })) deps.note(note);
  return { ok: true, unit, path: file.path, isChanged };
}

/**
 * Refuses to change a value that the app reads only once. One in plain text is no such value: it is an error, so it was
 * never deployed. Errors: `create-only`.
 */
export function checkLifecycle({
  file,
  spec,
  steps,
}: {
  readonly file: SecretFile;
  readonly spec: ValueSpec | undefined;
  readonly steps: readonly string[];
}): void {
  const hasValue = listPresentSecrets(file).some(
    (present) => present.isSealed && isSamePath(present.steps, steps),
  );
  if (spec?.lifecycle !== "create_only" || !hasValue) return;
  const why = spec.helpText === undefined ? "" : ` (${spec.helpText})`;
  throw new OperationError(
    "create-only",
    `${spec.key} of ${file.unit} has a value, and the app takes it only when it is set up: a new one would be ignored or lock you out${why}`,
    {
      subject: file.unit,
      hint: "change the password inside the app, then give --force to write the same one here",
    },
  );
}

/** The text without values in plain text for the same path. Errors: `usage` where they cannot be taken out. */
export function removePlain(file: SecretFile, plainKeys: readonly string[]): string {
  const map = file.value["helm_values"];
  const isWhole = isMapValue(map) && Object.keys(map).length === plainKeys.length && plainKeys.length > 0;
  // An empty map would be left, which is no map to the schema.
  const paths: [string, ...string[]][] = isWhole
    ? [["helm_values"]]
    : plainKeys.map((key) => ["helm_values", key]);
  return paths.reduce((text, path) => {
    const edited = removeDefinitionValue(text, { path });
    if (edited.ok) return edited.text;
    throw new OperationError("usage", `${file.path}: ${path.join(".")} cannot be taken out`, {
      subject: file.path,
      hint: `${edited.reason}; remove it by hand and run again`,
    });
  }, file.text);
}

/** What to tell about a password that stood, or still stands, in plain text. */
export function notesOfPlain(at: {
  readonly file: SecretFile;
  readonly steps: readonly string[];
  readonly plainKeys: readonly string[];
}): SecretNote[] {
  const { file, steps, plainKeys } = at;
  const notes: SecretNote[] = plainKeys.map((key) => ({
    code: "moved-from-plain-text",
    message: `${key} stood in plain text in helm_values; it was taken out`,
    hint: "git remembers it: if that was ever committed, change the password in the app too",
  }));
  const raw = file.value["raw_values"];
  if (isMapValue(raw) && getValue(raw, steps) !== undefined) {
    notes.push({
      code: "plain-text-password",
      message: `raw_values of ${file.path} sets ${steps.join(".")} too, in plain text`,
      hint: "remove it there; if it was ever committed, change the password too",
    });
  }
  return notes;
}
