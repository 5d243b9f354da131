import type { CatalogLockDefinition } from "./schema/catalog-lock.ts";
import type { CloudAppTemplateDefinition } from "./schema/cloud-app-template.ts";
import type { CloudServiceDefinition } from "./schema/cloud-service.ts";
import type { DomainsDefinition } from "./schema/domains.ts";
import type { PlatformDefinition } from "./schema/platform.ts";
import type { WorkspaceDefinition } from "./schema/workspace.ts";
import type { Source } from "./source.ts";

/** Kind word -> type of the document, as the schemas define it. */
export interface DefinitionTypes {
  Platform: PlatformDefinition;
  CloudAppTemplate: CloudAppTemplateDefinition;
  Workspace: WorkspaceDefinition;
  CloudService: CloudServiceDefinition;
  Domains: DomainsDefinition;
  CatalogLock: CatalogLockDefinition;
}

export type DefinitionKind = keyof DefinitionTypes;

/** One file the user wrote, read and checked against its schema, with the identity its path gives it. */
export interface Definition<K extends DefinitionKind = DefinitionKind> {
  readonly kind: K;
  readonly id: string;
  readonly value: DefinitionTypes[K];
  readonly source: Source;
}

/** A service also knows the workspace folder it lies in. */
export interface ServiceFile extends Definition<"CloudService"> {
  readonly workspaceId: string;
}

/** A chart of one's own under charts/, as far as definitions need it. */
export interface ChartFolder {
  readonly name: string;
  /** From its Chart.yaml. */
  readonly version: string;
  /** Path inside the chart (with `/`) -> content; sorted by path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Everything a repository defines; files with problems are left out and named in the problems. */
export interface Definitions {
  readonly platform: Definition<"Platform"> | undefined;
  readonly templates: ReadonlyMap<string, Definition<"CloudAppTemplate">>;
  readonly workspaces: ReadonlyMap<string, Definition<"Workspace">>;
  readonly services: readonly ServiceFile[];
  readonly domains: Definition<"Domains"> | undefined;
  readonly charts: ReadonlyMap<string, ChartFolder>;
  /** catalog.lock.yaml, and the packed charts beside it by the SHA-256 of their bytes. */
  readonly lock?: Definition<"CatalogLock"> | undefined;
  readonly lockedBytes?: ReadonlyMap<string, Uint8Array> | undefined;
  /**
   * Workspaces and services that exist as files, sound or not: what is only unreadable must never look like a
   * deletion. Addressed as units are.
   */
  readonly present: ReadonlySet<string>;
}
