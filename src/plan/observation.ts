import type { LiveObject } from "../cluster/live-object.ts";
import type { Inventory } from "./inventory.ts";

/** What plan knows of a cluster: one LIST per kind, however many services there are. */
export interface Observation {
  /** uid of kube-system. */
  readonly clusterUid: string;
  /** `v1.35.8+k3s1`. */
  readonly serverVersion: string | undefined;
  readonly inventory: Inventory;
  /**
   * By refKey: everything that carries our platform's label, be it ours or not, and what the inventory names although its label is gone.
   */
  readonly objects: ReadonlyMap<string, LiveObject>;
  /**
   * RoleBindings and NetworkPolicies in our namespaces that are neither ours nor of a service's Helm release, whatever
   * they say of themselves: what somebody added by hand opens a tenant as surely as a changed one.
   */
  readonly foreign: readonly LiveObject[];
  /** Namespaces of workspaces that exist, and whether they are going. */
  readonly namespaces: ReadonlyMap<string, LiveObject>;
  /** Kinds of ours the API server does not know, such as Middleware where Traefik is not installed. */
  readonly missingKinds: ReadonlySet<string>;
}
