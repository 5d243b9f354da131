import { mergeValues } from "../../model/helm-values.ts";
import type { HelmValues } from "../../model/helm-values.ts";
import { isMap } from "./field-place.ts";
import { parseValues } from "./diff-values.ts";

interface ChartObjects {
  readonly chart: { readonly [key: string]: unknown } | undefined;
  readonly valuesSecret: { readonly [key: string]: unknown } | undefined;
}

/** The chart values a HelmChart and its values Secret make together, as Helm merges them; unreadable parts say nothing. */
export function mergedValues({ chart, valuesSecret }: ChartObjects): HelmValues {
  const spec = chart?.["spec"];
  const content = isMap(spec) ? spec["valuesContent"] : undefined;
  const data = valuesSecret?.["data"];
  const encoded = isMap(data) ? data["values.yaml"] : undefined;
  const fromCatalog = typeof content === "string" ? parseValues(content) : undefined;
  const fromService =
    typeof encoded === "string" ? parseValues(Buffer.from(encoded, "base64").toString("utf8")) : undefined;
  return mergeValues((fromCatalog ?? {}) as HelmValues, (fromService ?? {}) as HelmValues);
}
