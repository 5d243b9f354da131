import { createHash } from "node:crypto";
import { parse } from "yaml";
import { getValue, mergeValues, parseHelmPath, setValue } from "../model/helm-values.ts";
import type { HelmValues } from "../model/helm-values.ts";
import type { Manifest } from "../manifests/manifest.ts";

/** What stands for a secret value; only that there is one counts. */
const secretMark = "(secret)";

export interface ComparableOptions {
  /** Dotted Helm paths whose values are secret. */
  readonly secretKeys: readonly string[];
  /** Dotted Helm paths that shall not count. */
  readonly ignoredKeys?: readonly string[];
}

/**
 * A unit's manifests as they can be compared and hashed: a chart's values as Helm will see them, whether they come from
 * the catalog (valuesContent) or from the service (its values Secret), secrets replaced by a mark; of other Secrets only
 * the names of their keys.
 */
export function comparableManifests(manifests: readonly Manifest[], options: ComparableOptions): Manifest[] {
  const valuesSecrets = new Map(
    manifests
      .filter(({ kind }) => kind === "Secret")
      .flatMap((secret) => {
        const values = readValues(decodeText(dataOf(secret)["values.yaml"]));
        return values === undefined ? [] : [[secret.metadata.name, values] as const];
      }),
  );
  return manifests.map((manifest) => {
    if (manifest.kind === "Secret")
      return { ...manifest, data: Object.keys(dataOf(manifest)).sort() } as Manifest;
    if (manifest.kind !== "HelmChart") return manifest;
    const { valuesContent, ...spec } = manifest["spec"] as ChartSpec;
    const over = (spec.valuesSecrets ?? []).map(({ name }) => valuesSecrets.get(name) ?? {});
    const values = over.reduce<HelmValues>(mergeValues, readValues(valuesContent) ?? {});
    return { ...manifest, spec, values: maskValues(values, options) };
  });
}

/** One text for the same manifests, whatever the order of their keys. */
export function describeManifests(manifests: readonly Manifest[], options: ComparableOptions): string {
  return JSON.stringify(sortKeys(comparableManifests(manifests, options)));
}

/** SHA-256, hex, of the manifests without secrets' values. */
export function digestManifests(manifests: readonly Manifest[], options: ComparableOptions): string {
  return createHash("sha256").update(describeManifests(manifests, options)).digest("hex");
}

/** The chart values of a service's manifests, as Helm will see them, secrets masked; undefined without a HelmChart. */
export function comparableValues(
  manifests: readonly Manifest[],
  options: ComparableOptions,
): HelmValues | undefined {
  const chart = comparableManifests(manifests, options).find(({ kind }) => kind === "HelmChart");
  return chart?.["values"] as HelmValues | undefined;
}

interface ChartSpec {
  readonly valuesContent?: string;
  readonly valuesSecrets?: readonly { readonly name: string }[];
}

function dataOf(secret: Manifest): Readonly<Record<string, string>> {
  return (secret["data"] ?? {}) as Readonly<Record<string, string>>;
}

function decodeText(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("utf8");
}

function readValues(text: string | undefined): HelmValues | undefined {
  return text === undefined ? undefined : ((parse(text) ?? {}) as HelmValues);
}

function maskValues(values: HelmValues, { secretKeys, ignoredKeys = [] }: ComparableOptions): HelmValues {
  const masked = structuredClone(values) as Record<string, never>;
  for (const key of [...secretKeys, ...ignoredKeys]) {
    const steps = parseHelmPath(key) ?? [key];
    const isIgnored = ignoredKeys.includes(key);
    if (isIgnored || getValue(masked, steps) !== undefined)
      setValue(masked, steps, isIgnored ? "(any)" : secretMark);
  }
  return masked;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sortKeys(item)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
