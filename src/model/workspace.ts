import type { Service } from "./service.ts";

export const roles = ["owner", "admin", "member", "viewer"] as const;
export type Role = (typeof roles)[number];

/** A tenant: one namespace with its quota, members and services. */
export interface Workspace {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly quota: Quota;
  readonly drift: "repair" | "report";
  /** Users by role, each list sorted and without doubles; roles nobody has are left out. */
  readonly members: ReadonlyMap<Role, readonly string[]>;
  /** Every host allotted to the namespace, sorted. */
  readonly hosts: readonly string[];
  /** Sorted by reference id. */
  readonly services: readonly Service[];
}

/** Hard limits; vCPU and Gi. */
export interface Quota {
  readonly vcpu: number;
  readonly ramGb: number;
  readonly limitsVcpu: number;
  readonly limitsRamGb: number;
  readonly persistentVolumeClaims: number;
  readonly storageGb: number;
}
