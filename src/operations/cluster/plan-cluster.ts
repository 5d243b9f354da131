import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { refOf } from "../../cluster/object-ref.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import { OperationError } from "../../errors.ts";
import { chartsNamespace } from "../../model/names.ts";
import type { Plan } from "../../plan/change.ts";
import { draftPlan, makePlan } from "../../plan/make-plan.ts";
import { withoutReleased } from "../../plan/released-objects.ts";
import { isPrivate } from "../../plan/service/client-addresses.ts";
import type { Observation } from "../../plan/observation.ts";
import type { PlanDecisions } from "../../plan/plan-decisions.ts";
import type { Answer, Answers, PlanInput, Question } from "../../plan/plan-input.ts";
import { secretPlaceholder } from "../open-secrets.ts";
import { coversAddress } from "../select-units.ts";
import { checkIdentity } from "./check-identity.ts";
import { makeSalt } from "./cluster-deps.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import type { DesiredCluster } from "./load-desired.ts";
import { kindsOf, observeCluster } from "./observe-cluster.ts";
import { observeReleases } from "./observe-releases.ts";
import type { ReleasesObserved } from "./observe-releases.ts";
import { readClientAddresses } from "./read-client-addresses.ts";

export interface PlanClusterOptions {
  readonly client: ClusterClient;
  readonly deps: Pick<ClusterDeps, "memory" | "randomBytes" | "contents">;
  readonly desired: DesiredCluster;
  readonly decisions: PlanDecisions;
  /** Only these units are looked at and planned. Left out: all that the selection covers. */
  readonly units?: ReadonlySet<string> | undefined;
  /** What became of what Helm made, as it was seen a moment ago; left out: it is looked at. */
  readonly releases?: ReleasesObserved | undefined;
  /** Key of the stand-ins for secrets; left out: a new one. */
  readonly salt?: string;
}

/** A plan and what it was made from. */
export interface PlannedCluster {
  readonly plan: Plan;
  readonly observation: Observation;
  readonly salt: string;
  readonly releases: ReleasesObserved;
}

/** Reads the cluster, asks the API server about what a list cannot tell, and makes the plan. Dry runs only. */
export async function planCluster(options: PlanClusterOptions): Promise<PlannedCluster> {
  const { client, deps, desired, decisions } = options;
  const salt = options.salt ?? makeSalt(deps);
  const { platform, cluster } = desired;
  const only = options.units;
  const units = only === undefined ? desired.units : desired.units.filter(({ address }) => only.has(address));
  const [observed, jobs, releases, clientAddresses] = await Promise.all([
    observeCluster(client, {
      platform: platform.name,
      kinds: kindsOf(
        units.flatMap(({ manifests }) => manifests),
        { withOpening: only === undefined || [...only].some((address) => !address.includes("/")) },
      ),
      units: only,
    }),
    client.list({ type: resourceTypes.Job, namespace: chartsNamespace }),
    // by type too: labels alone may stand on a Secret that is not Helm's, and a failed record is deleted
    client.list({
      type: resourceTypes.Secret,
      labelSelector: "owner=helm",
      fieldSelector: "type=helm.sh/release.v1",
      metadataOnly: true,
    }),
    units.some(isPrivate) ? readClientAddresses(client, { isManaged: platform.traefik.manage }) : undefined,
  ]);
  const observation: Observation = {
    ...observed,
    foreign: withoutReleased(observed.foreign, {
      releases: releases.items,
      jobs: jobs.items,
      charts: ourCharts(desired, observed),
    }),
  };
  checkIdentity({ observation, desired, client, memory: deps.memory });
  const seen =
    options.releases ??
    (await observeReleases(client, {
      services: units.flatMap(({ service }) => service ?? []),
      releases: releases.items,
      contents: deps.contents,
    }));
  const input: PlanInput = {
    platform: platform.name,
    cluster: cluster.name,
    currency: platform.currency,
    records: platform.records,
    units,
    prerequisites: desired.prerequisites,
    releasing: desired.releasing,
    present: withoutSettled(desired, only),
    sickWorkspaces: desired.sickWorkspaces,
    covers: (address) => only?.has(address) !== false && coversAddress(desired.selection, address),
    prices: new Map([...platform.templates].map(([id, { monthlyPrice }]) => [id, monthlyPrice])),
    model: readModel(desired, only),
    clientAddresses,
    observation,
    jobs: jobs.items,
    releases: releases.items,
    missing: seen.missing,
    decisions,
    secretPlaceholder,
    salt,
  };
  const draft = draftPlan(input);
  if (draft.questions.length === 0) return { plan: draft.plan, observation, salt, releases: seen };
  const answers = await askQuestions(client, draft.questions);
  return { plan: makePlan(input, answers), observation, salt, releases: seen };
}

/** Left out where only units without services are looked at: then nothing is asked for, and no charts are listed. */
function readModel(
  { platform, cluster }: DesiredCluster,
  only: ReadonlySet<string> | undefined,
): PlanInput["model"] {
  if (only !== undefined && ![...only].some((address) => address.includes("/"))) return undefined;
  const { templates, maxQuota } = platform;
  return { workspaces: new Map(cluster.workspaces.map((one) => [one.id, one])), templates, maxQuota };
}

/** Names of the HelmCharts of services, wanted, known or there; also of those that are not looked at now. */
function ourCharts(desired: DesiredCluster, { inventory, objects }: Observation): ReadonlySet<string> {
  const refs = [
    ...desired.units.flatMap(({ manifests }) => manifests.map(refOf)),
    ...[...inventory.parts.values()].flatMap(({ units }) => units.flatMap((unit) => unit.objects)),
    ...[...objects.values()].map(refOf),
  ];
  const isChart = ({ kind, namespace }: ObjectRef) => kind === "HelmChart" && namespace === chartsNamespace;
  return new Set(refs.filter(isChart).map(({ name }) => name));
}

/**
 * Without the units that need no second look: they are sound, so a workspace is not "seen in part" for want of them.
 */
function withoutSettled(
  { present, units }: DesiredCluster,
  only: ReadonlySet<string> | undefined,
): ReadonlySet<string> {
  if (only === undefined) return present;
  const settled = new Set(units.map(({ address }) => address).filter((address) => !only.has(address)));
  return new Set([...present].filter((address) => !settled.has(address)));
}

async function askQuestions(client: ClusterClient, questions: readonly Question[]): Promise<Answers> {
  const answers = await Promise.all(
    questions.map(async (question) => [question.key, await askQuestion(client, question)] as const),
  );
  return new Map(answers);
}

/** A refusal is an answer too: plan says it, and writes nothing. */
async function askQuestion(client: ClusterClient, question: Question): Promise<Answer> {
  const { mode, object, force } = question;
  try {
    if (mode === "apply") return await client.apply(object, { dryRun: true, force });
    const made = await client.apply(object, { dryRun: true, createOnly: true });
    // with other values in it, the object that is there answers as a conflict
    if (made.type === "written") return made;
    const live = await client.get(refOf(object));
    // it is not there: what it refers to is not there yet either, such as the role of a binding
    return live === undefined ? { type: "not-asked" } : { type: "exists", live };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    if (error.code === "forbidden" && isMissingRight(error)) return { type: "not-asked" };
    if (["forbidden", "invalid", "quota-exceeded", "not-found", "terminating"].includes(error.code))
      return { type: "refused", error };
    throw error;
  }
}

/** Without the right to patch, plan predicts and says so; a policy's refusal is another matter. */
function isMissingRight({ message }: OperationError): boolean {
  return /cannot patch resource|cannot create resource/.test(message);
}
