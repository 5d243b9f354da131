import type { ClusterClient } from "../../../cluster/cluster-client.ts";
import { OperationError } from "../../../errors.ts";
import type { Cluster, Platform } from "../../../model/platform.ts";
import { loadPlatform } from "../../load-platform.ts";
import type { ClusterDeps } from "../cluster-deps.ts";
import { pickCluster } from "../load-desired.ts";
import { checkAddresses } from "./check-addresses.ts";
import { checkCertManager, checkHelmController, checkTraefikKinds } from "./check-kinds.ts";
import { checkDefinitions, checkKeys } from "./check-machine.ts";
import { checkClientAddresses, checkDns, checkIngressClass, getTraefikService } from "./check-network.ts";
import type { ResolveHost } from "./check-network.ts";
import { checkRights } from "./check-rights.ts";
import { checkArguments, checkClock, checkOwner, checkVersion } from "./check-server.ts";
import { checkStorage } from "./check-storage.ts";
import { ok, problem, runCheck } from "./finding.ts";
import type { CheckName, Finding } from "./finding.ts";

export interface DiagnoseOptions {
  /** Name of the cluster; undefined where the platform has one only. */
  readonly cluster: string | undefined;
  readonly resolve: ResolveHost;
}

/** What is found, in the order people should put it right. */
export interface Diagnosis {
  /** Undefined when platform.yaml does not say which. */
  readonly cluster: string | undefined;
  readonly findings: readonly Finding[];
}

/** What is missing on this machine and cluster before the first apply. Reads only. */
export async function diagnose(deps: ClusterDeps, options: DiagnoseOptions): Promise<Diagnosis> {
  const { platform, problems } = loadPlatform(deps.readTree(), []);
  const definitions = checkDefinitions(problems);
  if (platform === undefined) return { cluster: undefined, findings: definitions };
  let cluster: Cluster;
  try {
    cluster = pickCluster(platform, options.cluster);
  } catch (error) {
    if (!(error instanceof OperationError) || error.code === "usage" || error.code === "not-found")
      throw error;
    const unfinished = problem("definitions", error.message, error.hint ?? "complete platform.yaml");
    return { cluster: undefined, findings: [...definitions, unfinished] };
  }
  const machine = [...definitions, ...checkKeys(deps, cluster)];
  const connection = await connect(deps, cluster);
  if (connection.client === undefined)
    return { cluster: cluster.name, findings: [...machine, connection.finding] };
  const found = await examine(connection.client, { deps, platform, cluster, resolve: options.resolve });
  return { cluster: cluster.name, findings: [...machine, connection.finding, ...found] };
}

async function connect(
  deps: ClusterDeps,
  cluster: Cluster,
): Promise<{ readonly client: ClusterClient | undefined; readonly finding: Finding }> {
  try {
    const client = await deps.connect(cluster);
    await client.getPath("/version");
    return { client, finding: ok("connection", `context ${client.name}: ${client.server} answers`) };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    const finding = problem("connection", error.message, error.hint ?? "check the kubeconfig");
    return { client: undefined, finding };
  }
}

async function examine(
  client: ClusterClient,
  parts: {
    readonly deps: ClusterDeps;
    readonly platform: Platform;
    readonly cluster: Cluster;
    readonly resolve: ResolveHost;
  },
): Promise<readonly Finding[]> {
  const { deps, platform, cluster } = parts;
  const checks: readonly (readonly [CheckName, () => Promise<readonly Finding[]>])[] = [
    ["owner", () => checkOwner(client, parts)],
    ["version", () => checkVersion(client, cluster)],
    ["clock", () => checkClock(client, deps)],
    ["rights", () => checkRights(client)],
    ["helm-controller", () => checkHelmController(client, cluster)],
    ["secrets-encryption", () => checkArguments(client)],
    ["addresses", () => checkAddresses(client, cluster)],
    ["traefik", () => checkTraefikKinds(client, parts)],
    ["ingress-class", () => checkIngressClass(client)],
    ["client-addresses", async () => checkClientAddresses(await getTraefikService(client), parts)],
    ["cert-manager", () => checkCertManager(client, platform)],
    ["storage", () => checkStorage(client)],
    ["dns", async () => checkDns(await getTraefikService(client), parts)],
  ];
  const found = await Promise.all(checks.map(([name, work]) => runCheck(name, work)));
  return found.flat();
}
