import type { ApplyEvent } from "../../../apply/event.ts";
import type { ClusterClient, JsonPatch } from "../../../cluster/cluster-client.ts";
import type { LiveObject } from "../../../cluster/live-object.ts";
import { labelRef, refOf } from "../../../cluster/object-ref.ts";
import { resourceTypes } from "../../../cluster/resource-types.ts";
import { labelPrefix } from "../../../constructs/labels.ts";
import { OperationError } from "../../../errors.ts";
import { fieldAt } from "../../../status/read-fields.ts";
import { releaseOf } from "../../../status/reduce-workload.ts";
import type { ServiceFacts } from "../../../status/service-facts.ts";
import type { ClusterDeps } from "../cluster-deps.ts";
import { actOnService } from "./act-on-service.ts";
import type { ActionOptions, ActionReport } from "./act-on-service.ts";
import { openService } from "./open-service.ts";
import type { ServiceQuery } from "./open-service.ts";

export interface RestartOptions extends ServiceQuery, Omit<ActionOptions, "command"> {}

/** On the pod template: a new value makes new pods. Helm does not set it, so no later upgrade conflicts with it. */
export const restartAnnotation = `${labelPrefix}/restarted-at`;

/**
 * Makes every pod of a service anew, as each workload's own strategy says. Errors: `not-found` for a service without
 * workloads; `refused` for one whose workloads do not restart by themselves; `changed-meanwhile`.
 */
export async function* restartService(
  deps: ClusterDeps,
  options: RestartOptions,
): AsyncGenerator<ApplyEvent, ActionReport> {
  const service = await openService(deps, options);
  const { facts } = service;
  return yield* actOnService(
    deps,
    { service, options: { ...options, command: "restart" } },
    async (client) => {
      const workloads = await listWorkloads(client, facts);
      const at = new Date(deps.clock.nowMs()).toISOString();
      return {
        changes: workloads.map((one) => ({
          action: "update",
          ref: refOf(one),
          fields: [`spec.template.metadata.annotations.${restartAnnotation}`],
        })),
        work: () => restartAll(client, { facts, workloads, at }),
        before: undefined,
      };
    },
  );
}

async function* restartAll(
  client: ClusterClient,
  {
    facts,
    workloads,
    at,
  }: { readonly facts: ServiceFacts; readonly workloads: readonly LiveObject[]; readonly at: string },
): AsyncGenerator<ApplyEvent, { droppedRelease: undefined }> {
  for (const workload of workloads) {
    const ref = refOf(workload);
    const written = await client.patch(ref, restartPatch(workload, at));
    if (written.type !== "written") {
      throw new OperationError("changed-meanwhile", `${labelRef(ref)} changed while it was being restarted`, {
        subject: facts.unit,
        hint: "run the command again",
      });
    }
    yield { type: "object", unit: facts.unit, ref, outcome: "configured" };
  }
  return { droppedRelease: undefined };
}

function restartPatch(workload: LiveObject, at: string): JsonPatch {
  const path = "/spec/template/metadata/annotations";
  const key = restartAnnotation.replaceAll("~", "~0").replaceAll("/", "~1");
  const hasAny = fieldAt(workload, "spec.template.metadata.annotations") !== undefined;
  return [
    { op: "test", path: "/metadata/uid", value: workload.metadata.uid },
    // a map that is not there must not be made over one that came meanwhile
    ...(hasAny
      ? []
      : ([
          { op: "test", path: "/metadata/resourceVersion", value: workload.metadata.resourceVersion },
          { op: "add", path, value: {} },
        ] as const)),
    { op: "add", path: `${path}/${key}`, value: at },
  ];
}

async function listWorkloads(client: ClusterClient, facts: ServiceFacts): Promise<readonly LiveObject[]> {
  const { namespace, releaseName, unit } = facts;
  const { Deployment, StatefulSet, DaemonSet } = resourceTypes;
  const lists = await Promise.all(
    [Deployment, StatefulSet, DaemonSet].map(async (type) => client.list({ type, namespace })),
  );
  const own = lists
    .flatMap(({ items }) => items)
    .filter((object) => releaseOf(object) === `${namespace}/${releaseName}`);
  if (own.length === 0) {
    throw new OperationError("not-found", `${unit} has nothing that runs`, {
      subject: unit,
      hint: "woow status says why",
    });
  }
  const manual = own.find((object) => fieldAt(object, "spec.updateStrategy.type") === "OnDelete");
  if (manual !== undefined) {
    throw new OperationError(
      "refused",
      `${labelRef(refOf(manual))} replaces its pods only when somebody deletes them (OnDelete)`,
      { subject: unit, hint: `kubectl delete pod -n ${namespace} NAME, one after the other` },
    );
  }
  return own;
}
