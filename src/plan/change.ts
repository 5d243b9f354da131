import type { FieldConflict, JsonPatch } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import type { Manifest } from "../manifests/manifest.ts";
import type { Hold } from "./inventory.ts";
import type { WorkspaceUse } from "./quota/workspace-use.ts";

/** One field before and after, already masked: never holds a secret. */
export interface FieldChange {
  /** Dotted path in the object; inside embedded YAML it goes on after a colon: `spec.valuesContent:image.tag`. */
  readonly path: string;
  /** As YAML on one line or several; undefined = not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** True when the values are stand-ins, equal exactly when the secrets are (HMAC with a salt of this plan). */
  readonly masked: boolean;
  /** Who set the live value, when it was not us. */
  readonly changedBy: { readonly manager: string; readonly at: string | undefined } | undefined;
}

/** Why an object changes. */
export type ChangeReason =
  /** Git says something new. */
  | "definition"
  /** Somebody changed the live object. */
  | "drift"
  /** The object is gone although we made it. */
  | "missing"
  /** It is no longer defined. */
  | "undefined"
  /** Not ours, and it opens what we closed. */
  | "foreign"
  /** It exists already and `--adopt` was said. */
  | "adoption";

interface ChangeBase {
  readonly ref: ObjectRef;
  readonly reason: ChangeReason;
  readonly fields: readonly FieldChange[];
}

/** What is intended for one object. */
export type Change =
  | (ChangeBase & {
      readonly action: "create";
      readonly desired: Manifest;
      /** True: nothing could be asked of the server, its namespace or kind is not there yet. */
      readonly predicted: boolean;
    })
  | (ChangeBase & {
      readonly action: "update";
      readonly desired: Manifest;
      readonly live: LiveObject;
      readonly predicted: boolean;
      readonly conflicts: readonly FieldConflict[];
      /** Removes fields nobody may add there; applied after the server-side apply. */
      readonly removals: JsonPatch;
      /** Fields a person chose to leave to another manager; `desired` no longer has them. */
      readonly kept: readonly string[];
      /** True: fields are taken from other managers, by choice of a person or of the drift policy. */
      readonly force: boolean;
    })
  /** A field that cannot change: deleted and created again. Only with `--replace`. */
  | (ChangeBase & { readonly action: "replace"; readonly desired: Manifest; readonly live: LiveObject })
  | (ChangeBase & { readonly action: "prune"; readonly live: LiveObject })
  | (ChangeBase & { readonly action: "none"; readonly desired: Manifest; readonly live: LiveObject });

export type Action = Change["action"];

/** A failed release or an exhausted Job: work although git did not change. */
export type Recovery =
  /** Same spec, nothing recorded as failed: the finished Job is deleted, so that the controller runs it again. */
  | { readonly type: "rerun-job"; readonly job: LiveObject; readonly why: string }
  /** The newest release is failed: its record is kept in the revision and deleted, then the Job runs. */
  | {
      readonly type: "drop-release-record";
      readonly release: LiveObject;
      readonly job: LiveObject | undefined;
      readonly why: string;
    };

/** Everything intended for one unit. */
export interface UnitPlan {
  readonly address: string;
  readonly workspaceId: string | undefined;
  /** `remove`: the unit is no longer defined. */
  readonly intent: "apply" | "remove";
  readonly changes: readonly Change[];
  readonly recovery: Recovery | undefined;
  /** Present: nothing is done to this unit. */
  readonly hold: Hold | undefined;
  /**
   * Present: nothing can be done to this unit now, such as while its namespace is being deleted. Other workspaces go
   * on.
   */
  readonly blocked?: Pick<Refusal, "code" | "message" | "hint"> | undefined;
  /** Present: applied only once Traefik sees who calls, which the platform unit brings about. */
  readonly waitsFor?: "client-addresses" | undefined;
  /** Namespaces that let go of a host this unit gets: they come first. */
  readonly takesHostsFrom?: readonly string[] | undefined;
  /** Sentences a person should read before saying yes. */
  readonly notes: readonly string[];
  /** Monthly price before and after; undefined when the unit does not exist then, or has none. */
  readonly costBefore: number | undefined;
  readonly costAfter: number | undefined;
}

/** A reason to write nothing at all (exit status 3). */
export interface Refusal {
  readonly code:
    | "other-platform"
    | "other-cluster"
    | "conflict"
    | "exists"
    | "budget"
    | "rename"
    | "create-only"
    | "shrink"
    | "stale"
    | "terminating"
    | "records-mixed"
    | "placeholder"
    | "removal-not-named"
    | "missing-kind"
    | "unverified-chart"
    | "quota"
    | "client-addresses"
    | "host-in-use";
  readonly unit: string | undefined;
  readonly ref: ObjectRef | undefined;
  readonly message: string;
  readonly hint: string | undefined;
}

/** Desired against live, for one cluster. Made without side effects: print it, save it, test it. */
export interface Plan {
  readonly platform: string;
  readonly cluster: string;
  readonly clusterUid: string;
  readonly currency: string;
  /** In the order they are worked on: platform, workspaces, services, then removals. */
  readonly units: readonly UnitPlan[];
  /** Workspaces that are worked on: what their quotas are used for, and what they cost. */
  readonly workspaces?: readonly WorkspaceUse[];
  readonly refusals: readonly Refusal[];
  /** About the whole, such as "one catalog edit changes 40 services". */
  readonly notes: readonly string[];
}
