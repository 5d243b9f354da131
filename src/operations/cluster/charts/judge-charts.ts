import { lockFile } from "../../../definitions/layout.ts";
import { describeChart } from "../../../model/chart-lock.ts";
import type { Plan, Refusal } from "../../../plan/change.ts";
import type { DesiredCluster } from "../load-desired.ts";
import { listChartUses, unitsThatRunCharts } from "./chart-uses.ts";
import type { ChartUse } from "./chart-uses.ts";

/** Why a unit's chart must not run, by the unit's address. */
export type ChartFaults = ReadonlyMap<string, Refusal>;

export interface JudgeOptions {
  readonly desired: DesiredCluster;
  /** True: a unit whose chart is refused is left alone and the rest goes on, as in reconcile. */
  readonly isIsolated: boolean;
  /** What was found out by asking the repositories. */
  readonly faults?: ChartFaults | undefined;
}

/**
 * Adds to a plan what is to be said of its charts. With `charts: verified` a chart that would run and is not in the
 * lock file, or not with these bytes, is refused, unit by unit. With `any` it is told.
 */
export function judgeCharts(plan: Plan, { desired, isIsolated, faults }: JudgeOptions): Plan {
  const uses = listChartUses(desired);
  const running = unitsThatRunCharts(plan);
  if (desired.platform.charts === "any") return withNotes(plan, anyNotes(uses, running));
  const found = new Map(faults);
  for (const use of uses) {
    const fault = lockFault(use);
    if (fault !== undefined && running.has(use.unit)) found.set(use.unit, fault);
  }
  const noted = withNotes(plan, [...idleNotes(uses, running), ...downloadNotes(uses, running)]);
  return withFaults(noted, found, isIsolated);
}

/** The same plan without the units whose charts may not run: refused as a whole, or each left alone. */
export function withFaults(plan: Plan, faults: ChartFaults, isIsolated: boolean): Plan {
  if (faults.size === 0) return plan;
  if (!isIsolated) return { ...plan, refusals: [...plan.refusals, ...faults.values()] };
  return {
    ...plan,
    units: plan.units.map((unit) => {
      const fault = faults.get(unit.address);
      return fault === undefined ? unit : { ...unit, blocked: fault };
    }),
  };
}

/** A refusal of one unit's chart. */
export function chartFault(unit: string, message: string, hint: string): Refusal {
  return { code: "unverified-chart", unit, ref: undefined, message: `${unit}: ${message}`, hint };
}

function lockFault({ unit, chart, contentSha256, locked }: ChartUse): Refusal | undefined {
  if (locked === undefined)
    return chartFault(unit, `its chart ${describeChart(chart)} is not in ${lockFile}`, verifyHint);
  if (contentSha256 === undefined || contentSha256 === locked.sha256) return undefined;
  return chartFault(
    unit,
    `its chart ${describeChart(chart)} was changed since it was verified`,
    `${verifyHint}; or take the change back`,
  );
}

const verifyHint = "woow catalog verify --write-lock verifies and locks it";

function withNotes(plan: Plan, notes: readonly string[]): Plan {
  return notes.length === 0 ? plan : { ...plan, notes: [...plan.notes, ...notes] };
}

/** Each chart once, however many services run it. */
function anyNotes(uses: readonly ChartUse[], running: ReadonlySet<string>): string[] {
  const unverified = uses.filter(({ unit, locked }) => running.has(unit) && locked === undefined);
  if (unverified.length === 0) return [];
  return [`charts nobody verified: ${namesOf(unverified)}`];
}

function idleNotes(uses: readonly ChartUse[], running: ReadonlySet<string>): string[] {
  const faulty = uses.filter((use) => !running.has(use.unit) && lockFault(use) !== undefined);
  if (faulty.length === 0) return [];
  const units = faulty.map(({ unit }) => unit).join(", ");
  return [`${units}: runs a chart that is not in ${lockFile} (${namesOf(faulty)}); left as it is`];
}

function downloadNotes(uses: readonly ChartUse[], running: ReadonlySet<string>): string[] {
  const loading = uses.filter(
    ({ unit, locked, contentSha256 }) =>
      running.has(unit) && locked !== undefined && contentSha256 === undefined,
  );
  if (loading.length === 0) return [];
  return [`checked right before, then downloaded again by the chart job itself: ${namesOf(loading)}`];
}

function namesOf(uses: readonly ChartUse[]): string {
  const names = uses.map(({ chart: { name, version } }) => `${name} ${version}`);
  return [...new Set(names)].sort().join(", ");
}
