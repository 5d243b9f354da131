import { OperationError } from "../errors.ts";
import {
  admissionDigestLabel,
  admissionProbeMessage,
  admissionProbeName,
} from "../constructs/admission/admission-probe.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { systemNamespace } from "../model/names.ts";
import type { Change, UnitPlan } from "../plan/change.ts";
import type { ApplyChangeDeps } from "./apply-change.ts";

/** A new binding takes about a second to bite (tried); an API server that is short of CPU takes longer. */
const forceMs = 30_000;
const pollMs = 250;

const bindingKind = "ValidatingAdmissionPolicyBinding";
const kinds: ReadonlySet<string> = new Set(["ValidatingAdmissionPolicy", bindingKind]);

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
  const digest = digestOf(probe);
  if (digest === undefined) return;
  const changed = unit.changes.filter(
    (change) => isWritten(change) && change.ref.name === admissionProbeName,
  );
  if (changed.length === probe.length) return awaitRefusal(digest, deps);
  // should this process end in between, the next plan finds the probe changed
  const anew = `${digest}-${deps.clock.nowMs()}`;
  const text = JSON.stringify(probe).replaceAll(digest, anew);
  for (const object of JSON.parse(text) as Manifest[]) await deps.client.apply(object);
  await awaitRefusal(anew, deps);
  for (const object of probe) await deps.client.apply(object);
}

async function awaitRefusal(digest: string, { client, clock, signal }: ApplyChangeDeps): Promise<void> {
  const probe = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: admissionProbeName,
      namespace: systemNamespace,
      labels: { [admissionDigestLabel]: digest },
    },
  };
  const wanted = admissionProbeMessage(digest);
  const until = clock.monotonicMs() + forceMs;
  for (;;) {
    try {
      await client.create(probe, { dryRun: true });
    } catch (error) {
      if (!(error instanceof OperationError) || error.code !== "forbidden") throw error;
      if (error.message.includes(wanted)) return;
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

function digestOf(probe: readonly Manifest[]): string | undefined {
  const { spec } = (probe.find(({ kind }) => kind === bindingKind) ?? {}) as {
    readonly spec?: {
      readonly matchResources?: {
        readonly objectSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
      };
    };
  };
  return spec?.matchResources?.objectSelector?.matchLabels?.[admissionDigestLabel];
}
