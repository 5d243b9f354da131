import type { ClusterClient, WritableObject, WriteResult } from "../cluster/cluster-client.ts";
import type { Clock } from "../cluster/clock.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import { labelRef, refOf } from "../cluster/object-ref.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import { OperationError } from "../errors.ts";
import type { Manifest } from "../manifests/manifest.ts";
import type { Change } from "../plan/change.ts";
import { compareObject } from "../plan/compare/compare-object.ts";
import type { ObjectOutcome } from "./event.ts";

export interface ApplyChangeDeps {
  /** Guarded by the lock: every write checks first that we still hold it. */
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How long a refusal may last that a policy's own delay explains: a new allotment takes a moment to be seen. */
const allotmentMs = 5000;
const allotmentPollMs = 250;
/** How often an object is read again when only its status moved under a delete. */
const maxDeleteTries = 20;
const goneWaitMs = 30_000;
const gonePollMs = 200;

/**
 * Makes one change. What the plan saw is the precondition of every write: a create never touches what is there, an
 * update and a delete carry the uid. A write whose answer was lost may have been done already, so a precondition that
 * fails is believed only after the object was read again.
 * Errors: `changed-meanwhile` when somebody was there in between, `refused` for a conflict, and those of ClusterClient.
 */
export async function applyChange(change: Change, deps: ApplyChangeDeps): Promise<ObjectOutcome> {
  switch (change.action) {
    case "none":
      return "unchanged";
    case "create":
      await createObject(change.desired, deps);
      return "created";
    case "update":
      await updateObject(change, deps);
      return "configured";
    case "replace":
      await deleteObject(change.live, deps);
      await waitUntilGone(refOf(change.live), deps);
      await createObject(change.desired, deps);
      return "configured";
    case "prune":
      await deleteObject(change.live, deps);
      return "pruned";
  }
}

async function createObject(desired: Manifest, deps: ApplyChangeDeps): Promise<void> {
  const result = await writePatiently(desired, deps, async () =>
    deps.client.apply(desired, { createOnly: true }),
  );
  await expectWritten({ desired, result }, deps);
}

async function updateObject(
  change: Extract<Change, { action: "update" }>,
  deps: ApplyChangeDeps,
): Promise<void> {
  const { desired, live, force, removals, ref } = change;
  const object: WritableObject = { ...desired, metadata: { ...desired.metadata, uid: live.metadata.uid } };
  const result = await writePatiently(desired, deps, async () => deps.client.apply(object, { force }));
  await expectWritten({ desired, result, uid: live.metadata.uid }, deps);
  if (removals.length === 0) return;
  const removed = await deps.client.patch(ref, removals);
  if (removed.type === "written") return;
  // sent twice because the first answer was lost: then there is nothing left to remove
  const now = await deps.client.get(ref);
  if (now === undefined || compareObject(desired, now).state !== "unchanged") throw changedMeanwhile(ref);
}

async function expectWritten(
  {
    desired,
    result,
    uid,
  }: { readonly desired: Manifest; readonly result: WriteResult; readonly uid?: string },
  deps: ApplyChangeDeps,
): Promise<void> {
  const ref = refOf(desired);
  if (result.type === "written") return;
  if (result.type === "conflict") {
    const held = result.conflicts.map(({ manager, field }) => `${field} (${manager})`).join(", ");
    throw new OperationError("refused", `${labelRef(ref)}: somebody took fields since the plan: ${held}`, {
      subject: labelRef(ref),
      hint: "run woow plan again: it names the fields and how to decide",
    });
  }
  const now = await deps.client.get(ref);
  const isOurs = now !== undefined && (uid === undefined || now.metadata.uid === uid);
  if (!isOurs || compareObject(desired, now).state !== "unchanged") throw changedMeanwhile(ref);
}

function changedMeanwhile(ref: ObjectRef): OperationError {
  return new OperationError(
    "changed-meanwhile",
    `${labelRef(ref)} was changed by somebody else since the plan`,
    {
      subject: labelRef(ref),
      hint: "nothing was overwritten; run the command again, it plans anew",
    },
  );
}

/** An Ingress may come a moment before the policies have seen the hosts its namespace was allotted. */
async function writePatiently(
  { kind }: Manifest,
  { clock, signal }: ApplyChangeDeps,
  write: () => Promise<WriteResult>,
): Promise<WriteResult> {
  const until = clock.monotonicMs() + (kind === "Ingress" ? allotmentMs : 0);
  for (;;) {
    try {
      return await write();
    } catch (error) {
      const mayPass =
        error instanceof OperationError && (error.code === "forbidden" || error.code === "invalid");
      if (!mayPass || signal.aborted || clock.monotonicMs() >= until) throw error;
    }
    await clock.sleep(allotmentPollMs, signal);
  }
}

/** Deletes with uid and a freshly read resourceVersion; goes on when only the status moved. */
export async function deleteObject(planned: LiveObject, { client, signal }: ApplyChangeDeps): Promise<void> {
  const ref = refOf(planned);
  const before = describeIntent(planned);
  for (let attempt = 0; attempt < maxDeleteTries; attempt++) {
    const live = await client.get(ref);
    if (live === undefined || live.metadata.uid !== planned.metadata.uid) return;
    if (live.metadata.deletionTimestamp !== undefined) return;
    if (describeIntent(live) !== before) throw changedMeanwhile(ref);
    const { uid, resourceVersion } = live.metadata;
    const result = await client.delete(ref, { uid, resourceVersion, propagation: "Background" });
    if (result !== "changed") return;
    signal.throwIfAborted();
  }
  throw changedMeanwhile(ref);
}

/** All of an object that is not status or bookkeeping: what a person could have changed. */
function describeIntent(object: LiveObject): string {
  // lists put apiVersion and kind in another place than single reads
  const { apiVersion: _version, kind: _kind, metadata, status: _status, ...rest } = object;
  const { labels, ownerReferences, deletionTimestamp } = metadata;
  return JSON.stringify([rest, labels, ownerReferences, deletionTimestamp]);
}

export async function waitUntilGone(
  ref: ObjectRef,
  { client, clock, signal }: ApplyChangeDeps,
): Promise<void> {
  const until = clock.monotonicMs() + goneWaitMs;
  for (;;) {
    const live = await client.get(ref);
    if (live === undefined) return;
    if (clock.monotonicMs() >= until) {
      const finalizers = (live.metadata.finalizers ?? []).join(", ") || "none";
      throw new OperationError(
        "unavailable",
        `${labelRef(ref)} is not gone ${goneWaitMs / 1000} s after its deletion`,
        {
          subject: labelRef(ref),
          hint: `finalizers that hold it: ${finalizers}`,
        },
      );
    }
    signal.throwIfAborted();
    await clock.sleep(gonePollMs, signal);
  }
}
