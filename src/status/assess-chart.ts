import { labelRef } from "../cluster/object-ref.ts";
import { chartsNamespace } from "../model/names.ts";
import { formatSpan, namespaceRef, workState } from "./verdict.ts";
import type { ServiceCase, Verdict } from "./verdict.ts";

/** K3s needs a moment to see a change; after this long something is wrong. */
const pickUpMs = 60_000;
/** An uninstall without any sign of work for this long is stuck. */
const stuckMs = 30_000;

/** A service that is going, or whose HelmChart or namespace is not there. */
export function assessPresence(subject: ServiceCase): Verdict | undefined {
  const { chart, facts, observation } = subject;
  const namespace = observation.namespaces.get(facts.namespace);
  if (chart?.deletedMs !== undefined) return assessRemoval(subject, chart.deletedMs);
  if (namespace?.deletedMs !== undefined) {
    const remaining = namespace.remaining === undefined ? "" : `: ${namespace.remaining}`;
    return {
      state: "deleting",
      isFinal: true,
      reason: {
        code: "namespace-terminating",
        message: `namespace ${facts.namespace} is being deleted since ${formatSpan(subject.nowMs - namespace.deletedMs)}${remaining}`,
        ref: namespaceRef(facts),
        hint: "wait until it is gone, then run woow apply to make it anew",
      },
    };
  }
  if (chart === undefined) return assessMissingChart(subject);
  if (namespace === undefined) {
    return {
      state: "error",
      isFinal: true,
      reason: {
        code: "namespace-missing",
        message: `namespace ${facts.namespace} is not there, so the chart has nowhere to go`,
        ref: namespaceRef(facts),
        hint: `run woow apply -w ${facts.workspaceId} to make it again`,
      },
    };
  }
  return undefined;
}

function assessMissingChart({ facts, newest }: ServiceCase): Verdict {
  const ref = {
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    namespace: chartsNamespace,
    name: facts.releaseName,
  };
  if (newest === undefined && !facts.isDefined) {
    return {
      state: "deleting",
      isFinal: true,
      reason: {
        code: "not-defined",
        message: "its release is gone, but woow still keeps a record of its objects",
        ref: undefined,
        hint: `run woow apply, or woow destroy ${facts.unit}, to finish removing it`,
      },
    };
  }
  if (newest === undefined) {
    return {
      state: "pending",
      isFinal: true,
      reason: {
        code: "not-applied",
        message: "it is defined but was never applied",
        ref: undefined,
        hint: `run woow apply -s ${facts.unit}`,
      },
    };
  }
  if (newest.status === "uninstalling" || newest.status === "uninstalled") {
    return {
      state: "error",
      isFinal: true,
      reason: {
        code: "uninstall-error",
        message: `its HelmChart is gone, but helm uninstall did not finish: revision ${newest.revision} is still there as ${newest.status}`,
        ref: newest.ref,
        hint: facts.isDefined
          ? `run woow apply -s ${facts.unit} to install it again, or woow destroy ${facts.unit} to finish`
          : `run woow destroy ${facts.unit} to finish`,
      },
    };
  }
  return {
    state: "error",
    isFinal: true,
    reason: {
      code: "helm-chart-missing",
      message: `revision ${newest.revision} is installed, but ${labelRef(ref)} is gone`,
      ref,
      hint: `run woow apply -s ${facts.unit} to make it again`,
    },
  };
}

function assessRemoval(subject: ServiceCase, deletedMs: number): Verdict {
  const { chart, deleteJob, nowMs, facts } = subject;
  const since = nowMs - deletedMs;
  const finalizers = chart?.finalizers ?? [];
  const works = deleteJob !== undefined && deleteJob.state !== "failed" && deleteJob.state !== "suspended";
  if (works || since < stuckMs) {
    return {
      state: "deleting",
      isFinal: false,
      reason: {
        code: "uninstalling",
        message: `the release is being uninstalled since ${formatSpan(since)}`,
        ref: deleteJob?.ref ?? chart?.ref,
        hint: "wait; woow status shows when it is gone",
      },
    };
  }
  const holder = finalizers.length === 0 ? "no finalizer" : `finalizer ${finalizers.join(", ")}`;
  const why =
    deleteJob === undefined
      ? "K3s has not started the job that uninstalls it"
      : deleteJob.state === "failed"
        ? `${labelRef(deleteJob.ref)} failed`
        : `${labelRef(deleteJob.ref)} is suspended`;
  return {
    state: "deleting",
    isFinal: true,
    reason: {
      code: "delete-stuck",
      message: `its HelmChart is being deleted for ${formatSpan(since)}, held by ${holder}: ${why}`,
      ref: chart?.ref,
      hint:
        deleteJob?.state === "failed"
          ? `woow logs ${facts.unit} --job shows why; after mending it, delete the Job so that K3s makes a new one`
          : "check that K3s' helm-controller runs (the k3s server's log); do not remove the finalizer by hand, the release would stay",
    },
  };
}

/** True when the job at hand is not the one of the newest change. */
export function isOutdated({ chart, installJob, before, observation }: ServiceCase): boolean {
  if (chart === undefined || installJob === undefined) return false;
  if (before !== undefined && before.jobUid === installJob.uid) return true;
  const expected = chart.repo === undefined ? chart.chart : `${chart.ref.name}/${chart.chart ?? ""}`;
  const differs = (wanted: string | undefined, has: string | undefined) => (wanted ?? "") !== (has ?? "");
  if (differs(chart.version, installJob.version) || differs(chart.repo, installJob.repo)) return true;
  // chartContent is mounted, so there is no chart to compare
  if (chart.chart !== undefined && differs(expected, installJob.chart)) return true;
  return before !== undefined && changedAt({ chart, observation }) > installJob.createdMs;
}

/** When the HelmChart or a Secret of its values was last written. */
function changedAt({ chart, observation }: Pick<ServiceCase, "chart" | "observation">): number {
  const secrets = (chart?.valuesSecrets ?? []).map((name) => observation.valuesSecrets.get(name) ?? 0);
  return Math.max(chart?.changedMs ?? 0, ...secrets);
}

/** How long the newest change waits for a job. */
export function waitingMs(subject: ServiceCase): number {
  return subject.nowMs - changedAt(subject);
}

/**
 * True when the values changed after the job was made and K3s was given no time yet. A change that alters nothing Helm
 * sees (a label) makes no job, so this ends by itself.
 */
export function isJustChanged(subject: ServiceCase): boolean {
  const { installJob } = subject;
  return (
    installJob !== undefined && changedAt(subject) > installJob.createdMs && waitingMs(subject) < pickUpMs
  );
}

/** A HelmChart that K3s does not work on, or not yet. */
export function assessPickUp(subject: ServiceCase): Verdict | undefined {
  const { chart, installJob, facts, observation } = subject;
  if (chart === undefined) return undefined;
  if (chart.isUnmanaged) {
    return {
      state: "error",
      isFinal: true,
      reason: {
        code: "helm-chart-unmanaged",
        message: "its HelmChart carries the annotation that tells K3s to leave it alone",
        ref: chart.ref,
        hint: "take the annotation helmcharts.helm.cattle.io/unmanaged off it, or run woow apply",
      },
    };
  }
  const missing = chart.valuesSecrets.find((name) => !observation.valuesSecrets.has(name));
  if (missing !== undefined && installJob?.state !== "complete") {
    return {
      state: "error",
      isFinal: true,
      reason: {
        code: "values-secret-missing",
        message: `Secret ${chartsNamespace}/${missing} with its values is not there, so the chart job cannot start`,
        ref: { apiVersion: "v1", kind: "Secret", namespace: chartsNamespace, name: missing },
        hint: `run woow apply -s ${facts.unit} to make it again`,
      },
    };
  }
  if (chart.failed !== undefined && chart.failed.reason !== "Job failed") {
    return {
      state: "error",
      isFinal: true,
      reason: {
        code: "job-not-created",
        message: `K3s cannot make the chart job (${chart.failed.reason ?? "no reason given"})`,
        ref: chart.ref,
        hint: "the condition Failed of the HelmChart and the k3s server's log say more",
      },
    };
  }
  const isWaiting = installJob === undefined || isOutdated(subject) || isJustChanged(subject);
  if (!isWaiting) return undefined;
  const waited = waitingMs(subject);
  const state = installJob === undefined && subject.newest === undefined ? "pending" : workState(subject);
  if (waited >= pickUpMs) {
    return {
      state,
      isFinal: false,
      reason: {
        code: "controller-not-running",
        message: `K3s has not started a chart job for the change made ${formatSpan(waited)} ago`,
        ref: chart.ref,
        hint: "check that K3s' helm-controller runs: the k3s server's log, and events of the HelmChart",
      },
    };
  }
  return {
    state,
    isFinal: false,
    reason: {
      code: installJob === undefined ? "job-not-started" : "job-outdated",
      message:
        installJob === undefined
          ? "K3s has not started the chart job yet"
          : `K3s has not started a chart job for the newest change yet`,
      ref: chart.ref,
      hint: "wait; K3s starts it within seconds",
    },
  };
}
