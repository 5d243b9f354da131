import type { ObjectRef } from "../../../cluster/object-ref.ts";
import type { FieldChange } from "../../../plan/change.ts";

/** One object of a chart before and after, already masked: never holds a secret. */
export interface RenderedChange {
  /** `delete`: Helm deletes it with the upgrade, unless `keeps`. */
  readonly action: "create" | "update" | "delete";
  /** The namespace is the one the chart sets itself, else undefined. */
  readonly ref: ObjectRef;
  /** The chart's file it comes from, for example web/templates/service.yaml. */
  readonly file: string;
  /** Hooks it runs as, such as pre-upgrade; empty for an object that stays. */
  readonly hooks: readonly string[];
  /** True for one that goes from the chart and stays in the cluster: `helm.sh/resource-policy: keep`. */
  readonly keeps: boolean;
  /** Of an update only. */
  readonly fields: readonly FieldChange[];
}

/** Why the upgrade would fail. */
export interface RenderFailure {
  /** `chart-missing`: no such chart or version; `chart-unavailable`: no answer; `render-failed`: Helm refuses it. */
  readonly code: "chart-missing" | "chart-unavailable" | "render-failed";
  readonly message: string;
  readonly hint: string;
}

/** What the change of one service means for the objects its chart makes. */
export interface ServiceRendering {
  readonly unit: string;
  /** Name and version of the chart, `web 1.0.0`; before: undefined for a service that is new. */
  readonly chartBefore: string | undefined;
  readonly chartAfter: string;
  /** Present: what is in git cannot be rendered, and `changes` is empty. */
  readonly failure: RenderFailure | undefined;
  /** Sentences on what this comparison does not see. */
  readonly notes: readonly string[];
  readonly changes: readonly RenderedChange[];
  readonly unchanged: number;
}
