import { createHmac } from "node:crypto";
import type { LiveObject } from "../../cluster/live-object.ts";
import type { Manifest } from "../../manifests/manifest.ts";
import { formatHelmPath } from "../../model/helm-values.ts";
import type { DesiredUnit } from "../desired-unit.ts";
import { diffValues, parseValues } from "./diff-values.ts";
import { isMap } from "./field-place.ts";

/** Hex digits of a digest: 64 bits. */
const digestLength = 16;

/** Digests of what a plan depended on in one live object, by section: `spec.version`, `metadata.labels`, ... */
export type SectionDigests = Readonly<Record<string, string>>;

/**
 * The digest of a desired object. A secret's value never goes in, not even as a digest that somebody could try guesses
 * against: its cipher text does, as part of the definition's own hash.
 */
export function digestDesired(manifest: Manifest, unit: DesiredUnit, salt: string): string {
  if (manifest.kind !== "Secret") return digest(manifest, salt);
  const { data: _data, ...rest } = manifest;
  return digest([rest, plainValues(manifest, unit), unit.definitionHash], salt);
}

/** The values of a values Secret that stand in plain text in its service file. */
function plainValues({ data }: Manifest, { service }: DesiredUnit): unknown {
  const encoded = isMap(data) ? data["values.yaml"] : undefined;
  if (typeof encoded !== "string" || service === undefined) return undefined;
  const values = parseValues(Buffer.from(encoded, "base64").toString("utf8"));
  const secret = new Set(service.secretKeys);
  return diffValues(undefined, values)
    .map(({ path, after }) => [formatHelmPath(path), after] as const)
    .filter(([path]) => !secret.has(path) && ![...secret].some((key) => path.startsWith(`${key}.`)));
}

/**
 * What a plan depends on in a live object: everything but the status and resourceVersion, which controllers move all
 * the time. Of a Secret the resourceVersion stands for its data: nobody but who changes it moves it.
 */
export function digestLive(live: LiveObject, salt: string): SectionDigests {
  const { apiVersion: _version, kind, metadata, status: _status, ...body } = live;
  const { labels, annotations, ownerReferences, finalizers, deletionTimestamp, managedFields } = metadata;
  const sections: Record<string, unknown> = {
    "metadata.labels": labels,
    "metadata.annotations": annotations,
    "metadata.ownerReferences": ownerReferences,
    "metadata.finalizers": finalizers,
    "metadata.deletionTimestamp": deletionTimestamp,
    "metadata.managedFields": managedFields
      ?.filter(({ subresource }) => subresource !== "status")
      .map(({ manager, operation, subresource, fieldsV1 }) => [manager, operation, subresource, fieldsV1]),
  };
  for (const [key, value] of Object.entries(body)) {
    if (kind === "Secret" && key === "data") sections["data"] = metadata.resourceVersion;
    else if (isMap(value)) {
      for (const [inner, part] of Object.entries(value)) sections[`${key}.${inner}`] = part;
    } else sections[key] = value;
  }
  return Object.fromEntries(
    Object.entries(sections)
      .filter(([, value]) => value !== undefined)
      .map(([section, value]) => [section, digest(value, salt)]),
  );
}

/** Of any JSON value; the order of keys says nothing. */
export function digest(value: unknown, salt: string): string {
  return createHmac("sha256", salt).update(stableText(value)).digest("hex").slice(0, digestLength);
}

function stableText(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) =>
      isMap(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
    ) ?? "undefined"
  );
}
