import { App } from "cdk8s";
import type { Chart } from "cdk8s";
import { PlatformChart } from "../constructs/platform-chart.ts";
import { ServiceChart } from "../constructs/service-chart.ts";
import { WorkspaceChart } from "../constructs/workspace-chart.ts";
import { writeYaml } from "../constructs/write-yaml.ts";
import type { HelmValues } from "../model/helm-values.ts";
import type { Platform } from "../model/platform.ts";
import { writeHeader } from "./header.ts";
import type { Manifest } from "./manifest.ts";
import { orderKeys, orderManifests } from "./order.ts";
import { unitAddress } from "./unit.ts";
import type { Unit } from "./unit.ts";

/** What a service needs beside the model. */
export interface ServiceInputs {
  /** Decrypted secrets as nested chart values. */
  readonly secretValues: HelmValues;
  /** Base64 of the packaged chart, for a chart of one's own. */
  readonly chartContent: string | undefined;
}

/**
 * The objects of one unit. Every unit is a cdk8s App of its own: an App re-walks all its charts for each of them,
 * which is quadratic (decision 0002).
 */
export function renderManifests(platform: Platform, unit: Unit, inputs: ServiceInputs): Manifest[] {
  const chart = buildChart(platform, unit, inputs);
  return orderManifests((chart.toJson() as Manifest[]).map(orderKeys));
}

/** The unit's file: header and one YAML document per object. */
export function writeManifests(platform: Platform, unit: Unit, manifests: readonly Manifest[]): string {
  const header = writeHeader({ platform: platform.name, unit: unitAddress(unit), tombstone: false });
  return header + manifests.map((manifest) => writeYaml(manifest)).join("---\n");
}

function buildChart(platform: Platform, unit: Unit, inputs: ServiceInputs): Chart {
  const app = new App();
  const { cluster } = unit;
  switch (unit.type) {
    case "platform":
      return new PlatformChart(app, "platform", { platform, cluster });
    case "workspace":
      return new WorkspaceChart(app, "workspace", { platform, cluster, workspace: unit.workspace });
    case "service":
      return new ServiceChart(app, "service", { platform, cluster, service: unit.service, ...inputs });
  }
}
