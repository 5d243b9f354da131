import { readInventory } from "../../../apply/inventory/inventory-store.ts";
import type { ClusterClient } from "../../../cluster/cluster-client.ts";
import { resourceTypes } from "../../../cluster/resource-types.ts";
import { hasForceConflicts, isSupportedK3s, oldestK3s, parseK3sVersion } from "../../../model/k3s-version.ts";
import type { Cluster, Platform } from "../../../model/platform.ts";
import type { ClusterDeps } from "../cluster-deps.ts";
import { checkIdentity } from "../check-identity.ts";
import { ok, problem, warning } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { hasFlag, isDisabled, readServerArguments } from "./node-arguments.ts";

/** Nodes renew their Leases every ten seconds; what is further off than this is not the network. */
const clockToleranceMs = 60_000;

/** Whether the cluster is this platform's, another's, or nobody's yet. Errors: `wrong-cluster`, `unreadable`. */
export async function checkOwner(
  client: ClusterClient,
  { platform, cluster, deps }: { platform: Platform; cluster: Cluster; deps: ClusterDeps },
): Promise<readonly Finding[]> {
  const [inventory, system] = await Promise.all([
    readInventory(client),
    client.get({ apiVersion: "v1", kind: "Namespace", namespace: undefined, name: "kube-system" }),
  ]);
  const observation = { inventory, clusterUid: system?.metadata.uid ?? "" };
  checkIdentity({ observation, desired: { platform, cluster }, client, memory: deps.memory });
  return [
    inventory.claim === undefined
      ? ok("owner", "nobody's yet: the first apply writes down that it is this platform's")
      : ok("owner", `the cluster is ${inventory.claim.platform}'s`),
  ];
}

/** The server's version against the one that decides what synth writes. */
export async function checkVersion(
  client: ClusterClient,
  { k3sVersion }: Cluster,
): Promise<readonly Finding[]> {
  const answer = (await client.getPath("/version")) as { readonly gitVersion?: string } | undefined;
  const text = answer?.gitVersion ?? "unknown";
  const live = parseK3sVersion(text);
  const say = "set clusters.NAME.k3s_version in platform.yaml to what the server is";
  if (!text.includes("+k3s")) {
    return [
      problem(
        "version",
        `the server is ${text}, which is not K3s`,
        "woow needs K3s, or its helm-controller and Traefik installed by hand; check the context",
      ),
    ];
  }
  if (!isSupportedK3s(live)) {
    return [
      problem("version", `the server is ${text}; ${oldestK3s} is the oldest that works`, "upgrade K3s"),
    ];
  }
  if (text === k3sVersion.text) return [ok("version", `the server is ${text}, as platform.yaml says`)];
  if (hasForceConflicts(k3sVersion) && !hasForceConflicts(live)) {
    return [
      problem(
        "version",
        `the server is ${text}, platform.yaml says ${k3sVersion.text}, whose HelmChart has fields the server drops`,
        `${say}, or upgrade K3s`,
      ),
    ];
  }
  return [warning("version", `the server is ${text}, platform.yaml says ${k3sVersion.text}`, say)];
}

/** Our clock against the nodes', which write theirs down all the time. */
export async function checkClock(
  client: ClusterClient,
  { clock }: Pick<ClusterDeps, "clock">,
): Promise<readonly Finding[]> {
  const { items } = await client.list({ type: resourceTypes.Lease, namespace: "kube-node-lease" });
  const times = items.map((lease) =>
    Date.parse((lease["spec"] as { readonly renewTime?: string } | undefined)?.renewTime ?? ""),
  );
  const newest = Math.max(...times.filter((time) => !Number.isNaN(time)));
  if (!Number.isFinite(newest)) {
    return [
      warning("clock", "no node says what time it is", "check that the nodes are up: kubectl get nodes"),
    ];
  }
  const offMs = clock.nowMs() - newest;
  if (Math.abs(offMs) <= clockToleranceMs)
    return [ok("clock", "this machine and the nodes agree on the time")];
  const minutes = Math.round(Math.abs(offMs) / 60_000);
  return [
    warning(
      "clock",
      offMs < 0
        ? `this machine is ${minutes} min behind the nodes`
        : `the nodes are ${minutes} min behind this machine, or have stopped`,
      "set the clock (NTP): times in status and records are wrong; the lock does not depend on it",
    ),
  ];
}

/** What the servers were started with, as far as K3s writes it down. */
export async function checkArguments(client: ClusterClient): Promise<readonly Finding[]> {
  const { items } = await client.list({ type: resourceTypes.Node, metadataOnly: true });
  const servers = readServerArguments(items);
  if (servers.length === 0) {
    const cannot = "cannot be seen from here: no node says what K3s was started with";
    return [
      warning("network-policies", cannot, "check that K3s runs without --disable-network-policy"),
      warning("secrets-encryption", cannot, "ask a server: k3s secrets-encrypt status"),
    ];
  }
  const closed = servers.every((args) => !hasFlag(args, "disable-network-policy"));
  const encrypted = servers.every(
    (args) =>
      hasFlag(args, "secrets-encryption") || args.some((arg) => arg.includes("encryption-provider-config")),
  );
  const stopped = servers.some((args) => hasFlag(args, "disable-helm-controller"));
  const noTraefik = servers.every((args) => isDisabled(args, "traefik"));
  return [
    closed
      ? ok("network-policies", "K3s runs its network policy controller")
      : problem(
          "network-policies",
          "K3s was started with --disable-network-policy: unless another network plugin enforces policies, tenants reach each other",
          "start K3s without it, or make sure that your network plugin enforces NetworkPolicy",
        ),
    encrypted
      ? ok("secrets-encryption", "Secrets are encrypted at rest")
      : problem(
          "secrets-encryption",
          "K3s was started without --secrets-encryption: passwords lie in clear in its database",
          "start K3s with --secrets-encryption, then: k3s secrets-encrypt reencrypt",
        ),
    ...(stopped
      ? [
          problem(
            "helm-controller",
            "K3s was started with --disable-helm-controller: nothing installs charts",
            "start K3s without it, or run the helm-controller yourself",
          ),
        ]
      : []),
    ...(noTraefik
      ? [
          warning(
            "traefik",
            "K3s was started with --disable=traefik",
            "services are reached through Traefik: run it yourself, or let K3s",
          ),
        ]
      : []),
  ];
}
