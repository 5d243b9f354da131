import type { LiveObject } from "../../cluster/live-object.ts";
import { labelRef, refOf } from "../../cluster/object-ref.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import type { Recovery } from "../change.ts";
import { isMap } from "../compare/field-place.ts";

/** What helm-controller notes of the configuration a Job runs and a release was made from. */
const configHashKey = "helmcharts.helm.cattle.io/configHash";
const maxLabelLength = 63;

export interface RecoveryInput {
  readonly releaseName: string;
  readonly namespace: string;
  /** The live HelmChart; undefined when there is none. */
  readonly chart: LiveObject | undefined;
  /** Chart jobs in the charts' namespace. */
  readonly jobs: readonly LiveObject[];
  /** Secrets of Helm releases, metadata only. */
  readonly releases: readonly LiveObject[];
  /** Workloads and Services that the newest release made and that are gone. */
  readonly missing?: readonly ObjectRef[] | undefined;
  /** True: a change of this run makes K3s end the job at hand and start another. */
  readonly willChange?: boolean;
}

/**
 * What keeps a service from coming up although git and cluster agree: under the policy `abort` a failed release stops
 * every later one, a Job that is exhausted is not run again (k3s-facts A5), and what somebody deleted of a release is
 * made again only by Helm. Undefined: nothing of that kind.
 */
export function findRecovery(input: RecoveryInput): Recovery | undefined {
  const { chart, releaseName } = input;
  if (chart === undefined || chart.metadata.deletionTimestamp !== undefined) return undefined;
  const job = input.jobs.find(({ metadata }) => metadata.name === `helm-install-${releaseName}`);
  const release = newestRelease(input);
  const state = job === undefined ? "none" : jobState(job);
  const status = release?.metadata.labels?.["status"];
  if (release !== undefined && isStuck(status, state, input.willChange === true)) {
    const why = `${labelRef(refOf(release))} is ${status ?? "broken"}: Helm goes on only when that record is gone`;
    return { type: "drop-release-record", release, job, why };
  }
  if (job === undefined || state === "none" || state === "active" || state === "suspended") return undefined;
  const why = reasonToRun({ job, state, release, status, missing: input.missing ?? [] });
  return why === undefined ? undefined : { type: "rerun-job", job, why };
}

/** `suspended` is how K3s makes a job; `stopped` is what a run leaves that was killed while it recovered. */
type JobState = "active" | "suspended" | "stopped" | "complete" | "failed";

/**
 * A pending record without a running Job is what a killed Helm leaves; an upgrade gets one try of its own. An
 * installation that we interrupt ourselves gets none: the next job would find it failed and abort.
 */
function isStuck(status: string | undefined, state: JobState | "none", willChange: boolean): boolean {
  const isRunning = (state === "active" && !willChange) || state === "suspended" || state === "none";
  if (status === "failed") return true;
  if (status === "pending-install") return !isRunning;
  return (status === "pending-upgrade" || status === "pending-rollback") && state === "failed";
}

function reasonToRun({
  job,
  state,
  release,
  status,
  missing,
}: {
  readonly job: LiveObject;
  readonly state: JobState;
  readonly release: LiveObject | undefined;
  readonly status: string | undefined;
  readonly missing: readonly ObjectRef[];
}): string | undefined {
  const name = labelRef(refOf(job));
  if (state === "stopped") return `${name} was stopped`;
  if (state === "failed") return `${name} has given up and is not run again by itself`;
  if (release === undefined) return `${name} is complete, but there is no Helm release`;
  if (status !== "deployed") return `${name} is complete, but the Helm release is ${status ?? "unknown"}`;
  const made = release.metadata.labels?.[configHashKey];
  const wanted = configHashOf(job);
  if (made !== undefined && wanted !== undefined && made !== wanted) {
    return `the newest Helm release was not made by ${name}`;
  }
  const [first, ...more] = missing;
  if (first === undefined) return undefined;
  const what = more.length === 0 ? "" : ` and ${more.length} more`;
  return `${labelRef(first)}${what} of the release ${more.length === 0 ? "is" : "are"} gone; Helm makes it again when it runs`;
}

/** Helm counts up; labels are text, so 10 comes after 9 only as a number. */
function newestRelease({ releases, releaseName, namespace }: RecoveryInput): LiveObject | undefined {
  const version = ({ metadata }: LiveObject) => Number.parseInt(metadata.labels?.["version"] ?? "", 10);
  return releases
    .filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.["name"] === releaseName)
    .filter((one) => !Number.isNaN(version(one)))
    .sort((a, b) => version(b) - version(a))[0];
}

function jobState(job: LiveObject): JobState {
  const status = job["status"];
  const conditions: unknown = isMap(status) ? status["conditions"] : undefined;
  const holds = (type: string) =>
    Array.isArray(conditions) &&
    conditions.some((one: unknown) => isMap(one) && one["type"] === type && one["status"] === "True");
  if (holds("Complete")) return "complete";
  if (holds("Failed")) return "failed";
  const spec = job["spec"];
  if (!isMap(spec) || spec["suspend"] !== true) return "active";
  return (job.metadata.generation ?? 1) > 1 ? "stopped" : "suspended";
}

/** Of the configuration a Job runs: `SHA256=...` on its pod template, cut to what a label holds. */
function configHashOf(job: LiveObject): string | undefined {
  let value: unknown = job;
  for (const key of ["spec", "template", "metadata", "annotations", configHashKey]) {
    value = isMap(value) ? value[key] : undefined;
  }
  return typeof value === "string" ? value.split("=")[1]?.slice(0, maxLabelLength) : undefined;
}
