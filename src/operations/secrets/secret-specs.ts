import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import { readDefinitions } from "../../definitions/read-definitions.ts";
import { isMapValue, parseHelmPath } from "../../model/helm-values.ts";
import { ProblemList } from "../../model/problem-list.ts";
import { resolveTemplate } from "../../model/template.ts";
import type { Template } from "../../model/template.ts";
import type { ValueSpec } from "../../model/value-spec.ts";
import { bindKey } from "../../secrets/open-secrets.ts";
import { isEncryptedText } from "../../secrets/sops-value.ts";
import type { SecretFile } from "./secret-file.ts";

/**
 * The template a service names, or undefined when it is missing or has problems of its own. Only its file is read, so
 * that one secret in a large repository is set at once.
 */
export function loadServiceTemplate(tree: DefinitionTree, { value }: SecretFile): Template | undefined {
  const path = `catalog/${String(value["template_id"])}.yaml`;
  const { definitions } = readDefinitions({
    entries: tree.entries.filter((entry) => entry.path === path),
    unreadableFolders: [],
    read: (wanted) => tree.read(wanted),
  });
  const [definition] = definitions.templates.values();
  return definition && resolveTemplate(definition, new Map(), new ProblemList());
}

/** The specs of type password, required ones first. */
export function listPasswordSpecs(template: Template): readonly ValueSpec[] {
  return template.specs.filter(({ type }) => type === "password");
}

/** A value below `secret_values`. */
export interface PresentSecret {
  readonly steps: readonly string[];
  /** False for text that somebody typed there; it was never deployed, because it is an error. */
  readonly isSealed: boolean;
}

/** Every value below `secret_values` but the hidden one. */
export function listPresentSecrets({ value }: SecretFile): readonly PresentSecret[] {
  const found: PresentSecret[] = [];
  const visit = (map: unknown, head: readonly string[]): void => {
    if (!isMapValue(map)) return;
    for (const [key, item] of Object.entries(map)) {
      if (head.length === 0 && key === bindKey) continue;
      const steps = [...head, ...(parseHelmPath(key) ?? [key])];
      if (isMapValue(item)) visit(item, steps);
      else found.push({ steps, isSealed: typeof item !== "string" || isEncryptedText(item) });
    }
  };
  visit(value["secret_values"], []);
  return found;
}

/** The keys of helm_values that mean this path: where a password stood in plain text. */
export function listPlainKeys({ value }: SecretFile, steps: readonly string[]): readonly string[] {
  const plain = value["helm_values"];
  if (!isMapValue(plain)) return [];
  return Object.keys(plain).filter((key) => isSamePath(parseHelmPath(key) ?? [], steps));
}

/** True when both paths are the same. */
export function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && isHead(a, b);
}

/** True when one path leads through the other, so that both cannot hold a value. */
export function isOverlap(a: readonly string[], b: readonly string[]): boolean {
  return a.length !== b.length && (isHead(a, b) || isHead(b, a));
}

/** True when a path begins with the steps of `head`, or is it. */
export function isHead(head: readonly string[], path: readonly string[]): boolean {
  return head.every((step, index) => step === path[index]);
}
