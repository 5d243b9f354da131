import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ReconcileEvent } from "../operations/reconcile/reconcile-event.ts";
import { serviceStates } from "../status/service-status.ts";

/** What Prometheus is told; made from the events alone. */
export interface ReconcileMetrics {
  observe(event: ReconcileEvent): void;
  setReady(isReady: boolean): void;
  readonly contentType: string;
  /** The metrics in Prometheus' text format. */
  render(): Promise<string>;
}

/** Metrics of one process. Names begin with `woow_`, beside the usual ones of a Node process. */
export function createReconcileMetrics(nowMs: () => number): ReconcileMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: `woow_${name}`, help, labelNames: [...labelNames], registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name: `woow_${name}`, help, labelNames: [...labelNames], registers });

  const passes = counter("reconcile_passes_total", "Passes by why they were made and how they ended.", [
    "reason",
    "outcome",
  ]);
  const seconds = new Histogram({
    name: "woow_reconcile_pass_seconds",
    help: "How long passes took.",
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers,
  });
  const lastSuccess = gauge(
    "reconcile_last_success_timestamp_seconds",
    "When a pass last ended with nothing failed.",
  );
  const errors = counter("reconcile_errors_total", "Failures of a workspace, or of platform.", [
    "workspace",
    "code",
  ]);
  const failing = gauge("reconcile_failing", "1 while a workspace, or platform, fails.", ["workspace"]);
  const skipped = gauge(
    "reconcile_skipped_workspaces",
    "Workspaces left alone for problems in their definitions.",
  );
  const drift = counter("reconcile_drift_found_total", "Objects that were not as git says.", [
    "workspace",
    "policy",
  ]);
  const repaired = counter("reconcile_drift_repaired_total", "Objects that were put back.");
  const flapping = counter("reconcile_flapping_total", "Corrections that were slowed down.", ["workspace"]);
  const sourceUp = gauge("reconcile_source_up", "1 when the definitions could be read at the last look.");
  const clusterUp = gauge("reconcile_cluster_up", "1 when the API server answered last.");
  const ready = gauge("reconcile_ready", "1 when the readiness probe says so.");
  const commit = gauge("reconcile_commit_info", "The commit of the last pass.", ["commit"]);
  const services = gauge("services", "Services by state.", ["state"]);

  const observe = (event: ReconcileEvent): void => {
    switch (event.type) {
      case "source-read":
        sourceUp.set(1);
        break;
      case "source-failed":
        sourceUp.set(0);
        break;
      case "definition-problems":
        skipped.set(event.skipped.length);
        break;
      case "reconcile-started":
      case "cluster-back":
        clusterUp.set(1);
        break;
      case "cluster-lost":
        clusterUp.set(0);
        break;
      case "drift":
        drift.inc({ workspace: ownerOf(event.unit), policy: event.policy });
        break;
      case "flapping":
        flapping.inc({ workspace: ownerOf(event.unit) });
        break;
      case "owner-failed":
        errors.inc({ workspace: event.owner, code: event.code });
        failing.set({ workspace: event.owner }, 1);
        break;
      case "owner-recovered":
        failing.set({ workspace: event.owner }, 0);
        break;
      case "services":
        for (const state of serviceStates) services.set({ state }, event.byState[state] ?? 0);
        break;
      case "pass-finished":
        observePass(event);
        break;
      default:
        break;
    }
  };
  const observePass = (event: Extract<ReconcileEvent, { type: "pass-finished" }>): void => {
    const { reason, outcome } = event;
    passes.inc({ reason, outcome });
    seconds.observe(event.milliseconds / 1000);
    repaired.inc(event.driftRepaired);
    if (event.error !== undefined) errors.inc({ workspace: "platform", code: event.error.code });
    if (outcome !== "unchanged" && outcome !== "applied") return;
    clusterUp.set(1);
    lastSuccess.set(nowMs() / 1000);
    if (event.commit === undefined) return;
    commit.reset();
    commit.set({ commit: event.commit }, 1);
  };
  return {
    observe,
    setReady: (isReady) => ready.set(isReady ? 1 : 0),
    contentType: registry.contentType,
    render: async () => registry.metrics(),
  };
}

function ownerOf(unit: string): string {
  return unit.split("/", 1)[0] ?? unit;
}
