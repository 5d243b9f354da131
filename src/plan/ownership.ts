import type { LiveObject } from "../cluster/live-object.ts";
import { labelPrefix } from "../constructs/labels.ts";
import { ownFields } from "./field-holders.ts";

const platformLabel = `${labelPrefix}/platform`;
const unitLabel = `${labelPrefix}/unit`;
/** What K3s writes on everything it applies from its manifests directory. */
const addonPrefix = "objectset.rio.cattle.io/";

/** Whose an object is. */
export type Owner =
  | "ours"
  | { readonly platform: string }
  /** K3s applied it from its manifests directory, where `woow synth --manifests-dir` publishes too. */
  | "manifests-directory"
  | "nobody";

/** Whose a live object is, by its labels and by who applied it. */
export function ownerOfObject(live: LiveObject, platform: string): Owner {
  const { labels = {}, annotations = {} } = live.metadata;
  const label = labels[platformLabel];
  if (label !== undefined && label !== platform) return { platform: label };
  if (ownFields(live) !== undefined) return "ours";
  const marks = [...Object.keys(labels), ...Object.keys(annotations)];
  if (marks.some((key) => key.startsWith(addonPrefix))) return "manifests-directory";
  return label === undefined ? "nobody" : "ours";
}

/** The unit that an object's label names; undefined without one. */
export function unitOfObject(live: LiveObject): string | undefined {
  // a label has no slash, so the unit `123/n8n-01` stands there as `123.n8n-01`
  return live.metadata.labels?.[unitLabel]?.replace(".", "/");
}
