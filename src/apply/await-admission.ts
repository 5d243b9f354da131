import { OperationError } from "../errors.ts";
import {
  admissionDigestLabel,
  admissionProbeMessage,
  admissionProbeName,
} from "../constructs/admission/admission-probe.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { systemNamespace } from "../model/names.ts";
import type { Change, UnitPlan } from "../plan/change.ts";
import type { ApplyChangeDeps } from "./apply-change.ts";

/** A new binding takes about a second to bite (tried); an API server that is short of CPU takes longer. */
const forceMs = 30_000;
const pollMs = 250;

const policyKind = "ValidatingAdmissionPolicy";
const bindingKind = "ValidatingAdmissionPolicyBinding";
const kinds: ReadonlySet<string> = new Set([policyKind, bindingKind]);

/** What a run knows of the policies, so that it proves once, and before the first tenant, that they are in force. */
export interface AdmissionProof {
  /** After a unit's work: waits where it wrote policies. Errors: those of `awaitAdmission`. */
  afterUnit(unit: UnitPlan, manifests: readonly Manifest[]): Promise<void>;
  /**
   * Before a unit's work: where it makes a tenant's namespace and this run wrote no policies, those that stand there
   * are asked for by one dry run. Whoever wrote them may have ended before they were read.
   * Errors: `unavailable` as for those written, `refused` when there are none.
   */
  beforeUnit(unit: UnitPlan): Promise<void>;
}

/** All workspaces of a run wait for the same proof. */
export function createAdmissionProof(deps: ApplyChangeDeps): AdmissionProof {
  let proof: Promise<void> | undefined;
  return {
    async afterUnit(unit, manifests) {
      if (!writesPolicies(unit)) return;
      await awaitAdmission({ unit, manifests }, deps);
      proof = Promise.resolve();
    },
    async beforeUnit(unit) {
      if (!makesTenant(unit)) return;
      proof ??= awaitStanding(deps);
      await proof;
    },
  };
}

function makesTenant({ workspaceId, changes }: UnitPlan): boolean {
  if (workspaceId === undefined) return false;
  return changes.some(
    ({ ref, action, reason }) =>
      ref.kind === "Namespace" && (action === "create" || action === "replace" || reason === "adoption"),
  );
}

/** True when a unit's work wrote policies that must be in force before anything is put behind them. */
export function writesPolicies(unit: UnitPlan): boolean {
  return unit.changes.some(isWritten);
}

function isWritten({ action, ref }: Change): boolean {
  return kinds.has(ref.kind) && action !== "none" && action !== "prune";
}

/**
 * Waits until the API server refuses, in a dry run, what the probe of today's policies refuses. It was written after
 * all others and carries their digest, so they are in force too. Where others were put right and the probe was as it
 * should be, it is written anew, or it would be refused at once. With several API servers this is the one that answers.
 * Errors: `unavailable` when it still is not refused after 30 s.
 */
export async function awaitAdmission(
  { unit, manifests }: { readonly unit: UnitPlan; readonly manifests: readonly Manifest[] },
  deps: ApplyChangeDeps,
): Promise<void> {
  const probe = manifests.filter(
    ({ kind, metadata }) => kinds.has(kind) && metadata.name === admissionProbeName,
  );
  const digest = digestOf(probe.find(({ kind }) => kind === bindingKind));
  if (digest === undefined) return;
  const changed = unit.changes.filter(
    (change) => isWritten(change) && change.ref.name === admissionProbeName,
  );
  const refusalOf = (of: string) => ({ digest: of, message: admissionProbeMessage(of) });
  if (changed.length === probe.length) return awaitRefusal(refusalOf(digest), deps);
  // should this process end in between, the next plan finds the probe changed
  const anew = `${digest}-${deps.clock.nowMs()}`;
  const text = JSON.stringify(probe).replaceAll(digest, anew);
  for (const object of JSON.parse(text) as Manifest[]) await deps.client.apply(object);
  await awaitRefusal(refusalOf(anew), deps);
  for (const object of probe) await deps.client.apply(object);
}

/** The policies that stand in the cluster need not be today's: a selection leaves the platform's as they are. */
async function awaitStanding(deps: ApplyChangeDeps): Promise<void> {
  const refOfKind = (kind: string): ObjectRef => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    namespace: undefined,
    name: admissionProbeName,
  });
  const [policy, binding] = await Promise.all(
    [policyKind, bindingKind].map(async (kind) => deps.client.get(refOfKind(kind))),
  );
  const digest = digestOf(binding);
  const message = messageOf(policy);
  if (digest === undefined || message === undefined) {
    throw new OperationError(
      "refused",
      "the admission policies that keep tenants apart are not in the cluster: no new workspace is made without them",
      {
        subject: `ValidatingAdmissionPolicy ${admissionProbeName}`,
        hint: "woow plan shows what the platform unit lacks and whether it is on hold; apply the whole platform first",
      },
    );
  }
  await awaitRefusal({ digest, message }, deps);
}

/** A dry run that the API server refuses once it has read the probe. */
interface Refusal {
  /** The label of what is sent. */
  readonly digest: string;
  /** What the refusal says. */
  readonly message: string;
}

async function awaitRefusal(
  { digest, message }: Refusal,
  { client, clock, signal }: ApplyChangeDeps,
): Promise<void> {
  const probe = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: admissionProbeName,
      namespace: systemNamespace,
      labels: { [admissionDigestLabel]: digest },
    },
  };
  const until = clock.monotonicMs() + forceMs;
  for (;;) {
    try {
      await client.create(probe, { dryRun: true });
    } catch (error) {
      if (!(error instanceof OperationError) || error.code !== "forbidden") throw error;
      if (error.message.includes(message)) return;
      // a right that is missing will not come by waiting
      if (!error.message.includes(admissionProbeName)) throw error;
    }
    signal.throwIfAborted();
    if (clock.monotonicMs() >= until) {
      throw new OperationError(
        "unavailable",
        `the admission policies are written, but ${forceMs / 1000} s later the API server does not act on them`,
        {
          subject: `ValidatingAdmissionPolicy ${admissionProbeName}`,
          hint: "nothing of a tenant was written; look at the API server's log, then run apply again",
        },
      );
    }
    await clock.sleep(pollMs, signal);
  }
}

function digestOf(binding: object | undefined): string | undefined {
  const { spec } = (binding ?? {}) as {
    readonly spec?: {
      readonly matchResources?: {
        readonly objectSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
      };
    };
  };
  return spec?.matchResources?.objectSelector?.matchLabels?.[admissionDigestLabel];
}

function messageOf(policy: object | undefined): string | undefined {
  const { spec } = (policy ?? {}) as {
    readonly spec?: { readonly validations?: readonly { readonly message?: string }[] };
  };
  return spec?.validations?.[0]?.message;
}
