import { createHash } from "node:crypto";
import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import { sortProblems } from "../../definitions/problem.ts";
import type { Problem } from "../../definitions/problem.ts";
import { OperationError } from "../../errors.ts";
import { listUnits, unitAddress } from "../../manifests/unit.ts";
import type { Unit } from "../../manifests/unit.ts";
import { formatHelmPath } from "../../model/helm-values.ts";
import type { Cluster, Platform } from "../../model/platform.ts";
import type { Service } from "../../model/service.ts";
import type { DesiredService, DesiredUnit } from "../../plan/desired-unit.ts";
import type { AgeIdentity } from "../../secrets/age-identity.ts";
import { unfilledMark } from "../create/write-platform-yaml.ts";
import { loadPlatform } from "../load-platform.ts";
import { createRenderer } from "../render-units.ts";
import { selectedWorkspaces, selectUnits } from "../select-units.ts";
import type { Selection } from "../select-units.ts";

/** What is wanted of one cluster, as far as a selection reaches. */
export interface DesiredCluster {
  readonly platform: Platform;
  readonly cluster: Cluster;
  readonly selection: Selection;
  /** Selected units and what they need, in the order they are applied. */
  readonly units: readonly DesiredUnit[];
  /** Addresses of the units among them that were not named but are needed. */
  readonly prerequisites: ReadonlySet<string>;
  /** Workspaces among those: in them a service is gone, and its hosts are no longer the namespace's. */
  readonly releasing: ReadonlySet<string>;
  /** The model's services among the selected units, for waiting and status. */
  readonly services: readonly Service[];
  /** Every workspace and service that has a file, sound or not: none of these is ever removed. */
  readonly present: ReadonlySet<string>;
  /** Workspaces with a problem: nothing in them is ever pruned. */
  readonly sickWorkspaces: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

export type LoadedDesired =
  | { readonly ok: true; readonly desired: DesiredCluster }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface LoadDesiredOptions {
  readonly tree: DefinitionTree;
  readonly selection: Selection;
  /** Name of the cluster; undefined where the platform has one only. */
  readonly cluster: string | undefined;
  /** Undefined: placeholders stand for secrets. */
  readonly identities: (() => readonly AgeIdentity[]) | undefined;
  /** Files a sparse checkout left out. */
  readonly absentFiles: readonly string[];
  /**
   * Reconcile: a workspace with a problem, or one that is named here, is left alone and does not stop the others.
   * Left out: any problem in the way of the selection stops it.
   */
  readonly isolate?: { readonly exclude: ReadonlySet<string> } | undefined;
  readonly progress: (done: number, total: number) => void;
}

/** Definitions -> what one cluster should hold. Any problem in the way of the selection stops it. */
export async function loadDesired(options: LoadDesiredOptions): Promise<LoadedDesired> {
  const { tree, selection, absentFiles, isolate } = options;
  const wanted = isolate === undefined ? selectedWorkspaces(selection) : [];
  const { platform, definitions, problems: found } = loadPlatform(tree, wanted);
  if (platform === undefined) return { ok: false, problems: found };
  const cluster = pickCluster(platform, options.cluster);
  const leftAlone = new Set(isolate === undefined ? [] : [...isolate.exclude, ...sickOf(found)]);
  const inCluster = { ...selection, clusters: [cluster.name] };
  const { selected, prerequisites: needed } = selectUnits(platform, inCluster);
  const releasing = findReleasing(platform, inCluster, [...needed, ...selected]);
  const prerequisites = [...needed, ...releasing];
  const chosen = [...prerequisites, ...selected].filter((unit) => !leftAlone.has(workspaceOf(unit) ?? ""));
  const rendered = await renderAll(chosen.sort(byStage), { ...options, platform });
  const problems = sortProblems([...found, ...rendered.problems]);
  if (rendered.problems.length > 0 && isolate === undefined) return { ok: false, problems };
  const sick = new Set([...leftAlone, ...sickOf(problems)]);
  const isServed = (workspaceId: string | undefined) => isolate === undefined || !sick.has(workspaceId ?? "");
  return {
    ok: true,
    desired: {
      platform,
      cluster,
      selection,
      units: rendered.units.filter(({ workspaceId }) => isServed(workspaceId)),
      prerequisites: new Set(prerequisites.map(unitAddress)),
      releasing: new Set(releasing.map(unitAddress)),
      services: selected.flatMap((unit) =>
        unit.type === "service" && isServed(unit.workspace.id) ? [unit.service] : [],
      ),
      present: new Set([...definitions.present, ...absentFiles.flatMap(addressOfFile)]),
      sickWorkspaces: sick,
      problems,
    },
  };
}

/** Workspaces of services that are named and defined no more, as far as they are not worked on anyhow. */
function findReleasing(
  platform: Platform,
  { clusters, services }: Selection,
  chosen: readonly Unit[],
): Unit[] {
  if (services.length === 0) return [];
  const units = [...listUnits(platform)];
  const defined = new Set(units.map(unitAddress));
  const gone = services.filter((unit) => !defined.has(unit)).map((unit) => unit.split("/", 1)[0]);
  return units.filter(
    (unit) =>
      unit.type === "workspace" &&
      clusters.includes(unit.cluster.name) &&
      gone.includes(unit.workspace.id) &&
      !chosen.some((other) => unitAddress(other) === unit.workspace.id),
  );
}

/** Workspaces that have an error in their folder. */
function sickOf(problems: readonly Problem[]): string[] {
  return problems.filter(({ severity }) => severity === "error").flatMap(({ file }) => workspaceOfFile(file));
}

function workspaceOf(unit: Unit): string | undefined {
  return unit.type === "platform" ? undefined : unit.workspace.id;
}

/** The cluster a command works on. Errors: `usage` when there are several and none is named, or one is unfinished. */
export function pickCluster(platform: Platform, name: string | undefined): Cluster {
  const names = platform.clusters.map((cluster) => cluster.name).join(", ");
  const found =
    name === undefined
      ? platform.clusters.length === 1
        ? platform.clusters[0]
        : undefined
      : platform.clusters.find((cluster) => cluster.name === name);
  if (found === undefined && name !== undefined) {
    throw new OperationError("not-found", `there is no cluster ${name}`, {
      subject: name,
      hint: `there are: ${names}`,
    });
  }
  if (found === undefined) {
    throw new OperationError("usage", `the platform has several clusters: ${names}`, {
      hint: "name one with --cluster, or say --all-clusters",
    });
  }
  if (found.context === unfilledMark) {
    throw new OperationError(
      "refused",
      `clusters.${found.name}.context in platform.yaml still says ${unfilledMark}`,
      {
        subject: "platform.yaml",
        hint: "write the kubeconfig context there; `kubectl config get-contexts` lists yours",
      },
    );
  }
  return found;
}

/** Renders what can be; the problems of the rest come with it. */
async function renderAll(
  units: readonly Unit[],
  options: LoadDesiredOptions & { readonly platform: Platform },
): Promise<{ readonly units: DesiredUnit[]; readonly problems: readonly Problem[] }> {
  const { platform, identities, progress, tree } = options;
  const needsKeys = units.some((unit) => unit.type === "service" && unit.service.secrets !== undefined);
  const keys = identities === undefined ? undefined : needsKeys ? identities() : [];
  const render = createRenderer({ platform, identities: keys });
  const done: DesiredUnit[] = [];
  const problems: Problem[] = [];
  for (const unit of units) {
    const result = await render(unit);
    if (result.ok) done.push({ ...describeUnit(unit, platform, tree), manifests: result.manifests });
    else problems.push(...result.problems);
    progress(done.length, units.length);
  }
  return { units: done, problems };
}

function describeUnit(unit: Unit, platform: Platform, tree: DefinitionTree): Omit<DesiredUnit, "manifests"> {
  return {
    address: unitAddress(unit),
    workspaceId: workspaceOf(unit),
    definitionHash: hashFile(tree, definitionFile(unit)),
    drift: unit.type === "platform" ? platform.drift : unit.workspace.drift,
    service: unit.type === "service" ? describeService(unit.service) : undefined,
  };
}

function describeService(service: Service): DesiredService {
  const { template } = service;
  const keysOf = (lifecycle: string) =>
    template.specs.filter((spec) => spec.lifecycle === lifecycle).map((spec) => spec.key);
  const passwords = template.specs.filter((spec) => spec.type === "password").map((spec) => spec.key);
  return {
    name: service.name,
    templateId: template.id,
    releaseName: service.releaseName,
    namespace: service.namespace,
    chartVersion: service.chartVersion,
    monthlyPrice: template.monthlyPrice,
    createOnlyKeys: keysOf("create_only"),
    expandOnlyKeys: keysOf("expand_only"),
    storageKeys: template.storageKeys.map(({ steps }) => formatHelmPath(steps)),
    secretKeys: [...new Set([...passwords, ...(service.secrets?.paths ?? [])])].sort(),
  };
}

/** The file a unit is written in. */
export function definitionFile(unit: Unit): string {
  switch (unit.type) {
    case "platform":
      return "platform.yaml";
    case "workspace":
      return `workspaces/${unit.workspace.id}/workspace.yaml`;
    case "service":
      return `workspaces/${unit.service.unit}.yaml`;
  }
}

/** SHA-256 of a definition as written, hex; of nothing when it cannot be read. */
export function hashFile(tree: DefinitionTree, path: string): string {
  const read = tree.read(path);
  return createHash("sha256")
    .update("bytes" in read ? read.bytes : "")
    .digest("hex");
}

const stage = { platform: 0, workspace: 1, service: 2 } as const;

function byStage(a: Unit, b: Unit): number {
  const order = (unit: Unit) => stage[unit.type];
  const [left, right] = [unitAddress(a), unitAddress(b)];
  return order(a) - order(b) || (left < right ? -1 : left > right ? 1 : 0);
}

function workspaceOfFile(file: string): string[] {
  const [top, workspace] = file.split("/");
  return top === "workspaces" && workspace !== undefined ? [workspace] : [];
}

/** What a file defines: `workspaces/123/n8n-01.yaml` -> `123` and `123/n8n-01`. */
function addressOfFile(file: string): string[] {
  const match = /^workspaces\/([^/]+)\/([^/]+)\.yaml$/.exec(file);
  if (match === null) return [];
  const [, workspace = "", name = ""] = match;
  return name === "workspace" ? [workspace] : [workspace, `${workspace}/${name}`];
}
