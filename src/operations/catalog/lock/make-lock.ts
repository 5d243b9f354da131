import type { CatalogLockDefinition } from "../../../definitions/schema/catalog-lock.ts";
import { compareText } from "../../../definitions/problem.ts";
import { maxChartBytes } from "../../../manifests/package-chart.ts";
import { chartKey, describeChart } from "../../../model/chart-lock.ts";
import type { ChartCoordinates } from "../../../model/chart-lock.ts";
import type { TemplateReport } from "../verify/verify-template.ts";

/** One chart of the lock file. */
export type LockEntry = CatalogLockDefinition["charts"][number];

/** Why the lock file is not what it would be if it were written now. */
export interface LockDifference {
  readonly code:
    /** Verified now, and the lock file does not have it. */
    | "not-locked"
    /** Same repository, chart and version, other bytes. */
    | "chart-changed"
    /** The lock file has it, and it does not pass any more. */
    | "not-verified"
    /** Templates, images or delivery are others. */
    | "out-of-date"
    /** No packed bytes could be had, so there is nothing to lock. */
    | "not-packed";
  readonly chart: string;
  readonly message: string;
  readonly hint: string;
}

/** The lock file as it would be, and what is different now. */
export interface LockDraft {
  readonly entries: readonly LockEntry[];
  /** Bytes of charts that are delivered as content, by their SHA-256. */
  readonly bytes: ReadonlyMap<string, Uint8Array>;
  readonly differences: readonly LockDifference[];
}

export interface MakeLockOptions {
  readonly previous: readonly LockEntry[];
  readonly reports: readonly TemplateReport[];
  /** True: no bytes, the chart jobs download by themselves. Undefined: as each chart is delivered now, else content. */
  readonly digestsOnly: boolean | undefined;
  /** True: other bytes under a locked version replace the locked ones. */
  readonly acceptChanged: boolean;
}

/**
 * Brings the lock file up to what was verified. What was not looked at stays, older versions too: a rollback needs them.
 * A chart that fails, for whichever template, goes. Digests of images are filled in by `resolveImages`.
 */
export function makeLock({ previous, reports, digestsOnly, acceptChanged }: MakeLockOptions): LockDraft {
  const entries = new Map(previous.map((entry) => [chartKey(coordinatesOf(entry)), entry]));
  const bytes = new Map<string, Uint8Array>();
  const differences: LockDifference[] = [];
  const byChart = Map.groupBy(
    reports.filter(({ isUnavailable }) => !isUnavailable),
    ({ coordinates }) => chartKey(coordinates),
  );
  for (const [key, group] of byChart) {
    const [first] = group;
    if (first === undefined) continue;
    const { coordinates, packed } = first;
    const before = entries.get(key);
    const differ = (code: LockDifference["code"], what: string, hint: string) =>
      differences.push({
        code,
        chart: describeChart(coordinates),
        message: `${describeChart(coordinates)} ${what}`,
        hint,
      });
    if (group.some(isFailed)) {
      if (before === undefined) continue;
      entries.delete(key);
      differ("not-verified", "is in the lock file and does not pass any more", writeHint);
      continue;
    }
    if (packed === undefined) {
      differ("not-packed", "is a folder here, and a lock file is made from packed charts", packHint);
      continue;
    }
    if (before !== undefined && before.sha256 !== packed.sha256 && !acceptChanged) {
      const isOwn = coordinates.repository === "file:charts";
      if (!isOwn) {
        const [was, is] = [before.sha256, packed.sha256].map((text) => `${text.slice(0, 12)}...`);
        differ("chart-changed", `has other bytes than were verified: ${is}, not ${was}`, changedHint);
        continue;
      }
    }
    const entry = makeEntry({ group, before, digestsOnly });
    if (entry.delivery === "content" && coordinates.repository !== "file:charts")
      bytes.set(packed.sha256, packed.bytes);
    entries.set(key, entry);
    if (before === undefined) differ("not-locked", "is not in the lock file", writeHint);
    else if (before.sha256 !== entry.sha256) differ("chart-changed", "has other bytes", writeHint);
    else if (isOutOfDate(before, entry))
      differ("out-of-date", "is used otherwise than the lock file says", writeHint);
  }
  const sorted = [...entries].sort(([a], [b]) => compareText(a, b)).map(([, entry]) => entry);
  return { entries: sorted.sort(byName), bytes, differences };
}

const writeHint = "woow catalog verify --write-lock brings the lock file up to date";
const packHint = "give it as NAME-VERSION.tgz (helm pull), or leave --charts-dir out";
const changedHint =
  "ask its publisher why; --write-lock --accept-changed locks the new bytes once you trust them";

export function coordinatesOf({ repository, chart, version }: LockEntry): ChartCoordinates {
  return { repository, name: chart, version };
}

export function isFailed({ findings }: TemplateReport): boolean {
  return findings.some(({ severity }) => severity === "error");
}

function makeEntry({
  group,
  before,
  digestsOnly,
}: {
  readonly group: readonly TemplateReport[];
  readonly before: LockEntry | undefined;
  readonly digestsOnly: boolean | undefined;
}): LockEntry {
  const [{ coordinates, packed }] = group as readonly [TemplateReport, ...TemplateReport[]];
  const { sha256 = "", bytes, manifest } = packed ?? {};
  const isSame = before?.sha256 === sha256;
  const wanted = digestsOnly ?? (isSame && before.delivery === "download");
  const isOwn = coordinates.repository === "file:charts";
  const isContent = isOwn || (!wanted && (bytes?.byteLength ?? 0) <= maxChartBytes);
  const templates = group.map(({ template }) => template);
  // other templates of the same bytes that were not looked at this time
  const others = isSame ? before.templates.filter((template) => !templates.includes(template)) : [];
  const images = new Map<string, LockEntry["images"][number]>();
  for (const { images: rendered } of group) for (const image of rendered) images.set(image, { image });
  for (const known of isSame ? before.images : []) {
    if (images.has(known.image) || others.length > 0) images.set(known.image, known);
  }
  return {
    chart: coordinates.name,
    version: coordinates.version,
    repository: coordinates.repository,
    sha256,
    ...(manifest === undefined ? {} : { manifest }),
    delivery: isContent ? "content" : "download",
    templates: [...new Set([...templates, ...others])].sort(compareText),
    images: [...images.values()].sort((a, b) => compareText(a.image, b.image)),
  };
}

function isOutOfDate(before: LockEntry, now: LockEntry): boolean {
  const shown = ({ manifest, delivery, templates, images }: LockEntry) =>
    JSON.stringify([manifest, delivery, templates, images.map(({ image }) => image)]);
  return shown(before) !== shown(now);
}

function byName(a: LockEntry, b: LockEntry): number {
  return (
    compareText(a.chart, b.chart) ||
    compareText(a.version, b.version) ||
    compareText(a.repository, b.repository)
  );
}
