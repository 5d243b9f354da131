import type { Json } from "../../../definitions/convert.ts";
import type { Definition, Definitions, ServiceFile } from "../../../definitions/definition.ts";
import type { HelmValueSpec } from "../../../definitions/schema/cloud-app-template.ts";
import { Source } from "../../../definitions/source.ts";
import { mergeValues, setValue } from "../../../model/helm-values.ts";
import type { HelmValues } from "../../../model/helm-values.ts";
import { maxReleaseNameLength, maxWorkloadNameLength } from "../../../model/names.ts";
import { fillText } from "../../../model/placeholders.ts";
import type { Platform } from "../../../model/platform.ts";
import { resolveModel } from "../../../model/resolve.ts";
import type { Service } from "../../../model/service.ts";
import type { Template } from "../../../model/template.ts";
import { sampleText, samplePassword } from "./sample-values.ts";

/** A made-up service of a template, resolved as synth resolves real ones. */
export interface SampleService {
  readonly releaseName: string;
  readonly namespace: string;
  /** The template's service_name, filled. */
  readonly serviceName: string;
  /** All a chart job would get: catalog, sizes, required values, made-up passwords. */
  readonly values: HelmValues;
}

/** Which name the made-up service has. */
export type SampleLength = "short" | "longest";

/** Of a template that does not contain a chart's name: charts that look for it in the release name show it then. */
const shortNames = { workspaceId: "123", referenceId: "x1" };
const longestWorkspaceId = "12345678901234567890";

/**
 * A made-up service with every required value. `short` has a name without the chart's own in it; `longest` begins
 * with the template's id, as services do by default, and is as long as the template allows.
 */
export function makeSampleService(
  { definition, template }: { definition: Definition<"CloudAppTemplate">; template: Template },
  { definitions, length }: { definitions: Definitions; length: SampleLength },
): SampleService {
  const { workspaceId, referenceId } =
    length === "short"
      ? shortNames
      : { workspaceId: longestWorkspaceId, referenceId: longestReferenceId(template) };
  const service = resolveSample(definition, { definitions, workspaceId, referenceId });
  const passwords: { [key: string]: Json } = {};
  for (const spec of template.specs) {
    if (spec.type === "password" && spec.required) setValue(passwords, spec.steps, samplePassword(spec));
  }
  const placeholders = {
    release_name: service.releaseName,
    namespace: service.namespace,
    workspace_id: workspaceId,
    reference_id: referenceId,
  };
  return {
    releaseName: service.releaseName,
    namespace: service.namespace,
    serviceName: fillText(template.serviceName, placeholders),
    values: mergeValues(mergeValues(service.catalogValues, service.serviceValues), passwords),
  };
}

function longestReferenceId({ id, longestNameSuffix }: Template): string {
  const prefix = `paas-ws-${longestWorkspaceId}-`;
  const length =
    Math.min(maxReleaseNameLength, maxWorkloadNameLength - longestNameSuffix.length) - prefix.length;
  const text = `${id}-${"0".repeat(maxReleaseNameLength)}`.slice(0, Math.max(length, 1));
  return text.replace(/-$/, "0");
}

function resolveSample(
  definition: Definition<"CloudAppTemplate">,
  {
    definitions,
    workspaceId,
    referenceId,
  }: { definitions: Definitions; workspaceId: string; referenceId: string },
): Service {
  const { value } = definition;
  const helmValues: { [key: string]: Json } = {};
  for (const [group, required] of [
    ["required_values", true],
    ["optional_values", false],
  ] as const) {
    for (const spec of value[group] ?? []) {
      if (needsSample(spec, required)) helmValues[spec.key] = sampleText(spec);
    }
  }
  const file: ServiceFile = {
    kind: "CloudService",
    id: referenceId,
    workspaceId,
    source: new Source("", ""),
    value: {
      kind: "CloudService",
      template_id: definition.id,
      name: "made up by verify",
      chart_version: value.helm_chart.chart_version,
      helm_values: helmValues,
      ...(value.ingress_enabled === false ? {} : { subdomain: "woow-verify" }),
    },
  };
  const workspace: Definition<"Workspace"> = {
    kind: "Workspace",
    id: workspaceId,
    source: file.source,
    value: { kind: "Workspace", name: "made up by verify", cluster: firstCluster(definitions) },
  };
  // problems of the made-up files are ours, not the author's: that passwords are not encrypted, for one
  const { platform } = resolveModel({
    platform: definitions.platform,
    templates: new Map([[definition.id, definition]]),
    workspaces: new Map([[workspaceId, workspace]]),
    services: [file],
    domains: undefined,
    charts: definitions.charts,
    present: new Set(),
  });
  return onlyService(platform);
}

function needsSample(spec: HelmValueSpec, isRequiredGroup: boolean): boolean {
  return (spec.required ?? isRequiredGroup) && spec.type !== "password" && spec.default_value === undefined;
}

function firstCluster({ platform }: Definitions): string {
  return Object.keys(platform?.value.clusters ?? {})[0] ?? "default";
}

function onlyService(platform: Platform | undefined): Service {
  const [service] = (platform?.clusters ?? []).flatMap((cluster) =>
    cluster.workspaces.flatMap((workspace) => workspace.services),
  );
  if (service === undefined) throw new Error("the made-up service of verify did not resolve");
  return service;
}
