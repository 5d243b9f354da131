import { createHash } from "node:crypto";
import { isMapValue, mergeValues } from "../../../model/helm-values.ts";
import type { HelmValues } from "../../../model/helm-values.ts";
import { parseValues } from "../../../plan/compare/diff-values.ts";
import type { ChartRequest } from "../../catalog/verify/helm-client.ts";

/** An object as it is or should be. */
type AnyObject = { readonly [key: string]: unknown };

/** A HelmChart and its values Secret, desired or live. */
export interface ChartObjects {
  readonly chart: AnyObject;
  readonly valuesSecret: AnyObject | undefined;
}

/** What K3s' job would give to helm. */
export interface ChartInput {
  readonly request: ChartRequest;
  readonly namespace: string;
  /** Both parts merged, the Secret's last. */
  readonly values: HelmValues;
  /** Fields of the HelmChart that have a say and are not followed here. */
  readonly ignored: readonly string[];
}

export type ReadInput =
  { readonly ok: true; readonly input: ChartInput } | { readonly ok: false; readonly message: string };

/** A person or another controller may have added these; ours never have them. */
const unfollowed = ["set", "values", "bootstrap", "helmVersion"] as const;

/** Reads where the chart comes from and what values it gets. Messages hold no value of either. */
export function readChartInput({ chart, valuesSecret }: ChartObjects): ReadInput {
  const spec = mapAt(chart, "spec");
  const request = readSource(spec);
  if (typeof request === "string") return { ok: false, message: request };
  const [content, encoded] = [spec["valuesContent"], mapAt(valuesSecret, "data")["values.yaml"]];
  const fromChart = typeof content === "string" ? parseValues(content) : {};
  if (fromChart === undefined) return { ok: false, message: "spec.valuesContent is no map of values" };
  const fromSecret =
    typeof encoded === "string" ? parseValues(Buffer.from(encoded, "base64").toString("utf8")) : {};
  if (fromSecret === undefined)
    return { ok: false, message: "values.yaml of the values Secret is no map of values" };
  const input = {
    request,
    namespace: textAt(spec, "targetNamespace") ?? "default",
    values: mergeValues(fromChart as HelmValues, fromSecret as HelmValues),
    ignored: unfollowed.filter((key) => spec[key] !== undefined).map((key) => `spec.${key}`),
  };
  return { ok: true, input };
}

/** `web 1.0.0`, as people call it. */
export function describeChart({ chart }: Pick<ChartObjects, "chart">): string {
  const spec = mapAt(chart, "spec");
  const content = textAt(spec, "chartContent");
  if (content !== undefined) {
    const digest = createHash("sha256").update(Buffer.from(content, "base64")).digest("hex");
    return `chart in the HelmChart, ${digest.slice(0, 12)}`;
  }
  const name = (textAt(spec, "chart") ?? "").split("/").at(-1) ?? "";
  return `${name} ${textAt(spec, "version") ?? ""}`.trim();
}

function readSource(spec: AnyObject): ChartRequest | string {
  const [chart, repository, version, content] = ["chart", "repo", "version", "chartContent"].map((key) =>
    textAt(spec, key),
  );
  if (content !== undefined) {
    const archive = Buffer.from(content, "base64");
    return { repository: "file:charts", name: "chart", version: "own", archive };
  }
  if (chart === undefined || version === undefined)
    return "the HelmChart names no chart at one certain version";
  const base = { version, archive: undefined };
  if (repository !== undefined) return { ...base, repository, name: chart };
  const match = /^(oci:\/\/.+)\/([^/]+)$/.exec(chart);
  if (match === null) return "the HelmChart names no repository";
  return { ...base, repository: match[1] ?? "", name: match[2] ?? "" };
}

function mapAt(object: AnyObject | undefined, key: string): AnyObject {
  const value = object?.[key];
  return isMapValue(value) ? value : {};
}

function textAt(object: AnyObject, key: string): string | undefined {
  const value = object[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}
