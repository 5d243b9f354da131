import { ApiObject } from "cdk8s";
import { Construct } from "constructs";
import { writeYaml } from "./write-yaml.ts";

/** Where the chart comes from. */
export type ChartSource =
  | { readonly type: "repository"; readonly repo: string; readonly chart: string; readonly version: string }
  | { readonly type: "oci"; readonly chart: string; readonly version: string }
  | { readonly type: "content"; readonly chartContent: string };

export interface HelmChartProps {
  /** Release name and name of the HelmChart. */
  readonly name: string;
  /** The locked namespace of HelmCharts; a chart job's ServiceAccount is cluster-admin there. */
  readonly namespace: string;
  /** The tenant's namespace. Always set: without it the controller looks for the release in every namespace. */
  readonly targetNamespace: string;
  readonly source: ChartSource;
  /** What comes from the catalog; everything else goes through the values Secret. */
  readonly values: object;
  /** Secret beside the HelmChart whose `values.yaml` is merged last. */
  readonly valuesSecret: string;
  /** True where the cluster's CRD has the field; an older one would drop it silently. */
  readonly forceConflicts: boolean;
}

/** A failed job is tried again this often; the controller's own default is 1000, which takes days. */
const backOffLimit = 4;
/** The specification promises five minutes; Helm's own waiting for hooks gets twice that. In Go's canonical form. */
const timeout = "10m0s";

/**
 * K3s' HelmChart. Holds only what survives the controller's round trip through its Go type: no zero values, a
 * canonical timeout; else a second apply would conflict with the controller's rewrite.
 */
export class HelmChart extends Construct {
  constructor(scope: Construct, id: string, props: HelmChartProps) {
    super(scope, id);
    const { name, namespace, targetNamespace, source, values, valuesSecret, forceConflicts } = props;
    new ApiObject(this, "chart", {
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChart",
      metadata: { name, namespace },
      spec: {
        ...sourceFields(source),
        targetNamespace,
        // never reinstall, which deletes the volumes of a failed release, and never retry, which loops
        failurePolicy: "abort",
        backOffLimit,
        timeout,
        ...(forceConflicts ? { forceConflicts: true } : {}),
        ...(Object.keys(values).length === 0 ? {} : { valuesContent: writeYaml(values) }),
        valuesSecrets: [{ name: valuesSecret, keys: ["values.yaml"] }],
      },
    });
  }
}

function sourceFields(source: ChartSource): object {
  switch (source.type) {
    case "repository":
      return { repo: source.repo, chart: source.chart, version: source.version };
    case "oci":
      return { chart: source.chart, version: source.version };
    case "content":
      return { chartContent: source.chartContent };
  }
}
