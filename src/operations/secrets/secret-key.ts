import type { Json } from "../../definitions/convert.ts";
import { suggestWord } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { formatHelmPath, parseHelmPath, setValue } from "../../model/helm-values.ts";
import { findIsolationFaults, findUnsafeText, isIsolationPath } from "../../model/isolation-values.ts";
import { namespaceName } from "../../model/names.ts";
import type { Template } from "../../model/template.ts";
import { bindKey } from "../../secrets/open-secrets.ts";
import type { SecretFile, SecretNote } from "./secret-file.ts";
import { isHead, isOverlap, isSamePath, listPasswordSpecs, listPresentSecrets } from "./secret-specs.ts";

/**
 * The steps of a key that may hold a secret of this service. Errors: `usage` for what is no Helm path, decides
 * isolation or the service's size, or leads through a value that is there.
 */
export function checkSecretKey(
  key: string,
  { file, template }: { readonly file: SecretFile; readonly template: Template | undefined },
): readonly string[] {
  const steps = key === bindKey ? undefined : parseHelmPath(key);
  if (steps === undefined || key.includes("{{")) {
    throw refuseKey(key, "is not a usable Helm path", "give map keys joined by dots, such as auth.password");
  }
  if (isIsolationPath(steps)) {
    throw refuseKey(
      key,
      "is something isolation depends on, so it cannot be hidden in a secret",
      "leave it out",
    );
  }
  const sized = [...(template?.containerKeys ?? []), ...(template?.storageKeys ?? [])];
  if (sized.some((other) => isHead(other.steps, steps) || isHead(steps, other.steps))) {
    throw refuseKey(key, "would bypass the service's resources", `write resources: into ${file.path}`);
  }
  const other = listPresentSecrets(file).find((present) => isOverlap(present.steps, steps));
  if (other !== undefined) {
    throw refuseKey(
      key,
      `overlaps with the secret ${formatHelmPath(other.steps)}`,
      "one of the two can hold a value, not both",
    );
  }
  return steps;
}

/** Warns of a key that looks like a password of the template, mistyped. Any other Helm path is the user's own business. */
export function noteUnknownKey(
  key: string,
  { steps, template }: { readonly steps: readonly string[]; readonly template: Template | undefined },
): SecretNote | undefined {
  if (template === undefined) {
    return {
      code: "unknown-template",
      message: `the service's template cannot be read, so ${key} is not compared with it`,
      hint: "woow validate says what is wrong with it",
    };
  }
  if (template.specs.some((spec) => isSamePath(spec.steps, steps))) return undefined;
  const near = suggestWord(
    key,
    listPasswordSpecs(template).map((spec) => spec.key),
  );
  return near === undefined
    ? undefined
    : {
        code: "unknown-key",
        message: `the template ${template.id} knows no value ${key}`,
        hint: `did you mean ${near}?`,
      };
}

/** Refuses a value that would be refused when manifests are made. Errors: `usage`, without the value. */
export function checkSecretValue(
  value: string,
  at: {
    readonly file: SecretFile;
    readonly key: string;
    readonly steps: readonly string[];
    /** True when the template lets this value have several lines. */
    readonly multiline: boolean;
  },
): void {
  const { file, key, steps } = at;
  const nested: { [key: string]: Json } = {};
  setValue(nested, steps, value);
  const [fault] = [
    ...findUnsafeText(nested, () => at.multiline),
    ...findIsolationFaults(nested, namespaceName(file.workspaceId)),
  ];
  if (fault === undefined) return;
  throw new OperationError("usage", fault.message, { subject: key, hint: fault.hint });
}

function refuseKey(key: string, detail: string, hint: string): OperationError {
  return new OperationError("usage", `${key} ${detail}`, { subject: key, hint });
}
