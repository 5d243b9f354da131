import { createHmac } from "node:crypto";
import type { Json } from "../../../definitions/convert.ts";
import { isMapValue, parseHelmPath, startsWith } from "../../../model/helm-values.ts";
import type { HelmValues } from "../../../model/helm-values.ts";
import { maskValue } from "../../../plan/compare/mask.ts";

/**
 * Keeps secrets out of what charts render. Declared secrets are replaced before helm sees them, by texts of the same
 * length and kind of characters: so neither what a chart makes of them (base64, a checksum, a line in a file) nor
 * helm's error messages can hold any. Equal secrets get equal stand-ins.
 */
export interface StandIns {
  /** The values with a stand-in for all that stands at or below the dotted Helm paths. */
  replace(values: HelmValues, keys: readonly string[]): HelmValues;
  /** True once anything was replaced. */
  readonly isUsed: () => boolean;
  /** A text that nobody declared secret and that is better hidden; helm does see it. */
  hide(text: string): void;
  /** A text for people: stand-ins, hidden texts and digests become `(secret ...)`, as elsewhere in the plan. */
  mask(text: string): string;
  /** The same for a value that is hidden whole. */
  label(value: unknown): string;
}

/** A shorter text stands in too many others by chance; it is hidden only where it is all there is. */
const shortestPart = 4;
/** What two secrets of few characters may need until their stand-ins differ. */
const maxTries = 32;
/** A digest may be that of a secret, for guesses to be tried against; that of an image is none. */
const digest = /(?<!sha256:|[0-9A-Za-z+/=])[0-9a-f]{32,}(?![0-9A-Za-z+/=])/g;

export function createStandIns(salt: string): StandIns {
  /** Secret -> stand-in, and what people see for it. */
  const standIns = new Map<string, string>();
  const labels = new Map<string, string>();
  let pattern: RegExp | undefined;
  const addLabel = (text: string, label: string) => {
    labels.set(text, label);
    labels.set(Buffer.from(text, "utf8").toString("base64"), label);
    pattern = undefined;
  };
  const standInFor = (secret: string): string => {
    const known = standIns.get(secret);
    if (known !== undefined) return known;
    const taken = new Set(standIns.values());
    let made = "";
    for (let attempt = 0; attempt < maxTries; attempt += 1) {
      made = scramble(secret, `${salt}/${attempt}`);
      if (made !== secret && !taken.has(made)) break;
      made = `${made}${attempt}`;
    }
    standIns.set(secret, made);
    addLabel(made, maskValue(secret, salt));
    // it may stand in the open as well, and some charts only render with the secrets themselves
    hide(secret);
    return made;
  };
  const replaceLeaves = (value: Json): Json => {
    if (typeof value === "string") return value === "" ? value : standInFor(value);
    if (typeof value === "number") return toNumber(standInFor(String(value)));
    if (Array.isArray(value)) return value.map(replaceLeaves);
    if (!isMapValue(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replaceLeaves(inner)]));
  };
  const hide = (text: string) => {
    if (text !== "" && !labels.has(text)) addLabel(text, maskValue(text, salt));
  };
  const makePattern = (): RegExp => {
    const parts = [...labels.keys()]
      .filter((text) => text.length >= shortestPart)
      .sort((a, b) => b.length - a.length);
    const escaped = parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
    return parts.length === 0 ? /(?!)/g : new RegExp(escaped.join("|"), "g");
  };
  return {
    replace: (values, keys) =>
      topmost(keys).reduce<HelmValues>(
        (result, steps) => replaceAt(result, { steps, replaceLeaves }),
        values,
      ),
    isUsed: () => standIns.size > 0,
    hide,
    mask: (text) => {
      const whole = labels.get(text);
      if (whole !== undefined) return whole;
      pattern ??= makePattern();
      const masked = text.replaceAll(pattern, (part) => labels.get(part) ?? part);
      return masked.replaceAll(digest, (part) => maskValue(part, salt));
    },
    label: (value) => (typeof value === "string" ? labels.get(value) : undefined) ?? maskValue(value, salt),
  };
}

/** A stand-in must not get a stand-in of its own, so what stands below another key is left out. */
function topmost(keys: readonly string[]): (readonly string[])[] {
  const paths = [...new Set(keys)].map((key) => parseHelmPath(key) ?? [key]);
  return paths.filter(
    (steps) => !paths.some((other) => other.length < steps.length && startsWith(steps, other)),
  );
}

function toNumber(text: string): number {
  const value = Number(text);
  return Number.isFinite(value) ? value : 1;
}

function replaceAt(
  values: HelmValues,
  {
    steps,
    replaceLeaves,
  }: { readonly steps: readonly string[]; readonly replaceLeaves: (value: Json) => Json },
): HelmValues {
  const [step, ...rest] = steps;
  if (step === undefined || !Object.hasOwn(values, step)) return values;
  const present = values[step] ?? null;
  // a text on the way to a secret is not what was declared, and may be anything
  const isReached = rest.length === 0 || !isMapValue(present);
  const next = isReached ? replaceLeaves(present) : replaceAt(present, { steps: rest, replaceLeaves });
  return { ...values, [step]: next as Json };
}

/** Characters that give a text its form: base64, PEM, JSON, addresses. */
const formCharacters = /[\s+/=\-_.:@{}[\]",]/;

/** Letters become other letters, digits other digits; the frame of a PEM block stays. */
function scramble(text: string, key: string): string {
  const stream = randomBytesOf(key, text);
  return text
    .split("\n")
    .map((line) =>
      /^-----(BEGIN|END) /.test(line) ? line : Array.from(line, (one) => swap(one, stream)).join(""),
    )
    .join("\n");
}

function swap(character: string, next: () => number): string {
  const pick = (from: string) => from[next() % from.length] ?? "";
  if (/[0-9]/.test(character)) return pick("123456789");
  if (/[A-Z]/.test(character)) return pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  if (/[a-z]/.test(character)) return pick("abcdefghijklmnopqrstuvwxyz");
  return formCharacters.test(character) ? character : "_";
}

/** The same bytes for the same text and key, and unlike any other's. */
function randomBytesOf(key: string, text: string): () => number {
  let block = Buffer.alloc(0);
  let [position, count] = [0, 0];
  return () => {
    if (position === block.length) {
      block = createHmac("sha256", key).update(`${count}/${text}`).digest();
      [position, count] = [0, count + 1];
    }
    return block[position++] ?? 0;
  };
}
