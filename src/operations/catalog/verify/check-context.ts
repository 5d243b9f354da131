import type { Template } from "../../../model/template.ts";
import type { FindingList } from "./finding.ts";
import type { Rendering } from "./rendered-objects.ts";
import type { SampleService } from "./sample-service.ts";

/** What a check over a rendering is given. */
export interface CheckContext {
  readonly template: Template;
  /** Whose rendering it is. */
  readonly sample: SampleService;
  readonly rendering: Rendering;
  readonly findings: FindingList;
}
