import type { QuotaKey } from "../../model/quota-use.ts";

/** What a workspace's quota is used for and what its services cost, now and after the plan. All its services count, selected or not. */
export interface WorkspaceUse {
  readonly workspace: string;
  /** Monthly, in the platform's currency. */
  readonly costBefore: number;
  readonly costAfter: number;
  /** In the order a file's `quota:` has them. */
  readonly quota: readonly QuotaRow[];
}

/** One number of a quota; vCPU, Gi or a count. */
export interface QuotaRow {
  readonly resource: QuotaKey["name"];
  /** What the services in the cluster ask for, and what those of git will. */
  readonly askedBefore: number;
  readonly askedAfter: number;
  /** What Kubernetes counts; undefined while there is no quota in the cluster, or it has counted nothing yet. */
  readonly used: number | undefined;
  /** What it counts now, and what this plan asks for on top. */
  readonly usedAfter: number | undefined;
  /** The limit as it is in the cluster; undefined for a new workspace. */
  readonly hardBefore: number | undefined;
  readonly hard: number;
}
