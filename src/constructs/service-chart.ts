import { Chart } from "cdk8s";
import type { Construct } from "constructs";
import { mergeValues } from "../model/helm-values.ts";
import type { HelmValues } from "../model/helm-values.ts";
import { hasForceConflicts } from "../model/k3s-version.ts";
import { chartsNamespace } from "../model/names.ts";
import type { Cluster, Platform } from "../model/platform.ts";
import type { Service } from "../model/service.ts";
import { HelmChart } from "./helm-chart.ts";
import type { ChartSource } from "./helm-chart.ts";
import { unitLabels } from "./labels.ts";
import { middlewareReference, PrivateNetwork } from "./private-network.ts";
import { PublishedPort } from "./published-port.ts";
import { ServiceIngressObject } from "./service-ingress.ts";
import { ValuesSecret } from "./values-secret.ts";

export interface ServiceChartProps {
  readonly platform: Platform;
  readonly cluster: Cluster;
  readonly service: Service;
  /** The decrypted secrets as nested chart values; placeholders when synthesized without secrets. */
  readonly secretValues: HelmValues;
  /** Base64 of the packaged chart, for a chart of one's own. */
  readonly chartContent: string | undefined;
}

/** The service unit: one Helm release and the way in to it. */
export class ServiceChart extends Chart {
  constructor(scope: Construct, id: string, props: ServiceChartProps) {
    const { platform, cluster, service, secretValues, chartContent } = props;
    const { releaseName, namespace, ingress } = service;
    super(scope, id, {
      labels: unitLabels({
        platform: platform.name,
        name: service.template.id,
        instance: releaseName,
        workspaceId: service.workspaceId,
        referenceId: service.referenceId,
      }),
    });
    const valuesSecret = `${releaseName}-values`;
    new ValuesSecret(this, "values", {
      name: valuesSecret,
      namespace: chartsNamespace,
      values: mergeValues(service.serviceValues, secretValues),
    });
    new HelmChart(this, "release", {
      name: releaseName,
      namespace: chartsNamespace,
      targetNamespace: namespace,
      source: chartSource(service, chartContent),
      values: service.catalogValues,
      valuesSecret,
      forceConflicts: hasForceConflicts(cluster.k3sVersion),
    });
    if (ingress === undefined) return;
    new PublishedPort(this, "port", { name: `${releaseName}-traefik`, namespace, port: ingress.podPort });
    const middleware = `${releaseName}-private`;
    if (service.isPrivate) {
      new PrivateNetwork(this, "private", {
        name: middleware,
        namespace,
        sourceRanges: platform.privateSourceRanges,
      });
    }
    new ServiceIngressObject(this, "ingress", {
      name: releaseName,
      namespace,
      ingress,
      tls: platform.tls,
      clusterIssuer: platform.clusterIssuer,
      middleware: service.isPrivate ? middlewareReference(namespace, middleware) : undefined,
    });
  }
}

function chartSource({ template, chartVersion }: Service, chartContent: string | undefined): ChartSource {
  const { repository, name } = template.chart;
  if (chartContent !== undefined) return { type: "content", chartContent };
  // a repo beside an oci:// chart would be put in front of it and break the reference
  if (repository.startsWith("oci://")) {
    return { type: "oci", chart: `${repository.replace(/\/+$/, "")}/${name}`, version: chartVersion };
  }
  return { type: "repository", repo: repository, chart: name, version: chartVersion };
}
