import type { Manifest } from "../manifests/manifest.ts";

/** A unit as git says it should be. */
export interface DesiredUnit {
  /** `platform`, `WORKSPACE` or `WORKSPACE/REFERENCE_ID`. */
  readonly address: string;
  /** Undefined for the platform unit. */
  readonly workspaceId: string | undefined;
  readonly manifests: readonly Manifest[];
  /** SHA-256 of the unit's definition as written; a hold after a rollback ends when it is another. */
  readonly definitionHash: string;
  /** Whether drift is put right or only shown. */
  readonly drift: "repair" | "report";
  /** Facts of a service that plan shows; undefined for other units. */
  readonly service: DesiredService | undefined;
}

/** What plan tells of a service beside its objects. */
export interface DesiredService {
  readonly name: string;
  readonly templateId: string;
  readonly releaseName: string;
  readonly namespace: string;
  readonly chartVersion: string;
  /** In the platform's currency. */
  readonly monthlyPrice: number;
  /** Dotted Helm paths that must not change after the first apply, and those that may only grow. */
  readonly createOnlyKeys: readonly string[];
  readonly expandOnlyKeys: readonly string[];
  /** Dotted Helm paths of volume sizes, which a StatefulSet cannot change. */
  readonly storageKeys: readonly string[];
  /** Dotted Helm paths whose values are secret. */
  readonly secretKeys: readonly string[];
}
