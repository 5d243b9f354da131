import type { TSchema } from "typebox";
import { CatalogLockDefinition } from "./catalog-lock.ts";
import { CloudAppTemplateDefinition } from "./cloud-app-template.ts";
import { CloudServiceDefinition } from "./cloud-service.ts";
import { DomainsDefinition } from "./domains.ts";
import { PlatformDefinition } from "./platform.ts";
import { WorkspaceDefinition } from "./workspace.ts";

/** File name in schemas/ (without `.schema.json`) -> schema. The one list that the generator walks. */
export const schemasByFile: Readonly<Record<string, TSchema>> = {
  platform: PlatformDefinition,
  "cloud-app-template": CloudAppTemplateDefinition,
  workspace: WorkspaceDefinition,
  "cloud-service": CloudServiceDefinition,
  domains: DomainsDefinition,
  "catalog-lock": CatalogLockDefinition,
};
