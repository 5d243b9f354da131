import type { ObjectRef } from "../cluster/object-ref.ts";

/** `definitionHash` of a unit that git does not define: SHA-256 of nothing. */
export const noDefinition = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Why a unit is left alone by reconcile and apply. */
export type Hold =
  /** `woow suspend`: until `woow resume`. */
  | { readonly type: "suspended"; readonly by: string; readonly at: string; readonly reason: string }
  /** A rollback: until the definition is another than the one that was rolled back from. */
  | {
      readonly type: "rollback";
      readonly by: string;
      readonly at: string;
      readonly revision: number;
      readonly whileDefinition: string;
    };

/** What the cluster remembers of one unit. */
export interface UnitRecord {
  /** `platform`, `WORKSPACE` or `WORKSPACE/REFERENCE_ID`. */
  readonly unit: string;
  /** What this unit owns or was about to own; written before the objects are. */
  readonly objects: readonly ObjectRef[];
  /** `#12`; services only, given at the first apply and never again to another. */
  readonly deploymentId: string | undefined;
  readonly hold: Hold | undefined;
  /**
   * Dotted Helm paths whose values are or ever were secret; grows only. A plan hides what stands there. Undefined
   * when nobody wrote them down: then a plan hides every text it replaces.
   */
  readonly secretKeys?: readonly string[] | undefined;
}

/** One part of the inventory: the platform unit's, or a workspace's with its services. */
export interface InventoryPart {
  /** `platform` or a workspace id. */
  readonly owner: string;
  readonly units: readonly UnitRecord[];
  /** Precondition of its next write; undefined when it is not stored yet. */
  readonly resourceVersion: string | undefined;
  readonly uid: string | undefined;
}

/** Whose cluster it is, as the first apply recorded it. */
export interface ClusterClaim {
  readonly platform: string;
  /** uid of kube-system. */
  readonly clusterUid: string;
  readonly records: "local" | "cluster";
  /** The highest number given to a service so far. */
  readonly lastDeploymentId: number;
  readonly resourceVersion: string | undefined;
  readonly uid: string | undefined;
}

/** Everything the cluster knows of what we own there. */
export interface Inventory {
  /** Undefined before the first apply. */
  readonly claim: ClusterClaim | undefined;
  /** By owner. */
  readonly parts: ReadonlyMap<string, InventoryPart>;
}
