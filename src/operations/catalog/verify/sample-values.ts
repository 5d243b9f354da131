import { createHash } from "node:crypto";
import type { Json } from "../../../definitions/convert.ts";
import { isMapValue } from "../../../model/helm-values.ts";
import type { ValueSpec } from "../../../model/value-spec.ts";

/** What verify needs of a spec, in the file's form or the model's. */
interface Sampled {
  readonly type: ValueSpec["type"];
  readonly placeholder?: string | undefined;
  readonly options?: readonly string[] | undefined;
}

/** A value of the spec's type: its placeholder or first option where it has one, else made up. */
export function sampleText({ type, placeholder, options }: Sampled): string | number | boolean {
  switch (type) {
    case "text":
    case "password":
      return placeholder ?? "made-up";
    case "number": {
      const number = Number(placeholder ?? "1");
      return Number.isFinite(number) ? number : 1;
    }
    case "boolean":
      return true;
    case "select":
      return options?.[0] ?? "made-up";
  }
}

const defaultPasswordLength = 24;

/**
 * A made-up password that fits every alphabet and is found again in a rendering: a hash of the key, so that every
 * run renders the same.
 */
export function samplePassword({ key, generate }: Pick<ValueSpec, "key" | "generate">, salt = ""): string {
  const length = generate?.length ?? defaultPasswordLength;
  // begins with a letter: an all-digit text could be taken for a number
  let text = "a";
  for (let round = 0; text.length < length; round += 1)
    text += createHash("sha256").update(`made-up ${key} ${salt} ${round}`).digest("hex");
  return text.slice(0, length);
}

/** Values to try in turn to see whether a spec's value shows in the rendering; `present` is what stands there now. */
export function changedSpecValues(spec: ValueSpec, present: Json | undefined): Json[] {
  if (spec.type === "password") return [samplePassword(spec, "changed")];
  if (spec.type === "select") return (spec.options ?? []).filter((option) => option !== present);
  if (present === undefined) {
    const sample = sampleText(spec);
    return spec.type === "boolean" ? [true, false] : [sample, ...changedValues(sample)];
  }
  return changedValues(present);
}

/** Other values of the same type; none for null and for what is empty. */
export function changedValues(value: Json): Json[] {
  switch (typeof value) {
    case "string":
      return [changedText(value)];
    case "number":
      return [value + 1];
    case "boolean":
      return [!value];
    default:
      if (Array.isArray(value) && value.length > 0) return [[]];
      if (isMapValue(value) && Object.keys(value).length > 0) return [{}];
      return [];
  }
}

function changedText(text: string): string {
  if (text === "true") return "false";
  if (text === "false") return "true";
  const amount = /^([0-9]+)([kKMGTm]?i?[bB]?)$/.exec(text);
  if (amount !== null) return `${Number(amount[1]) + 1}${amount[2]}`;
  if (/^https?:\/\//.test(text)) return `${text.replace(/\/$/, "")}/changed`;
  return `${text.trimEnd()}x`;
}
