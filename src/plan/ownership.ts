import type { LiveObject } from "../cluster/live-object.ts";
import { labelPrefix } from "../constructs/labels.ts";
import { ownFields } from "./compare/field-holders.ts";

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

/**
 * Whose a live object is, by who applied it and by whether the inventory knows it. A label alone says nothing: whoever
 * copies an object copies its labels. K3s' marks stay on an object that was taken over from it, and our fields on one
 * that was given to it: then the inventory decides.
 */
export function ownerOfObject(live: LiveObject, platform: string, isKnown: boolean): Owner {
  const { labels = {}, annotations = {} } = live.metadata;
  const label = labels[platformLabel];
  if (label !== undefined && label !== platform) return { platform: label };
  if (isKnown && ownFields(live) !== undefined) return "ours";
  const marks = [...Object.keys(labels), ...Object.keys(annotations)];
  if (marks.some((key) => key.startsWith(addonPrefix))) return "manifests-directory";
  if (ownFields(live) !== undefined) return "ours";
  return isKnown && label !== undefined ? "ours" : "nobody";
}

/** True for an object that says it is ours; whether it is, `ownerOfObject` knows. */
export function carriesOurLabel({ metadata }: LiveObject, platform: string): boolean {
  return metadata.labels?.[platformLabel] === platform;
}

/** The unit that an object's label names; undefined without one. */
export function unitOfObject(live: LiveObject): string | undefined {
  // a label has no slash, so the unit `123/n8n-01` stands there as `123.n8n-01`
  return live.metadata.labels?.[unitLabel]?.replace(".", "/");
}
