import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { operatorRules } from "../../src/constructs/operator-role.ts";
import { proofValue } from "../../src/operations/domain/domain-proof.ts";
import { startDnsServer } from "../support/dns-server.ts";
import type { DnsServer } from "../support/dns-server.ts";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { mustRequest } from "./on-cluster.ts";
import type { KubeObject } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";

const cluster = useCluster({ components: "api" });
const domain = "flows.acme.example";
const warning = `warning: ${domain} is left out until domains.yaml says that workspace a has proven it [unverified-domain]`;
const hint = `woow domain verify ${domain} checks them and writes domains.yaml`;
const release = "paas-ws-a-web-01";
const ingressPath = `/apis/networking.k8s.io/v1/namespaces/paas-ws-a/ingresses/${release}`;

let platform: TestPlatform;
let dns: DnsServer;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-domain-"));
  platform = await writeTestPlatform({
    dir,
    cluster: cluster(),
    workspaces: { a: 1 },
    more: "records: cluster\n",
  });
  const file = join(dir, "workspaces/a/web-01.yaml");
  await writeFile(file, `${await readFile(file, "utf8")}custom_domain: ${domain}\n`);
  dns = await startDnsServer({ "*.apps.example.com": { A: ["192.0.2.10"] } });
}, 120_000);

afterAll(async () => {
  await dns?.close();
  if (platform !== undefined) await rm(platform.dir, { recursive: true, force: true });
});

const run = async (args: readonly string[], kubeconfig = cluster().kubeconfigPath): Promise<Ran> =>
  runWoow(args, {
    cwd: platform.dir,
    env: { ...platform.env, KUBECONFIG: kubeconfig, WOOW_DNS: dns.address },
  });
const apply = ["apply", "--yes", "--wait=false"];
const getIngress = async () =>
  mustRequest<KubeObject & { spec: { rules: { host: string }[]; tls: { hosts: string[] }[] } }>(cluster(), {
    method: "GET",
    path: ingressPath,
  });
const allotted = async () => {
  const { metadata } = await mustRequest<KubeObject>(cluster(), {
    method: "GET",
    path: "/api/v1/namespaces/paas-ws-a",
  });
  return metadata.annotations?.["paas.woowtech.com/hosts"];
};

test("plan, apply and reconcile say that an unverified domain is left out, and leave it out", async () => {
  const plan = await run(["plan", "--objects"]);
  expect(plan.stdout + plan.stderr).toContain(warning);
  expect(plan.stderr).toContain(hint);
  expect(plan.stdout).not.toContain(domain);
  const applied = await run(apply);
  expect(applied).toMatchObject({ status: 0, stderr: expect.stringContaining(warning) as string });
  const reconciled = await run(["reconcile", "--once", "-C", platform.dir]);
  expect(reconciled.stdout + reconciled.stderr).toContain(warning);
  const { spec } = await getIngress();
  expect(spec.rules.map(({ host }) => host)).toEqual(["a-web-01.apps.example.com"]);
  expect(await allotted()).toBe("a-web-01.apps.example.com");
});

test("once it is proven in DNS it is in Ingress, certificate and allotted hosts; forgotten, it is gone", async () => {
  expect((await run(["domain", "verify", domain])).status).toBe(1);
  dns.serve({
    "*.apps.example.com": { A: ["192.0.2.10"] },
    [domain]: { CNAME: "a-web-01.apps.example.com" },
    [`_woow-challenge.${domain}`]: {
      TXT: [proofValue({ platform: "test-platform", workspace: "a", domain })],
    },
  });
  const verified = await run(["domain", "verify", domain]);
  expect(verified).toMatchObject({ status: 0, stderr: "" });
  expect((await run(apply)).stderr).not.toContain("unverified-domain");
  const { spec } = await getIngress();
  expect(spec.rules.map(({ host }) => host)).toEqual(["a-web-01.apps.example.com", domain]);
  expect(spec.tls.map(({ hosts }) => hosts)).toEqual([["a-web-01.apps.example.com"], [domain]]);
  expect(await allotted()).toContain(domain);

  expect((await run(["domain", "forget", domain])).status).toBe(0);
  expect((await run(apply)).status).toBe(0);
  expect((await getIngress()).spec.rules.map(({ host }) => host)).toEqual(["a-web-01.apps.example.com"]);
  expect(await allotted()).not.toContain(domain);
});

test("status says of cert-manager's own objects why a host has no certificate, with reconcile's rights", async () => {
  await run(["domain", "verify", domain]);
  expect((await run(apply)).status).toBe(0);
  const ingress = await getIngress();
  const [first, second] = ["a-web-01.apps.example.com", domain];
  const [own, custom] = [`${release}-tls`, `${release}-tls-custom`];
  await make("cert-manager.io", "certificates", ["Ingress", ingress], {
    name: own,
    spec: { secretName: own, dnsNames: [first], issuerRef },
    status: { ...condition("True", "Ready"), notAfter: "2027-02-01T00:00:00Z" },
  });
  const certificate = await make("cert-manager.io", "certificates", ["Ingress", ingress], {
    name: custom,
    spec: { secretName: custom, dnsNames: [second], issuerRef },
    status: condition("False", "DoesNotExist", "Issuing certificate as Secret does not exist"),
  });
  const request = await make("cert-manager.io", "certificaterequests", ["Certificate", certificate], {
    name: `${custom}-1`,
    spec: { request: Buffer.from("made-up request").toString("base64"), issuerRef },
    status: condition("False", "Pending", "Waiting on certificate issuance"),
  });
  const order = await make("acme.cert-manager.io", "orders", ["CertificateRequest", request], {
    name: `${custom}-1-1`,
    spec: { request: Buffer.from("made-up request").toString("base64"), dnsNames: [second], issuerRef },
    status: { state: "pending" },
  });
  const challenge = await make("acme.cert-manager.io", "challenges", ["Order", order], {
    name: `${custom}-1-1-1`,
    spec: {
      authorizationURL: "https://acme.example/authz",
      dnsName: second,
      issuerRef,
      key: "made-up-key",
      solver: { http01: { ingress: { ingressClassName: "traefik" } } },
      token: "made-up-token",
      type: "HTTP-01",
      url: "https://acme.example/challenge",
    },
    status: {
      state: "pending",
      presented: true,
      processing: true,
      reason: "Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'",
    },
  });
  const kubeconfig = await operatorKubeconfig();
  const table = await run(["status"], kubeconfig);
  expect(table.stdout).toContain(
    `a/web-01: warning: ${domain} answers 404 where cert-manager looks for its challenge`,
  );
  expect(table.stdout).toContain(`woow domain status ${domain} says where the name leads`);
  expect((await run(["status", "-o", "wide"], kubeconfig)).stdout).toContain(
    `${first} until 2027-02-01, ${domain} pending`,
  );

  await setStatus("acme.cert-manager.io", "challenges", challenge, {
    state: "invalid",
    reason: `DNS problem: NXDOMAIN looking up A for ${domain}`,
  });
  const { services } = JSON.parse((await run(["status", "-o", "json"], kubeconfig)).stdout) as {
    services: { certificate: { type: string; hosts: unknown[] } }[];
  };
  expect(services[0]?.certificate).toMatchObject({
    type: "pending",
    hosts: [
      { host: first, state: "ready", not_after: "2027-02-01T00:00:00Z", message: null },
      {
        host: domain,
        state: "failed",
        message: `the certificate of ${domain} was refused: DNS problem: NXDOMAIN looking up A for ${domain}`,
      },
    ],
  });

  await setStatus("cert-manager.io", "certificates", certificate, {
    ...condition("True", "Ready"),
    notAfter: "2027-01-01T00:00:00Z",
  });
  const ready = await run(["status"], kubeconfig);
  expect(ready.stdout).toContain("until 2027-01-01");
  expect(ready.stdout).not.toContain("warning");
});

test("a workspace that is destroyed takes its domains out of domains.yaml, and nobody else's", async () => {
  const path = join(platform.dir, "domains.yaml");
  const before = await readFile(path, "utf8");
  await mkdir(join(platform.dir, "workspaces/b"));
  await writeFile(join(platform.dir, "workspaces/b/workspace.yaml"), "kind: Workspace\nname: B\n");
  await writeFile(path, `${before}  - { domain: b.example, workspace: b }\n`);
  const ran = await run(["destroy", "b", "--yes"]);
  expect(ran).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("removed b.example from domains.yaml") as string,
  });
  expect(await readFile(path, "utf8")).toBe(before);
  expect((await run(["plan"])).stderr).not.toContain("unknown-workspace");
});

const issuerRef = { name: "letsencrypt-staging", kind: "ClusterIssuer", group: "cert-manager.io" };

/** Condition Ready. */
function condition(status: string, reason: string, message = reason): object {
  return {
    conditions: [{ type: "Ready", status, reason, message, lastTransitionTime: "2026-11-23T05:00:00Z" }],
  };
}

/** One of cert-manager's objects, as the API server takes it from its CustomResourceDefinition, with its status. */
async function make(
  group: string,
  plural: string,
  ...[[ownerKind, owner], { name, spec, status }]: readonly [
    readonly [string, KubeObject],
    { readonly name: string; readonly spec: object; readonly status: object },
  ]
): Promise<KubeObject> {
  const kinds: Readonly<Record<string, string>> = {
    certificates: "Certificate",
    certificaterequests: "CertificateRequest",
    orders: "Order",
    challenges: "Challenge",
  };
  const made = await mustRequest<KubeObject>(cluster(), {
    method: "POST",
    path: `/apis/${group}/v1/namespaces/paas-ws-a/${plural}`,
    body: {
      apiVersion: `${group}/v1`,
      kind: kinds[plural],
      metadata: {
        name,
        ownerReferences: [
          {
            apiVersion: owner["apiVersion"],
            kind: ownerKind,
            name: owner.metadata.name,
            uid: owner.metadata.uid,
          },
        ],
      },
      spec,
    },
  });
  await setStatus(group, plural, made, status);
  return made;
}

async function setStatus(
  group: string,
  plural: string,
  ...[{ metadata }, status]: readonly [KubeObject, object]
): Promise<void> {
  await mustRequest(cluster(), {
    method: "PATCH",
    path: `/apis/${group}/v1/namespaces/paas-ws-a/${plural}/${metadata.name}/status`,
    contentType: "application/merge-patch+json",
    body: { status },
  });
}

/** An account with exactly the rights that docs/operator-role.yaml publishes. */
async function operatorKubeconfig(): Promise<string> {
  const account = { namespace: "default", name: "woow-status" };
  const role = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "published-rights" };
  const post = async (path: string, body: object) => mustRequest(cluster(), { method: "POST", path, body });
  await post("/api/v1/namespaces/default/serviceaccounts", { metadata: account });
  await post("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
    metadata: { name: role.name },
    rules: operatorRules,
  });
  await post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: role.name },
    roleRef: role,
    subjects: [{ kind: "ServiceAccount", ...account }],
  });
  return cluster().kubeconfigForServiceAccount(account);
}
