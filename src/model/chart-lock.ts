import type { Definitions } from "../definitions/definition.ts";
import { lockedChartPath, lockFile } from "../definitions/layout.ts";
import type { ProblemList } from "./problem-list.ts";

/** A chart at one version, wherever it is looked for. */
export interface ChartCoordinates {
  readonly repository: string;
  readonly name: string;
  readonly version: string;
}

/** How a verified chart comes to the chart job. */
export type ChartDelivery =
  /** Its bytes stand in the HelmChart: what was verified is what runs. */
  | "content"
  /** The job downloads it by itself. */
  | "download";

/** A chart that was verified, byte for byte. */
export interface LockedChart extends ChartCoordinates {
  /** Of the packed chart, hex. */
  readonly sha256: string;
  readonly delivery: ChartDelivery;
}

/** What catalog.lock.yaml says. */
export interface ChartLock {
  /** By `chartKey`. */
  readonly charts: ReadonlyMap<string, LockedChart>;
  /** Packed charts by the SHA-256 of their bytes, hex. */
  readonly bytes: ReadonlyMap<string, Uint8Array>;
}

/** One text per chart; a slash at the end of a repository makes no other one of it, a `v` before a version does. */
export function chartKey({ repository, name, version }: ChartCoordinates): string {
  return [repository.replace(/\/+$/, ""), name, version].join("\n");
}

/** "n8n 1.0.0 (https://charts.example.com)", for messages. */
export function describeChart({ repository, name, version }: ChartCoordinates): string {
  return `${name} ${version} (${repository})`;
}

/** The verified chart, when the lock file has it. */
export function findLocked(lock: ChartLock | undefined, chart: ChartCoordinates): LockedChart | undefined {
  return lock?.charts.get(chartKey(chart));
}

/** Reads the lock file's entries. Undefined: there is none. */
export function resolveChartLock(
  { lock, lockedBytes = new Map<string, Uint8Array>() }: Definitions,
  { isRequired, list }: { readonly isRequired: boolean; readonly list: ProblemList },
): ChartLock | undefined {
  if (lock === undefined) return undefined;
  const charts = new Map<string, LockedChart>();
  for (const [index, entry] of lock.value.charts.entries()) {
    const { repository, chart: name, version, sha256, delivery } = entry;
    const locked: LockedChart = { repository, name, version, sha256, delivery };
    const key = chartKey(locked);
    if (charts.has(key)) {
      list.add(lock.source, ["charts", index], {
        code: "conflicting-values",
        message: `${describeChart(locked)} stands here twice`,
        hint: `remove one, or write ${lockFile} again with woow catalog verify --write-lock`,
      });
    }
    charts.set(key, locked);
    const isMissing = delivery === "content" && repository !== "file:charts" && !lockedBytes.has(sha256);
    if (isRequired && isMissing) {
      list.add(lock.source, ["charts", index, "sha256"], {
        code: "bad-chart",
        message: `the bytes of ${describeChart(locked)} are missing: there is no ${lockedChartPath(sha256)}`,
        hint: "commit the folder charts/.verified, or write it again with woow catalog verify --write-lock",
      });
    }
  }
  return { charts, bytes: lockedBytes };
}
