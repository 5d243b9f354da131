import { ApiObject } from "cdk8s";
import { Construct } from "constructs";
import type { Traefik } from "../model/platform.ts";
import { writeYaml } from "./write-yaml.ts";

export interface TraefikConfigProps {
  readonly traefik: Traefik;
}

/**
 * The HelmChartConfig of K3s' packaged Traefik. failurePolicy is always written: left out, K3s' CRD would default
 * it to `reinstall`, and a typo would take the way in of every tenant down instead of leaving the old one running.
 */
export class TraefikConfig extends Construct {
  constructor(scope: Construct, id: string, { traefik }: TraefikConfigProps) {
    super(scope, id);
    // static flags, because the chart's own keys for a redirect changed twice and the newest schema is closed
    const redirect = [
      "--entryPoints.web.http.redirections.entryPoint.to=:443",
      "--entryPoints.web.http.redirections.entryPoint.scheme=https",
    ];
    const values = {
      ...(traefik.redirectHttps ? { additionalArguments: redirect } : {}),
      service: { spec: { externalTrafficPolicy: traefik.externalTrafficPolicy } },
    };
    new ApiObject(this, "config", {
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChartConfig",
      metadata: { name: "traefik", namespace: "kube-system" },
      spec: { failurePolicy: "abort", valuesContent: writeYaml(values) },
    });
  }
}
