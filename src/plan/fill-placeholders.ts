import type { LiveObject } from "../cluster/live-object.ts";
import { refKey, refOf } from "../cluster/object-ref.ts";
import { writeYaml } from "../constructs/write-yaml.ts";
import type { Manifest } from "../manifests/manifest.ts";
import type { DesiredUnit } from "./desired-unit.ts";
import { parseValues } from "./compare/diff-values.ts";
import { isMap } from "./compare/field-place.ts";
import type { PlanInput } from "./plan-input.ts";

export interface FilledUnits {
  readonly units: readonly DesiredUnit[];
  /** How many services have secrets that nobody opened. */
  readonly count: number;
}

/**
 * A plan that was made without keys knows nothing of secrets: whatever the cluster has in their places counts as
 * right, so that the rest can be compared.
 */
export function fillPlaceholders({ units, observation, secretPlaceholder }: PlanInput): FilledUnits {
  let count = 0;
  const filled = units.map((unit) => {
    const manifests = unit.manifests.map((manifest) => {
      const live = observation.objects.get(refKey(refOf(manifest)));
      return manifest.kind === "Secret" ? fillSecret(manifest, { live, secretPlaceholder }) : manifest;
    });
    if (manifests.every((manifest, index) => manifest === unit.manifests[index])) return unit;
    count += 1;
    return { ...unit, manifests };
  });
  return { units: filled, count };
}

function fillSecret(
  manifest: Manifest,
  { live, secretPlaceholder }: { readonly live: LiveObject | undefined; readonly secretPlaceholder: string },
): Manifest {
  const [wanted, given] = [valuesOf(manifest), valuesOf(live)];
  if (wanted === undefined || !wanted.includes(secretPlaceholder)) return manifest;
  const values = parseValues(wanted);
  if (values === undefined) return manifest;
  const filled = fill(values, given === undefined ? undefined : parseValues(given), secretPlaceholder);
  const encoded = Buffer.from(writeYaml(filled), "utf8").toString("base64");
  return { ...manifest, data: { "values.yaml": encoded } };
}

function fill(wanted: unknown, given: unknown, secretPlaceholder: string): unknown {
  if (wanted === secretPlaceholder) return given ?? secretPlaceholder;
  if (!isMap(wanted)) return wanted;
  return Object.fromEntries(
    Object.entries(wanted).map(([key, value]) => [
      key,
      fill(value, isMap(given) && Object.hasOwn(given, key) ? given[key] : undefined, secretPlaceholder),
    ]),
  );
}

function valuesOf(object: { readonly [key: string]: unknown } | undefined): string | undefined {
  const data = object?.["data"];
  const encoded = isMap(data) ? data["values.yaml"] : undefined;
  return typeof encoded === "string" ? Buffer.from(encoded, "base64").toString("utf8") : undefined;
}
