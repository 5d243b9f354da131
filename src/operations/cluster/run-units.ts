import { applyUnit, messageOf } from "../../apply/apply-unit.ts";
import { createAdmissionProof } from "../../apply/await-admission.ts";
import type { AdmissionProof } from "../../apply/await-admission.ts";
import type { ApplyEvent } from "../../apply/event.ts";
import { mergeEvents } from "../../apply/merge-events.ts";
import { recoverUnit } from "../../apply/recover.ts";
import type { DroppedRelease } from "../../apply/recover.ts";
import { createChartPreparer } from "../../apply/prepare-chart.ts";
import type { ChartPreparer } from "../../apply/prepare-chart.ts";
import type { RemovalResult } from "../../apply/remove/removal.ts";
import type { Clock } from "../../cluster/clock.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { OperationError } from "../../errors.ts";
import { createClientAddressWait } from "./await-client-addresses.ts";
import { blockedReport } from "./left-alone.ts";
import { namespaceName } from "../../model/names.ts";
import type { DesiredUnit } from "../../plan/desired-unit.ts";
import type { Plan, UnitPlan } from "../../plan/change.ts";

/** How a unit's work ended. */
export interface UnitReport {
  readonly outcome: Extract<ApplyEvent, { type: "unit-finished" }>["outcome"];
  readonly message: string | undefined;
  readonly hint: string | undefined;
  /** Our number, when a revision was made. */
  readonly revision: number | undefined;
  readonly droppedRelease: DroppedRelease | undefined;
}

export interface RunUnitsOptions {
  /** Guarded by the lock. */
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly plan: Plan;
  readonly desired: ReadonlyMap<string, DesiredUnit>;
  /** Workspaces that only let go of the hosts of services that go. */
  readonly releasing: ReadonlySet<string>;
  /** Our number of the revision made for a unit. */
  readonly revisions: ReadonlyMap<string, number>;
  /** How long a private service waits for Traefik to see who calls; left out: as long as that is worth it. */
  readonly waitTimeoutMs?: number | undefined;
  /** Takes a unit away that is no longer defined. */
  readonly removeUnit: (unit: UnitPlan) => AsyncGenerator<ApplyEvent, RemovalResult>;
}

interface UnitWork extends RunUnitsOptions {
  readonly prepareChart: ChartPreparer;
  readonly admission: AdmissionProof;
  readonly awaitClientAddresses: () => Promise<void>;
  /** What came of the units that are done. */
  readonly done: ReadonlyMap<string, UnitReport>;
}

type UnitRun = AsyncGenerator<ApplyEvent, readonly (readonly [string, UnitReport])[]>;

/** Workspaces worked on at once, and services of one; the client itself limits requests. */
const workspacesAtOnce = 8;
const servicesAtOnce = 16;

/**
 * Works the units off: the platform first, then every workspace on its own, so that one tenant's failure does not
 * stop another's. In a workspace the walls come first, then its services, then what is removed, and then what only that
 * made free.
 */
export async function* runUnits(
  given: RunUnitsOptions,
): AsyncGenerator<ApplyEvent, ReadonlyMap<string, UnitReport>> {
  const { plan } = given;
  const options = {
    ...given,
    prepareChart: createChartPreparer({ ...given, platform: plan.platform }),
    admission: createAdmissionProof(given),
    awaitClientAddresses: createClientAddressWait({ ...given, timeoutMs: given.waitTimeoutMs }),
    done: new Map<string, UnitReport>(),
  };
  const reports = new Map<string, UnitReport>();
  const platform = plan.units.find(({ address }) => address === "platform");
  if (platform !== undefined) {
    const report = yield* runUnit(platform, options);
    reports.set("platform", report);
    if (isStopped(report)) {
      for (const unit of plan.units) {
        if (unit.address !== "platform")
          reports.set(unit.address, yield* skipUnit(unit, "the platform unit failed"));
      }
      return reports;
    }
  }
  const workspaces = Map.groupBy(
    plan.units.filter(({ address }) => address !== "platform"),
    ({ workspaceId }) => workspaceId ?? "",
  );
  const isTaker = (units: readonly UnitPlan[]) =>
    units.some(({ takesHostsFrom = [] }) => takesHostsFrom.length > 0);
  // a host is let go of before another workspace gets it
  for (const wave of [false, true]) {
    const runs = [...workspaces.values()]
      .filter((units) => isTaker(units) === wave)
      .map((units) => () => runWorkspace(units, { ...options, done: reports }));
    for (const done of yield* mergeEvents(runs, workspacesAtOnce)) {
      for (const [address, report] of done) reports.set(address, report);
    }
  }
  return reports;
}

async function* runWorkspace(units: readonly UnitPlan[], options: UnitWork): UnitRun {
  const own = units.find(({ address }) => !address.includes("/"));
  const services = units.filter((unit) => unit !== own);
  const reports: (readonly [string, UnitReport])[] = [];
  const isLast = own?.intent === "remove" || options.releasing.has(own?.address ?? "");
  if (own !== undefined && !isLast) {
    const report = yield* runUnit(own, options);
    reports.push([own.address, report]);
    if (isStopped(report)) {
      for (const unit of services)
        reports.push([unit.address, yield* skipUnit(unit, `the workspace ${own.address} failed`)]);
      return reports;
    }
  }
  const runAll = (intent: UnitPlan["intent"]) =>
    mergeEvents(
      services
        .filter((unit) => unit.intent === intent)
        .map(
          (unit) =>
            async function* run(): AsyncGenerator<ApplyEvent, readonly [string, UnitReport]> {
              return [unit.address, yield* runUnit(unit, options)];
            },
        ),
      servicesAtOnce,
    );
  reports.push(...(yield* runAll("apply")));
  // what moved elsewhere is there before it goes here
  reports.push(...(yield* runAll("remove")));
  if (own === undefined || !isLast) return reports;
  // what is on hold keeps its hosts, and goes on without being in anybody's way
  const mayStay = (outcome: UnitReport["outcome"]) => outcome === "held" && own.intent === "apply";
  const left = reports
    .filter(([, { outcome }]) => outcome !== "removed" && !mayStay(outcome))
    .map(([address]) => address);
  const report =
    left.length > 0
      ? yield* skipUnit(own, `${left.join(", ")} ${left.length === 1 ? "is" : "are"} still there`)
      : yield* runUnit(own, options);
  return [...reports, [own.address, report]];
}

async function* runUnit(unit: UnitPlan, options: UnitWork): AsyncGenerator<ApplyEvent, UnitReport> {
  const report = yield* workOnUnit(unit, options);
  const { outcome, message, hint, revision } = report;
  yield {
    type: "unit-finished",
    unit: unit.address,
    outcome,
    ...(message === undefined ? {} : { message }),
    ...(hint === undefined ? {} : { hint }),
    ...(revision === undefined ? {} : { revision }),
  };
  return report;
}

async function* workOnUnit(unit: UnitPlan, options: UnitWork): AsyncGenerator<ApplyEvent, UnitReport> {
  const { signal, revisions } = options;
  const end = (outcome: UnitReport["outcome"], rest: Partial<UnitReport> = {}): UnitReport => ({
    outcome,
    message: undefined,
    hint: undefined,
    revision: revisions.get(unit.address),
    droppedRelease: undefined,
    ...rest,
  });
  if (unit.hold !== undefined) return end("held", { message: "on hold; woow resume lifts it" });
  if (unit.blocked !== undefined) return blockedReport(unit);
  if (signal.aborted) return end("cancelled");
  const holder = findHolder(unit, options.done);
  if (holder !== undefined)
    return end("skipped", { message: `left alone: ${holder} did not let go of a host it is to get` });
  const changes = unit.changes.filter(({ action }) => action !== "none").length;
  if (changes === 0 && unit.recovery === undefined && unit.intent === "apply") return end("unchanged");
  yield { type: "unit-started", unit: unit.address, changes };
  try {
    if (unit.intent === "remove") {
      const { outcome, message, hint } = yield* options.removeUnit(unit);
      return end(outcome, { message, hint });
    }
    if (unit.waitsFor !== undefined) await options.awaitClientAddresses();
    const service = options.desired.get(unit.address)?.service;
    if (service !== undefined) yield* options.prepareChart(unit, service);
    await options.admission.beforeUnit(unit);
    const applied = yield* applyUnit(unit, options);
    if (applied.outcome !== "applied") return end(applied.outcome, applied);
    await options.admission.afterUnit(unit, options.desired.get(unit.address)?.manifests ?? []);
    if (unit.recovery === undefined) return end("applied");
    const { droppedRelease } = yield* recoverUnit({
      ...options,
      unit: unit.address,
      recovery: unit.recovery,
    });
    return end("applied", { droppedRelease });
  } catch (error) {
    if (!(error instanceof OperationError) || error.code === "lock-lost") throw error;
    if (error.code === "cancelled") return end("cancelled");
    return end("failed", { message: messageOf(error), hint: error.hint });
  }
}

/** A unit that was to let go of a host this one gets, and did not. */
function findHolder(
  { takesHostsFrom = [] }: UnitPlan,
  done: ReadonlyMap<string, UnitReport>,
): string | undefined {
  const isOf = (address: string) => takesHostsFrom.includes(namespaceName(address.split("/", 1)[0] ?? ""));
  return [...done].find(
    ([address, { outcome }]) => isOf(address) && !["applied", "removed", "unchanged"].includes(outcome),
  )?.[0];
}

async function* skipUnit(unit: UnitPlan, why: string): AsyncGenerator<ApplyEvent, UnitReport> {
  const message = `left alone: ${why}`;
  yield { type: "unit-finished", unit: unit.address, outcome: "skipped", message };
  return { outcome: "skipped", message, hint: undefined, revision: undefined, droppedRelease: undefined };
}

function isStopped({ outcome }: UnitReport): boolean {
  return outcome === "failed" || outcome === "cancelled" || outcome === "skipped";
}
