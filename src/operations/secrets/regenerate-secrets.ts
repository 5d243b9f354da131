import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import type { Template } from "../../model/template.ts";
import type { ValueSpec } from "../../model/value-spec.ts";
import { generatePassword } from "../../secrets/generate-password.ts";
import { sealSecrets } from "../../secrets/seal-secrets.ts";
import { editFile, findSecretFile, refuseSecret } from "./secret-file.ts";
import type { SecretDeps, SecretFile, SecretNote, SecretOutcome } from "./secret-file.ts";
import { readFileRecipients } from "./secret-recipients.ts";
import {
  isSamePath,
  listPasswordSpecs,
  listPlainKeys,
  listPresentSecrets,
  loadServiceTemplate,
} from "./secret-specs.ts";
import { checkLifecycle, notesOfPlain, removePlain } from "./set-secret.ts";

export interface RegenerateSecretsOptions {
  readonly unit: string;
  /** Helm paths; none means all that are missing. */
  readonly keys: readonly string[];
  /** Replace values whose change the app ignores or does not survive. */
  readonly force: boolean;
}

/** Which keys got a new value; the values themselves stand in the file only. */
export interface RegeneratedSecrets {
  readonly unit: string;
  readonly path: string;
  readonly generated: readonly string[];
  readonly notes: readonly SecretNote[];
}

/**
 * Makes passwords as the template's specs say. Without keys only missing ones are made; a value that is there is
 * replaced only when it is named. All are written, or none.
 * Errors: `not-found`, `usage`, `create-only`; problems carry the codes of the codec.
 */
export async function regenerateSecrets(
  deps: SecretDeps,
  { unit, keys, force }: RegenerateSecretsOptions,
): Promise<SecretOutcome<RegeneratedSecrets>> {
  const found = findSecretFile(deps.tree, unit);
  if (!found.ok) return found;
  const { file } = found;
  const template = loadServiceTemplate(deps.tree, file);
  if (template === undefined) throw unknownTemplate(file);
  const notes: SecretNote[] = [];
  const specs = keys.length > 0 ? namedSpecs(template, keys) : missingSpecs(template, file, notes);
  if (!force) for (const spec of specs) checkLifecycle({ file, spec, steps: spec.steps });
  if (specs.length === 0) return { ok: true, unit, path: file.path, generated: [], notes };
  const recipients = readFileRecipients(deps.tree, file);
  if (!recipients.ok) return recipients;

  const plainKeys = specs.flatMap((spec) => listPlainKeys(file, spec.steps));
  const values = specs.flatMap((spec) =>
    spec.generate === undefined
      ? []
      : [[spec.key, generatePassword(spec.generate, deps.tools.randomBytes)] as const],
  );
  const sealed = await sealSecrets({
    text: removePlain(file, plainKeys),
    set: Object.fromEntries(values),
    bind: unit,
    recipients: recipients.recipients,
    identities: deps.identities(),
    tools: deps.tools,
  });
  if (!sealed.ok) return refuseSecret(file, sealed.error);
  deps.writer.replace([editFile(file, sealed.text)]);
  for (const spec of specs) {
    const own = listPlainKeys(file, spec.steps);
    notes.push(...notesOfPlain({ file, steps: spec.steps, plainKeys: own }));
  }
  return { ok: true, unit, path: file.path, generated: specs.map(({ key }) => key), notes };
}

function namedSpecs(template: Template, keys: readonly string[]): ValueSpec[] {
  const passwords = listPasswordSpecs(template);
  return [...new Set(keys)].map((key) => {
    const spec = passwords.find((candidate) => candidate.key === key);
    if (spec === undefined) {
      throw new OperationError("not-found", `the template ${template.id} has no password ${key}`, {
        subject: key,
        hint:
          suggestHint(
            key,
            passwords.map((candidate) => candidate.key),
          ) ?? "woow secrets set takes any Helm path, with a value of your own",
      });
    }
    if (spec.generate !== undefined) return spec;
    throw new OperationError(
      "usage",
      `the template ${template.id} does not say how to make ${key}: it is a password of something else`,
      { subject: key, hint: `woow secrets set UNIT ${key} takes the one you have` },
    );
  });
}

function missingSpecs(template: Template, file: SecretFile, notes: SecretNote[]): ValueSpec[] {
  const present = listPresentSecrets(file);
  const missing = listPasswordSpecs(template).filter(
    ({ steps }) => !present.some((other) => isSamePath(other.steps, steps)),
  );
  const specs: ValueSpec[] = [];
  for (const spec of missing) {
    const [plain] = listPlainKeys(file, spec.steps);
    if (plain !== undefined) {
      notes.push({
        code: "plain-text-password",
        message: `${plain} stands in plain text in helm_values and is left alone`,
        hint: `woow secrets set ${file.unit} ${spec.key} encrypts it; woow secrets regenerate ${file.unit} ${spec.key} replaces it`,
      });
    } else if (spec.generate !== undefined) specs.push(spec);
    else if (spec.required) {
      notes.push({
        code: "missing-value",
        message: `${spec.key} is required and cannot be made here: it is a password of something else`,
        hint: `woow secrets set ${file.unit} ${spec.key}`,
      });
    }
  }
  return specs;
}

function unknownTemplate({ path, value }: SecretFile): OperationError {
  return new OperationError(
    "not-found",
    `${path}: there is no usable template ${String(value["template_id"])} in catalog/, which says what a password looks like`,
    { subject: path, hint: "woow validate says what is wrong with it" },
  );
}
