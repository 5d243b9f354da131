import type { ClusterClient } from "../../../cluster/cluster-client.ts";
import type { LiveObject } from "../../../cluster/live-object.ts";
import { resourceTypes } from "../../../cluster/resource-types.ts";
import { cidrContains } from "../../../model/cidr.ts";
import type { Cluster } from "../../../model/platform.ts";
import { ok, problem, warning } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** So many are named; the rest is counted. */
const mostNames = 5;

/**
 * The ranges of platform.yaml against what the nodes and the API server's Service report. The walls are made of these
 * ranges: what lies outside them counts as the internet, which tenants reach.
 */
export async function checkAddresses(client: ClusterClient, cluster: Cluster): Promise<readonly Finding[]> {
  const [{ items }, service] = await Promise.all([
    client.list({ type: resourceTypes.Node }),
    client.get({ apiVersion: "v1", kind: "Service", namespace: "default", name: "kubernetes" }),
  ]);
  const nodes = items.map(readNode);
  const closed = [cluster.podCidr, cluster.serviceCidr, ...cluster.nodeCidrs];
  const openNodes = nodes.flatMap(({ name, addresses }) =>
    addresses.filter((address) => !isIn(closed, address)).map((address) => `${address} (${name})`),
  );
  const openPods = nodes.flatMap(({ podRanges }) =>
    podRanges.filter((range) => !cidrContains(cluster.podCidr, range)),
  );
  const serviceAddress = addressOf(service);
  const isServiceOpen = serviceAddress !== undefined && !isIn([cluster.serviceCidr], serviceAddress);
  const setting = (key: string): string => `correct clusters.${cluster.name}.${key} in platform.yaml`;
  const findings = [
    ...(openNodes.length === 0
      ? []
      : [
          problem(
            "addresses",
            `tenants reach nodes at ${listSome(openNodes)}: no range of platform.yaml has these addresses`,
            `${setting("node_cidrs")}: every address of every node, internal and external, and networks of your own`,
          ),
        ]),
    ...(openPods.length === 0
      ? []
      : [
          problem(
            "addresses",
            `pods have addresses in ${listSome(openPods)}, platform.yaml says ${cluster.podCidr}: tenants and chart jobs reach pods they must not`,
            setting("pod_cidr"),
          ),
        ]),
    ...(isServiceOpen
      ? [
          problem(
            "addresses",
            `Services have addresses like ${serviceAddress}, platform.yaml says ${cluster.serviceCidr}`,
            setting("service_cidr"),
          ),
        ]
      : []),
  ];
  if (findings.length > 0) return findings;
  const seen = nodes.some(({ addresses }) => addresses.length > 0);
  if (seen && nodes.some(({ podRanges }) => podRanges.length > 0))
    return [ok("addresses", "the ranges of platform.yaml have the nodes, pods and Services of the cluster")];
  return [
    warning(
      "addresses",
      `no node says where ${seen ? "its pods are" : "it and its pods are"}, so it cannot be seen whether platform.yaml's ranges are right`,
      "compare pod_cidr, service_cidr and node_cidrs with what K3s was started with (--cluster-cidr, --service-cidr)",
    ),
  ];
}

interface NodeAddresses {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly podRanges: readonly string[];
}

/** IPv4 only: no policy opens IPv6. */
function readNode(node: LiveObject): NodeAddresses {
  const { addresses = [] } = (node["status"] ?? {}) as {
    addresses?: readonly { type?: string; address?: string }[];
  };
  const { podCIDR, podCIDRs = podCIDR === undefined ? [] : [podCIDR] } = (node["spec"] ?? {}) as {
    podCIDR?: string;
    podCIDRs?: readonly string[];
  };
  return {
    name: node.metadata.name,
    addresses: addresses.flatMap(({ type = "", address = "" }) =>
      type.endsWith("IP") && isIpv4(address) ? [address] : [],
    ),
    podRanges: podCIDRs.filter(isIpv4),
  };
}

function addressOf(service: LiveObject | undefined): string | undefined {
  const { clusterIP } = (service?.["spec"] ?? {}) as { clusterIP?: string };
  return clusterIP !== undefined && isIpv4(clusterIP) ? clusterIP : undefined;
}

function isIn(ranges: readonly string[], address: string): boolean {
  return ranges.some((range) => cidrContains(range, `${address}/32`));
}

function isIpv4(text: string): boolean {
  return /^[0-9]+\.[0-9./]+$/.test(text);
}

function listSome(names: readonly string[]): string {
  const shown = names.slice(0, mostNames).join(", ");
  return names.length > mostNames ? `${shown} and ${names.length - mostNames} more` : shown;
}
