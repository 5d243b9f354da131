import { labelRef, refKey } from "../cluster/object-ref.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import { findMissing } from "./find-missing.ts";
import type { ReleasedWorkload } from "./release-content.ts";
import type { WorkloadFacts } from "./service-observation.ts";
import type { Finding, ServiceCase, Verdict } from "./verdict.ts";

/** How many of the objects that are gone a sentence names. */
const mostNamed = 3;

/** What the release made and somebody took away: Helm looks at its objects only when it runs. */
export function assessContent(subject: ServiceCase): Verdict | undefined {
  const { content, observation, facts } = subject;
  if (content === undefined) return undefined;
  const missing = findMissing(content, (ref) => isThere(ref, subject));
  const [first] = missing;
  if (first !== undefined) {
    return {
      state: "error",
      isFinal: true,
      reason: {
        code: "object-missing",
        message: `${listRefs(missing)} of the release ${missing.length === 1 ? "is" : "are"} gone: somebody deleted what the chart made`,
        ref: first,
        hint: `woow apply -s ${facts.unit} runs the chart again, which makes it anew`,
      },
    };
  }
  const going = content.workloads
    .map(({ ref }) => observation.workloadsByRef.get(refKey(ref)))
    .find((live) => live?.deletedMs !== undefined);
  if (going !== undefined) {
    return {
      state: "error",
      isFinal: false,
      reason: {
        code: "object-missing",
        message: `${labelRef(going.ref)} of the release is being deleted: somebody deleted what the chart made`,
        ref: going.ref,
        hint: `once it is gone, woow apply -s ${facts.unit} runs the chart again, which makes it anew`,
      },
    };
  }
  const stopped = scaledWorkloads(subject).find(({ live }) => live.wanted === 0);
  return stopped === undefined ? undefined : { state: "error", isFinal: true, reason: scaledToZero(stopped) };
}

/** A Service that selects pods always has an EndpointSlice, so its absence is seen without a list of Services. */
function isThere(ref: ObjectRef, { observation }: ServiceCase): boolean {
  if (ref.kind !== "Service") return observation.workloadsByRef.has(refKey(ref));
  const key = `${ref.namespace ?? ""}/${ref.name}`;
  return observation.endpoints.has(key) || observation.details?.services.has(key) === true;
}

function listRefs(refs: readonly ObjectRef[]): string {
  const named = refs.slice(0, mostNamed).map(labelRef).join(", ");
  return refs.length > mostNamed ? `${named} and ${refs.length - mostNamed} more` : named;
}

interface Scaled {
  readonly made: ReleasedWorkload;
  readonly replicas: number;
  readonly live: WorkloadFacts;
}

/** Those that ask for another number of pods than the chart gave them. */
function scaledWorkloads({ content, observation }: ServiceCase): readonly Scaled[] {
  return (content?.workloads ?? []).flatMap((made) => {
    const live = observation.workloadsByRef.get(refKey(made.ref));
    const { replicas } = made;
    if (live === undefined || replicas === undefined || live.wanted === replicas) return [];
    return [{ made, replicas, live }];
  });
}

function scaledToZero({ made, replicas }: Scaled): Finding {
  const { kind, namespace = "", name } = made.ref;
  return {
    code: "scaled-to-zero",
    message: `${labelRef(made.ref)} was scaled to 0 pods; the release has ${replicas}`,
    ref: made.ref,
    hint: `kubectl scale -n ${namespace} ${kind.toLowerCase()}/${name} --replicas=${replicas} undoes it; woow leaves it alone, for Helm would fail on a field that somebody else holds`,
  };
}

/** Where somebody, or an autoscaler of their own, changed a number that the chart sets. */
export function warnOfContent(subject: ServiceCase): readonly Finding[] {
  return scaledWorkloads(subject)
    .filter(({ made, live }) => made.setsReplicas && live.wanted > 0)
    .map(({ made, replicas, live }) => ({
      code: "scaled",
      message: `${labelRef(made.ref)} was scaled to ${live.wanted} pods; the release has ${replicas}`,
      ref: made.ref,
      hint: "an upgrade that changes this number will fail, because somebody else holds the field; scale it back before",
    }));
}
