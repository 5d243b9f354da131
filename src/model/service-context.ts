import type { ProblemList } from "./problem-list.ts";
import type { PlatformSettings } from "./resolve-platform.ts";
import type { IngressHost } from "./service.ts";
import type { Template } from "./template.ts";

/** What a service is resolved against. */
export interface ServiceContext {
  readonly platform: PlatformSettings;
  readonly template: Template;
  readonly hosts: readonly IngressHost[];
  readonly hostOwners: ReadonlyMap<string, string>;
  readonly list: ProblemList;
}
