import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { formatHelmPath, parseHelmPath, startsWith } from "../../model/helm-values.ts";
import type { FieldChange } from "../change.ts";
import type { Difference } from "./comparison.ts";
import { diffValues, parseValues } from "./diff-values.ts";
import { maskValue, soundsSecret } from "./mask.ts";
import { isBelow } from "./resolve-conflicts.ts";

/** What must not be shown of a unit's objects. */
export interface MaskRules {
  readonly salt: string;
  /** Dotted Helm paths whose values are secret today. */
  readonly secretKeys: readonly string[];
  /** Those that ever were; undefined when nobody knows, and then no text that was there before is shown. */
  readonly formerSecretKeys: readonly string[] | undefined;
}

interface Shown {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly hidesBefore: boolean;
  readonly hidesAfter: boolean;
}

/** Differences as plan shows them: YAML embedded in a field is opened, and secrets are replaced by stand-ins. */
export function describeDifferences(
  differences: readonly Difference[],
  { kind, mask }: { readonly kind: string; readonly mask: MaskRules },
): FieldChange[] {
  return differences.flatMap((difference) => {
    const [holder] = difference.holders;
    const changedBy = holder === undefined ? undefined : { manager: holder.manager, at: holder.at };
    return openField(difference, { kind, mask }).map(({ path, before, after, hidesBefore, hidesAfter }) => ({
      path,
      before: showValue(before, hidesBefore ? mask.salt : undefined),
      after: showValue(after, hidesAfter ? mask.salt : undefined),
      masked: (hidesBefore && before !== undefined) || (hidesAfter && after !== undefined),
      changedBy,
    }));
  });
}

function openField(
  difference: Difference,
  { kind, mask }: { readonly kind: string; readonly mask: MaskRules },
): Shown[] {
  const { place, desired, live } = difference;
  const { text: path } = place;
  const plain = { path, before: live, after: desired, hidesBefore: false, hidesAfter: false };
  const hidden = { ...plain, hidesBefore: true, hidesAfter: true };
  if (kind === "Secret") {
    if (path === "data.values.yaml")
      return openValues(difference, { mask, decode: decodeBase64, isSecret: true });
    return [isBelow(path, "data") || isBelow(path, "metadata.annotations") ? hidden : plain];
  }
  if (kind !== "HelmChart" && kind !== "HelmChartConfig") return [plain];
  if (path === "spec.valuesContent") {
    return openValues(difference, { mask, decode: (text) => text, isSecret: false });
  }
  if (path === "spec.chartContent") {
    return [{ ...plain, before: describeContent(live), after: describeContent(desired) }];
  }
  // values by other ways than ours: who knows what somebody put there
  return [isBelow(path, "spec.set") || isBelow(path, "spec.values") ? hidden : plain];
}

/** Chart values key by key. What cannot be read is hidden whole. */
function openValues(
  { place, desired, live, owned }: Difference,
  {
    mask,
    decode,
    isSecret,
  }: { readonly mask: MaskRules; readonly decode: (text: string) => string; readonly isSecret: boolean },
): Shown[] {
  const read = (value: unknown) => (typeof value === "string" ? parseValues(decode(value)) : undefined);
  const [before, after] = [read(live), read(desired)];
  const isReadable =
    (before !== undefined || live === undefined) && (after !== undefined || desired === undefined);
  if (!isReadable)
    return [{ path: place.text, before: live, after: desired, hidesBefore: true, hidesAfter: true }];
  const former = mask.formerSecretKeys;
  return diffValues(before, after).map(({ path: steps, before: old, after: next }) => {
    const path = formatHelmPath(steps);
    const isAmong = (keys: readonly string[]) => keys.some((key) => overlaps(steps, key));
    const isHidden = soundsSecret(path) || isAmong(mask.secretKeys);
    // what somebody else wrote there, or what a file said before, nobody has looked at
    const isDoubtful = !owned || (isSecret && former === undefined);
    return {
      path: `${place.text}:${path}`,
      before: old,
      after: next,
      hidesBefore: isHidden || isAmong(former ?? []) || (isDoubtful && saysMuch(old)),
      hidesAfter: isHidden,
    };
  });
}

/** Anything but a number or a switch may be a secret. */
function saysMuch(value: unknown): boolean {
  return typeof value !== "boolean" && typeof value !== "number";
}

function overlaps(steps: readonly string[], key: string): boolean {
  const other = parseHelmPath(key) ?? [key];
  return startsWith(steps, other) || startsWith(other, steps);
}

function showValue(value: unknown, salt: string | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  return salt === undefined ? stringify(value, { lineWidth: 0 }).trimEnd() : maskValue(value, salt);
}

function decodeBase64(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}

/** A packaged chart is bytes nobody reads: its size and a digest tell one from another. */
function describeContent(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const digest = createHash("sha256").update(value).digest("hex").slice(0, 12);
  return `chart of ${Math.ceil((value.length * 3) / 4 / 1024)} KiB, ${digest}`;
}
