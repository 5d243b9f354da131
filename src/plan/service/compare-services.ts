import type { LiveObject } from "../../cluster/live-object.ts";
import type { Manifest } from "../../manifests/manifest.ts";
import { formatHelmPath } from "../../model/helm-values.ts";
import { namespaceName, releaseName } from "../../model/names.ts";
import { diffValues } from "../compare/diff-values.ts";
import { isMap } from "../compare/field-place.ts";
import { mergedValues } from "../compare/live-values.ts";

/** A service as far as it can be recognised under another name. */
export interface ServiceTraits {
  /** Which chart from where, whatever the version. */
  readonly chart: string;
  readonly hosts: ReadonlySet<string>;
  /** By dotted Helm path, as JSON with the names of the service taken out. */
  readonly values: ReadonlyMap<string, string>;
  /** Those of them that are secret and known. */
  readonly secrets: ReadonlyMap<string, string>;
}

export interface ServiceParts {
  /** `WORKSPACE/REFERENCE_ID`. */
  readonly address: string;
  readonly objects: readonly (LiveObject | Manifest)[];
  /** Dotted Helm paths. */
  readonly secretKeys: readonly string[];
  /** What stands for a secret that nobody opened. */
  readonly secretPlaceholder: string;
}

/** So many values may be others, the host among them, and it is still the same service. */
const maxDifferences = 1;

/** What a service is recognised by; undefined where it has no HelmChart. */
export function describeTraits(parts: ServiceParts): ServiceTraits | undefined {
  const { address, objects, secretKeys, secretPlaceholder } = parts;
  const chart = objects.find(({ kind }) => kind === "HelmChart");
  const spec = chart?.["spec"];
  if (chart === undefined || !isMap(spec)) return undefined;
  const valuesSecret = objects.find(({ kind }) => kind === "Secret");
  const hosts = objects.flatMap(listHosts);
  const leaves = diffValues(undefined, mergedValues({ chart, valuesSecret }));
  const values = new Map<string, string>();
  const secrets = new Map<string, string>();
  for (const { path, after } of leaves) {
    const key = formatHelmPath(path);
    const isSecret = secretKeys.some((secret) => key === secret || key.startsWith(`${secret}.`));
    if (!isSecret) values.set(key, withoutNames(after, address, hosts));
    else if (after !== secretPlaceholder) secrets.set(key, JSON.stringify(after));
  }
  return { chart: JSON.stringify([spec["chart"], spec["repo"]]), hosts: new Set(hosts), values, secrets };
}

/**
 * True when one service looks like the other under another name: the same chart, and the same host, or the same
 * secrets, or all but one of its values. Secrets that are all others make two services of it: a new one gets new ones.
 */
export function looksLike(a: ServiceTraits, b: ServiceTraits): boolean {
  if (a.chart !== b.chart) return false;
  if ([...a.hosts].some((host) => b.hosts.has(host))) return true;
  const shared = [...a.secrets.keys()].filter((key) => b.secrets.has(key));
  if (shared.length > 0) return shared.some((key) => a.secrets.get(key) === b.secrets.get(key));
  const keys = new Set([...a.values.keys(), ...b.values.keys()]);
  const others = [...keys].filter((key) => a.values.get(key) !== b.values.get(key)).length;
  const isMoved = a.hosts.size > 0 || b.hosts.size > 0 ? 1 : 0;
  // a host is chosen anew with most renames, so alone it says nothing
  return others === 0 || others + isMoved <= maxDifferences;
}

function listHosts({ kind, ...object }: LiveObject | Manifest): string[] {
  const spec: unknown = (object as Readonly<Record<string, unknown>>)["spec"];
  const rules: unknown = kind === "Ingress" && isMap(spec) ? spec["rules"] : undefined;
  if (!Array.isArray(rules)) return [];
  return rules.flatMap((rule: unknown) =>
    isMap(rule) && typeof rule["host"] === "string" ? rule["host"] : [],
  );
}

function withoutNames(value: unknown, address: string, hosts: readonly string[]): string {
  const [workspace = "", reference = ""] = address.split("/");
  const names: readonly (readonly [string, string])[] = [
    ...hosts.map((host) => [host, "{host}"] as const),
    [releaseName(workspace, reference), "{release_name}"],
    [namespaceName(workspace), "{namespace}"],
  ];
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== "string") return part;
    if (part === workspace || part === reference) return "{id}";
    return names.reduce((text, [name, stand]) => text.replaceAll(name, stand), part);
  });
}
