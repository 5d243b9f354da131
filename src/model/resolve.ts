import { resolveChartLock } from "./chart-lock.ts";
import type { Definitions, ServiceFile } from "../definitions/definition.ts";
import type { Problem } from "../definitions/problem.ts";
import { suggestHint } from "../definitions/suggest.ts";
import { planHosts } from "./hosts.ts";
import type { HostPlan } from "./hosts.ts";
import { serviceUnit } from "./names.ts";
import type { Platform } from "./platform.ts";
import { ProblemList } from "./problem-list.ts";
import { resolveClusterSettings, resolvePlatformSettings } from "./resolve-platform.ts";
import type { PlatformSettings } from "./resolve-platform.ts";
import { resolveService } from "./resolve-service.ts";
import { resolveWorkspace } from "./resolve-workspace.ts";
import type { Service } from "./service.ts";
import { withStandInPlatform } from "./stand-in-platform.ts";
import { resolveTemplate } from "./template.ts";
import type { Template } from "./template.ts";
import type { Workspace } from "./workspace.ts";

/** The platform as far as it could be resolved; undefined when platform.yaml itself is not usable. */
export interface ResolveResult {
  readonly platform: Platform | undefined;
  readonly problems: readonly Problem[];
}

/** Joins all definitions into the model, with every default filled and every reference checked. */
export function resolveModel(definitions: Definitions): ResolveResult {
  if (definitions.platform === undefined) {
    return { platform: undefined, problems: resolveModel(withStandInPlatform(definitions)).problems };
  }
  const list = new ProblemList();
  const templates = new Map<string, Template>();
  for (const [id, definition] of definitions.templates) {
    templates.set(id, resolveTemplate(definition, definitions.charts, list));
  }
  const settings = resolvePlatformSettings(definitions.platform, list);
  const clusterSettings = resolveClusterSettings(definitions.platform, list);
  const hosts = planHosts(definitions, list);
  const services = resolveServices(definitions, { settings, templates, hosts, list });
  const workspaces: Workspace[] = [];
  for (const definition of [...definitions.workspaces.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    workspaces.push(
      resolveWorkspace(definition, {
        settings,
        hosts,
        list,
        services: services.get(definition.id) ?? [],
        clusters: clusterSettings.map(({ name }) => name),
      }),
    );
  }
  checkVerifiedWorkspaces(definitions, list);
  const repositoryPorts = listRepositoryPorts(templates.values());
  const clusters = clusterSettings.map((cluster) => ({
    ...cluster,
    repositoryPorts,
    workspaces: workspaces.filter((workspace) => workspace.cluster === cluster.name),
  }));
  const { defaultQuota: _, ...platform } = settings;
  const lock = resolveChartLock(definitions, { isRequired: platform.charts === "verified", list });
  return { platform: { ...platform, lock, templates, clusters }, problems: list.problems };
}

function resolveServices(
  definitions: Definitions,
  context: {
    settings: PlatformSettings;
    templates: ReadonlyMap<string, Template>;
    hosts: HostPlan;
    list: ProblemList;
  },
): Map<string, Service[]> {
  const { settings, templates, hosts, list } = context;
  const byWorkspace = new Map<string, Service[]>();
  for (const file of definitions.services) {
    const template = templates.get(file.value.template_id);
    if (template === undefined) {
      reportTemplate(file, definitions, list);
      continue;
    }
    const service = resolveService(file, {
      platform: settings,
      template,
      hosts: hosts.byUnit.get(serviceUnit(file.workspaceId, file.id)) ?? [],
      hostOwners: hosts.owners,
      list,
    });
    const services = byWorkspace.get(file.workspaceId);
    if (services === undefined) byWorkspace.set(file.workspaceId, [service]);
    else services.push(service);
  }
  return byWorkspace;
}

function reportTemplate(file: ServiceFile, definitions: Definitions, list: ProblemList): void {
  const id = file.value.template_id;
  list.add(file.source, ["template_id"], {
    code: "unknown-template",
    message: `there is no usable template ${id} in catalog/`,
    hint: suggestHint(id, [...definitions.templates.keys()]) ?? "woow catalog list shows them",
  });
}

function checkVerifiedWorkspaces(definitions: Definitions, list: ProblemList): void {
  for (const [index, entry] of (definitions.domains?.value.verified ?? []).entries()) {
    if (definitions.domains === undefined || definitions.present.has(entry.workspace)) continue;
    list.add(definitions.domains.source, ["verified", index, "workspace"], {
      code: "unknown-workspace",
      // one tenant who goes must not stop the others
      severity: "warning",
      message: `there is no workspace ${entry.workspace} any more for ${entry.domain}`,
      hint: `woow domain forget ${entry.domain} takes the entry out`,
    });
  }
}

/** 443 is always open; a repository on another port needs that one too. */
function listRepositoryPorts(templates: Iterable<Template>): number[] {
  const ports = new Set<number>();
  for (const { chart } of templates) {
    const match = /^(https?|oci):\/\/(\[[^\]]*\]|[^/:]+)(?::([0-9]+))?/.exec(chart.repository);
    if (match === null) continue;
    const port = match[3] === undefined ? (match[1] === "http" ? 80 : 443) : Number(match[3]);
    if (port >= 1 && port <= 65535) ports.add(port);
  }
  return [...ports].sort((a, b) => a - b);
}
