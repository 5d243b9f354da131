import { isEncryptedText } from "../definitions/encrypted-text.ts";
import type { ServiceFile } from "../definitions/definition.ts";
import { formatHelmPath, isMapValue, parseHelmPath } from "./helm-values.ts";
import { isIsolationPath } from "./isolation-values.ts";
import { serviceUnit } from "./names.ts";
import { PathIndex } from "./path-index.ts";
import type { ProblemList } from "./problem-list.ts";
import type { EncryptedSecrets } from "./service.ts";
import type { Template } from "./template.ts";

/** Checks the encrypted block as far as that needs no key. */
export function resolveSecrets(
  file: ServiceFile,
  template: Template,
  list: ProblemList,
): EncryptedSecrets | undefined {
  const { value, source } = file;
  const unit = serviceUnit(file.workspaceId, file.id);
  const block = value.secret_values;
  if (block === undefined || Object.keys(block).length === 0) {
    if (value.sops !== undefined) {
      list.add(source, ["sops"], {
        code: "secrets-not-usable",
        target: "key",
        message: "there is a sops block but no secret_values",
        hint: "remove the sops block, or bring secret_values back from git",
      });
    }
    return undefined;
  }
  const leaves: { path: readonly string[]; steps: readonly string[] }[] = [];
  let usable = true;
  const visit = (map: object, path: readonly string[], steps: readonly string[]): void => {
    for (const [key, item] of Object.entries(map)) {
      const here = [...path, key];
      if (path.length === 0 && key === "_bind") continue;
      const parsed = parseHelmPath(key);
      const at = ["secret_values", ...here];
      if (parsed === undefined) {
        usable = false;
        list.add(source, at, {
          code: "bad-helm-path",
          target: "key",
          message: `${key} is not a usable Helm path`,
          hint: "map keys joined by dots",
        });
      } else if (isMapValue(item)) visit(item, here, [...steps, ...parsed]);
      // SOPS leaves an empty text as it is
      else if (item === "" || isEncryptedText(item))
        leaves.push({ path: here, steps: [...steps, ...parsed] });
      else {
        usable = false;
        list.add(source, at, {
          code: "plain-text-password",
          message: `${[...steps, ...parsed].join(".")} stands in secret_values but is not encrypted`,
          hint: `woow secrets set ${unit} ${formatHelmPath([...steps, ...parsed])}; if this was ever committed, change the password`,
        });
      }
    }
  };
  visit(block, [], []);
  const sizes = indexPaths([...template.containerKeys, ...template.storageKeys].map((key) => key.steps));
  const plain = indexPaths(Object.keys(value.helm_values ?? {}).flatMap((key) => [parseHelmPath(key) ?? []]));
  const seen = new PathIndex();
  for (const { path, steps } of leaves) {
    const at = ["secret_values", ...path];
    if (seen.overlaps(steps)) {
      usable = false;
      list.add(source, at, {
        code: "conflicting-values",
        target: "key",
        message: `${steps.join(".")} overlaps with another secret value`,
        hint: "one value, one key",
      });
    }
    seen.add(steps);
    if (isIsolationPath(steps)) {
      usable = false;
      list.add(source, at, {
        code: "isolation-value",
        target: "key",
        message: `${steps.join(".")} is something isolation depends on, so it cannot be hidden in a secret`,
        hint: "remove it",
      });
    }
    if (sizes.overlaps(steps)) {
      usable = false;
      list.add(source, at, {
        code: "conflicting-values",
        target: "key",
        message: `${steps.join(".")} would bypass the service's resources`,
        hint: "write resources: ... instead",
      });
    }
    if (plain.overlaps(steps)) {
      list.add(source, at, {
        code: "conflicting-values",
        target: "key",
        message: `${steps.join(".")} stands in secret_values and elsewhere in this file`,
        hint: "keep the encrypted one",
      });
    }
  }
  if (value.sops === undefined) {
    list.add(source, ["secret_values"], {
      code: "secrets-not-usable",
      target: "key",
      message: "secret_values has no sops block beside it, so it cannot be decrypted",
      hint: `bring it back from git, or set the secrets again: woow secrets set ${unit} KEY`,
    });
    return undefined;
  }
  if (!usable) return undefined;
  return { values: block, sops: value.sops, paths: leaves.map(({ steps }) => formatHelmPath(steps)).sort() };
}

function indexPaths(paths: readonly (readonly string[])[]): PathIndex {
  const index = new PathIndex();
  for (const path of paths) index.add(path);
  return index;
}
