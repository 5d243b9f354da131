import type { WritableObject, WriteResult } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import type { OperationError } from "../errors.ts";
import type { DesiredUnit } from "./desired-unit.ts";
import type { Observation } from "./observation.ts";
import type { PlanDecisions } from "./plan-decisions.ts";
import type { QuotaModel } from "./quota/service-use.ts";
import type { ClientAddresses } from "./service/client-addresses.ts";

/** All that a plan is made from; nothing else is looked at. */
export interface PlanInput {
  /** Name of the platform: who owns the cluster. */
  readonly platform: string;
  /** Name of the cluster in platform.yaml. */
  readonly cluster: string;
  readonly currency: string;
  /** Where this platform keeps its revisions. */
  readonly records: "local" | "cluster";
  /** Selected units and what they need. */
  readonly units: readonly DesiredUnit[];
  /** Addresses among them that were not named: made when missing, else left alone. */
  readonly prerequisites: ReadonlySet<string>;
  /** Workspaces among the prerequisites of which nothing is needed but that they let go of hosts. */
  readonly releasing?: ReadonlySet<string>;
  /** Every workspace and service that has a file, sound or not, selected or not: none of these is ever removed. */
  readonly present: ReadonlySet<string>;
  /** Workspaces with a problem: nothing in them is ever pruned. */
  readonly sickWorkspaces: ReadonlySet<string>;
  /** True for an address the selection covers, defined or gone: nothing outside is pruned. */
  readonly covers: (address: string) => boolean;
  /** Monthly price by template id, for services that are gone from git. */
  readonly prices: ReadonlyMap<string, number>;
  readonly observation: Observation;
  /** Chart jobs in paas-charts. */
  readonly jobs: readonly LiveObject[];
  /** Secrets of Helm releases, metadata only. */
  readonly releases: readonly LiveObject[];
  /** By release name: workloads and Services that the newest release made and that are gone. */
  readonly missing?: ReadonlyMap<string, readonly ObjectRef[]> | undefined;
  /** Workspaces and templates as git has them, for what services ask for and cost; left out: quotas are not looked at. */
  readonly model?: QuotaModel | undefined;
  /** Whether Traefik sees who calls; left out where no unit is private. */
  readonly clientAddresses?: ClientAddresses | undefined;
  readonly decisions: PlanDecisions;
  /** What stands for a secret that nobody opened. */
  readonly secretPlaceholder: string;
  /** Key of the HMACs that stand for secrets; random, one per plan. */
  readonly salt: string;
}

/** Something only the API server can tell: ask it with a dry run. */
export interface Question {
  /** refKey of the object. */
  readonly key: string;
  readonly ref: ObjectRef;
  /** `create`: `apply` with createOnly. */
  readonly mode: "create" | "apply";
  /** With the uid it must have, for `apply`. */
  readonly object: WritableObject;
  readonly force: boolean;
}

export type Answer =
  | WriteResult
  /** The object to be created is there, without our label; `live` as it is. */
  | { readonly type: "exists"; readonly live: LiveObject }
  | { readonly type: "refused"; readonly error: OperationError }
  | { readonly type: "not-asked" };

/** By the question's key; what is not in it was not asked. */
export type Answers = ReadonlyMap<string, Answer>;
