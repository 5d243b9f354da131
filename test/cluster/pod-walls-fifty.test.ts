import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { explainCertificate } from "../../src/status/explain-certificate.ts";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { mustRequest } from "./on-cluster.ts";
import { solverPod } from "./solver-pod.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster({ audit: false });
let platform: TestPlatform;

const count = 50;
/** What fifty services of the template's least size take, and nothing on top. */
const quotaOf = (services: number) =>
  `quota: { vcpu: ${services}, ram_gb: ${services / 2}, limits_vcpu: ${services * 2}, limits_ram_gb: ${services} }\n`;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-fifty-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { big: count } });
  await appendFile(join(dir, "workspaces/big/workspace.yaml"), quotaOf(count));
});

afterAll(async () => rm(platform.dir, { recursive: true, force: true }));

async function woow(...args: string[]): Promise<Ran> {
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath };
  return runWoow(args, { cwd: platform.dir, env });
}

async function readStatus(...args: string[]): Promise<readonly ShownService[]> {
  const { stdout } = await woow("status", "-o", "json", ...args);
  return (JSON.parse(stdout) as { services: ShownService[] }).services;
}

interface ShownService {
  readonly state: string;
  readonly reason?: { readonly code: string; readonly message: string };
}

test("fifty services run in one workspace whose quota is theirs to the last byte", async () => {
  const applied = await woow("apply", "--yes", "--timeout", "500");
  expect([applied.stderr, applied.status]).toEqual(["", 0]);
  const states = (await readStatus()).map(({ state }) => state);
  expect(states).toEqual(Array.from({ length: count }, () => "running"));
  const used = await waitUntil("the quota's use to be counted", async () => {
    const { status } = await mustRequest<{ status: { hard: object; used: object } }>(cluster(), {
      method: "GET",
      path: "/api/v1/namespaces/paas-ws-big/resourcequotas/workspace-quota",
    });
    return "limits.cpu" in status.used ? status : undefined;
  });
  expect(used.used).toEqual({ ...used.hard, persistentvolumeclaims: "0", "requests.storage": "0" });
});

/** What the API server says to cert-manager's pod. */
async function makeSolver(host: string): Promise<{ readonly status: number; readonly message: string }> {
  const path = "/api/v1/namespaces/paas-ws-big/pods";
  const { status, body } = await cluster().request({ method: "POST", path, body: solverPod(host) });
  return { status, message: (body as { message?: string }).message ?? "" };
}

const host = "big-web-07.apps.example.com";

test("a full quota refuses cert-manager's solver, so that a host gets no certificate: status names the quota", async () => {
  const { status, message } = await makeSolver(host);
  expect({ status, message }).toEqual({
    status: 403,
    message: expect.stringContaining(
      "exceeded quota: workspace-quota, requested: limits.cpu=100m,",
    ) as string,
  });
  // cert-manager writes what the server said into its Challenge
  const ref = { apiVersion: "v1", kind: "Any", namespace: "paas-ws-big", name: "any" };
  const challenge = { ref, state: "pending", reason: message };
  const issue = {
    request: { ref, reason: "Pending", message: undefined },
    order: undefined,
    challenge: { ...challenge, host },
  };
  const facts = {
    ref,
    hosts: [host],
    isReady: false,
    notAfter: undefined,
    failure: undefined,
    message: undefined,
  };
  expect(explainCertificate({ ...facts, issue }, host)).toMatchObject({
    hasFailed: true,
    message: expect.stringMatching(
      /^quota workspace-quota leaves no room for the pod that proves big-web-07\.apps\.example\.com .*, limit limits\.cpu=100,/,
    ) as string,
  });
});

test("a full quota has no room for an upgrade either: status says so, and more room lets it through", async () => {
  const file = join(platform.dir, "workspaces/big/web-07.yaml");
  await writeFile(file, (await readFile(file, "utf8")).replace("message: hello", "message: again"));
  const full = await woow("apply", "--yes", "--timeout", "20");
  expect(full.status).toBe(5);
  const stuck = await waitUntil("status to name the quota", async () => {
    const [service] = await readStatus("-s", "big/web-07");
    return service?.reason?.code === "quota" ? service : undefined;
  });
  expect(stuck.state).toBe("upgrading");
  expect(stuck.reason?.message).toMatch(
    /^quota workspace-quota leaves no room for pods of Deployment paas-ws-big\/paas-ws-big-web-07: asked for limits\.cpu=2, .*limit limits\.cpu=100, /,
  );

  const workspace = join(platform.dir, "workspaces/big/workspace.yaml");
  const text = await readFile(workspace, "utf8");
  await writeFile(
    workspace,
    text.replace(quotaOf(count), () => quotaOf(count + 1)),
  );
  const roomy = await woow("apply", "--yes", "--timeout", "300");
  expect([roomy.stderr, roomy.status]).toEqual(["", 0]);
  // the upgraded service's old pod gives its room back
  await waitUntil("cert-manager's solver to find room", async () => {
    const { status } = await makeSolver(host);
    return status === 201 ? true : undefined;
  });
});
