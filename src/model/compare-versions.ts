/** Where a version stands to another one: `differs` when they rank the same and are still not the same text. */
export type VersionRelation = "same" | "behind" | "ahead" | "differs";

/**
 * How `version` stands to `reference`, by the precedence of semver.org 2.0.0, item 11: numbers as numbers, a
 * pre-release before its release, build metadata without weight. Chart versions are looser than semver, so a leading
 * `v` is dropped, missing parts are 0 (1.2 is 1.2.0), more than three count, and a part that is text ranks above
 * numbers, as in a pre-release.
 */
export function relateVersions(version: string, reference: string): VersionRelation {
  if (version === reference) return "same";
  const order = compareVersions(version, reference);
  return order < 0 ? "behind" : order > 0 ? "ahead" : "differs";
}

/** Negative when `a` comes before `b`, positive when after, 0 when they rank the same. */
export function compareVersions(a: string, b: string): number {
  const left = splitVersion(a);
  const right = splitVersion(b);
  const core = compareParts(left.core, right.core, "0");
  if (core !== 0) return core;
  if (left.preRelease.length === 0 || right.preRelease.length === 0) {
    return Math.sign(right.preRelease.length - left.preRelease.length);
  }
  return compareParts(left.preRelease, right.preRelease, undefined);
}

function splitVersion(version: string): { core: readonly string[]; preRelease: readonly string[] } {
  const [ranked = ""] = version.replace(/^v/, "").split("+", 1);
  const dash = ranked.indexOf("-");
  const core = dash < 0 ? ranked : ranked.slice(0, dash);
  return { core: core.split("."), preRelease: dash < 0 ? [] : ranked.slice(dash + 1).split(".") };
}

/** Part by part; what is missing counts as `filler`, or, without one, comes before anything. */
function compareParts(a: readonly string[], b: readonly string[], filler: string | undefined): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const left = a[index] ?? filler;
    const right = b[index] ?? filler;
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    const order = comparePart(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

function comparePart(a: string, b: string): number {
  const aIsNumber = /^[0-9]+$/.test(a);
  const bIsNumber = /^[0-9]+$/.test(b);
  if (aIsNumber && bIsNumber) {
    // numbers of any length: a date with a time does not fit a JavaScript number safely
    const [left, right] = [BigInt(a), BigInt(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  }
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
