import { removeDefinitionValue } from "../../../definitions/edit-definition.ts";
import { setDefinitionEntry } from "../../../definitions/restore-definition.ts";
import { isMapValue, parseHelmPath } from "../../../model/helm-values.ts";
import { parseQuantity } from "../../../model/quantity.ts";
import type { Template } from "../../../model/template.ts";
import { isSamePath } from "../../secrets/secret-specs.ts";
import { readDefinitionValue } from "./read-definition.ts";

export interface KeptValues {
  readonly text: string;
  readonly notes: readonly string[];
}

/**
 * Puts back what must stay as it is today: values that an app reads only when it is set up, and sizes of volumes, which
 * can only grow.
 */
export function keepLifecycle(
  text: string,
  { today, template }: { readonly today: string; readonly template: Template },
): KeptValues {
  const now = valuesOf(today);
  const values = new Map(Object.entries(valuesOf(text)));
  const notes: string[] = [];
  for (const spec of template.specs) {
    if (spec.lifecycle === "any" || spec.type === "password") continue;
    const find = (map: Iterable<readonly [string, unknown]>) =>
      [...map].find(([key]) => isSamePath(parseHelmPath(key) ?? [key], spec.steps));
    const kept = find(Object.entries(now));
    const old = find(values);
    if (JSON.stringify(kept?.[1]) === JSON.stringify(old?.[1])) continue;
    if (spec.lifecycle === "expand_only" && !isSmaller(old?.[1] ?? spec.defaultValue, kept?.[1])) continue;
    if (old !== undefined) values.delete(old[0]);
    if (kept !== undefined) values.set(kept[0], kept[1]);
    notes.push(
      spec.lifecycle === "create_only"
        ? `${spec.key} is read only when the app is set up, so it stays as it is today`
        : `${spec.key} can only grow, so it stays as it is today`,
    );
  }
  const sized = keepStorage(setValues(text, Object.fromEntries(values)), { today, template });
  return { text: sized.text, notes: [...notes, ...sized.notes] };
}

function keepStorage(
  text: string,
  { today, template }: { readonly today: string; readonly template: Template },
): KeptValues {
  const [now, old] = [today, text].map((one) => {
    const resources = readDefinitionValue(one)["resources"];
    const size = isMapValue(resources) ? resources["storage_gb"] : undefined;
    return typeof size === "number" ? size : undefined;
  });
  if (now === undefined || (old ?? template.minResources.storageGb) >= now) return { text, notes: [] };
  const resources = readDefinitionValue(text)["resources"];
  const value = { ...(isMapValue(resources) ? resources : {}), storage_gb: now };
  const edited = setDefinitionEntry(text, { key: "resources", value });
  return edited.ok
    ? { text: edited.text, notes: [`storage_gb stays ${now}: volumes can only grow`] }
    : { text, notes: [] };
}

function setValues(text: string, values: Readonly<Record<string, unknown>>): string {
  const before = valuesOf(text);
  if (JSON.stringify(sorted(before)) === JSON.stringify(sorted(values))) return text;
  const edited =
    Object.keys(values).length === 0
      ? removeDefinitionValue(text, { path: ["helm_values"] })
      : setDefinitionEntry(text, { key: "helm_values", value: values });
  return edited.ok ? edited.text : text;
}

function sorted(values: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] {
  return Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
}

function valuesOf(text: string): Readonly<Record<string, unknown>> {
  const values = readDefinitionValue(text)["helm_values"];
  return isMapValue(values) ? values : {};
}

/** What cannot be compared counts as smaller: then today's stays, which is always safe. */
function isSmaller(old: unknown, now: unknown): boolean {
  if (now === undefined) return false;
  const [a, b] = [old, now].map(parseQuantity);
  return a === undefined || b === undefined || a < b;
}
