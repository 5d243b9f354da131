import type { LiveObject } from "../../cluster/live-object.ts";
import { refKey, refOf } from "../../cluster/object-ref.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import { chartsNamespace } from "../../model/names.ts";
import type { Change, Recovery, Refusal, UnitPlan } from "../change.ts";
import { checkValues } from "./check-values.ts";
import type { DesiredUnit } from "../desired-unit.ts";
import { findRecovery } from "./find-recovery.ts";
import { mergedValues } from "../compare/live-values.ts";
import type { PlanIndex } from "../plan-index.ts";
import type { PlanInput } from "../plan-input.ts";

interface ServiceContext {
  readonly input: PlanInput;
  readonly index: PlanIndex;
}

/** Monthly prices; before is undefined for a service that is not there yet. */
export function serviceCosts(
  { service }: DesiredUnit,
  input: PlanInput,
): Pick<UnitPlan, "costBefore" | "costAfter"> {
  if (service === undefined) return { costBefore: undefined, costAfter: undefined };
  const live = findChart(input, service.releaseName);
  return {
    costBefore: live === undefined ? undefined : priceOf(live, input),
    costAfter: service.monthlyPrice,
  };
}

/** By the template that the live object's label names. */
export function priceOf(live: LiveObject, { prices }: PlanInput): number | undefined {
  return prices.get(live.metadata.labels?.["app.kubernetes.io/name"] ?? "");
}

/** Holds new chart values against the running ones; a service that never ran may still become anything. */
export function checkServiceValues(
  { address, service, manifests }: DesiredUnit,
  changes: readonly Change[],
  { input, index }: ServiceContext,
): Refusal[] {
  if (service === undefined || !changesRelease(changes)) return [];
  const ran = index.releases
    .get(service.releaseName)
    ?.some(({ metadata }) => ["deployed", "superseded"].includes(metadata.labels?.["status"] ?? ""));
  const chart = findChart(input, service.releaseName);
  if (ran !== true || chart === undefined) return [];
  const valuesSecret = manifests.find(({ kind }) => kind === "Secret");
  const liveSecret =
    valuesSecret === undefined ? undefined : input.observation.objects.get(refKey(refOf(valuesSecret)));
  return checkValues({
    unit: address,
    ref: refOf(chart),
    service,
    live: mergedValues({ chart, valuesSecret: liveSecret }),
    desired: mergedValues({ chart: manifests.find(({ kind }) => kind === "HelmChart"), valuesSecret }),
  });
}

/** What has to be cleared away so that the release goes on; a new spec makes a new Job by itself. */
export function planRecovery(
  { service }: DesiredUnit,
  changes: readonly Change[],
  { input, index }: ServiceContext,
): Recovery | undefined {
  if (service === undefined) return undefined;
  const { releaseName, namespace } = service;
  const recovery = findRecovery({
    releaseName,
    namespace,
    chart: findChart(input, releaseName),
    jobs: index.jobs.get(`helm-install-${releaseName}`) ?? [],
    releases: index.releases.get(releaseName) ?? [],
    missing: input.missing?.get(releaseName),
    willChange: changesRelease(changes),
  });
  return recovery?.type === "rerun-job" && changesRelease(changes) ? undefined : recovery;
}

function changesRelease(changes: readonly Change[]): boolean {
  return changes.some(
    ({ action, ref }) => action !== "none" && (ref.kind === "HelmChart" || ref.kind === "Secret"),
  );
}

/** The live HelmChart of a release. */
export function findChart({ observation }: PlanInput, name: string): LiveObject | undefined {
  const { apiVersion, kind } = resourceTypes.HelmChart;
  return observation.objects.get(refKey({ apiVersion, kind, namespace: chartsNamespace, name }));
}
