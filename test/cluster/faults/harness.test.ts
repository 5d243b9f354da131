import { readFile } from "node:fs/promises";
import { Agent, request as send } from "node:https";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collections, list, mustRequest } from "../on-cluster.ts";
import { clusterOrSkip } from "../test-cluster.ts";
import { useCluster } from "../use-cluster.ts";
import { restoreSnapshot, takeSnapshot } from "./etcd-snapshot.ts";
import { startFaultProxy, type Fault, type FaultProxy } from "./fault-proxy.ts";

const cluster = useCluster({ components: "api" });

const configMaps = "/api/v1/namespaces/default/configmaps";
let proxy: FaultProxy | undefined;

beforeAll(async () => {
  if (!("skip" in (await clusterOrSkip()))) proxy = await startFaultProxy(cluster());
});

afterAll(async () => proxy?.stop());

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** One request by way of the proxy, as its kubeconfig says. */
async function askThrough(method: string, path: string, body?: object): Promise<Answer> {
  const kubeconfig = await readFile(proxy?.kubeconfigPath ?? "", "utf8");
  const field = (name: string) => new RegExp(`${name}: (\\S+)`).exec(kubeconfig)?.[1] ?? "";
  const agent = new Agent({ ca: Buffer.from(field("certificate-authority-data"), "base64") });
  const headers = { authorization: `Bearer ${field("token")}`, "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const request = send(`${field("server")}${path}`, { method, headers, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode, headers: response.headers, body: text });
      });
    });
    request.on("error", reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const configMap = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });

async function isThere(name: string): Promise<boolean> {
  return (await cluster().request({ method: "GET", path: `${configMaps}/${name}` })).status === 200;
}

/** Creates a ConfigMap by way of the proxy, which does this to the request; gives the answer or the failure. */
async function createUnder(name: string, fault: Fault | undefined): Promise<Answer | string> {
  proxy?.setRule(() => fault);
  return askThrough("POST", configMaps, configMap(name)).catch((error: unknown) => String(error));
}

describe("the proxy", () => {
  test("passes on what no rule is for, and says what came by", async () => {
    expect(await createUnder("plain", undefined)).toMatchObject({ status: 201 });
    await askThrough("GET", "/api/v1/namespaces/paas-ws-a/secrets?labelSelector=x");
    await askThrough("PATCH", `${configMaps}/plain?dryRun=All`, {});
    await askThrough("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {});
    const seen = proxy?.requests.map(({ number, kind, isMutating }) => [number, kind, isMutating]);
    expect(seen).toEqual([
      [1, "create configmaps in default", true],
      [2, "list secrets in a workspace", false],
      [3, "patch (dry run) configmaps in default", false],
      [4, "create selfsubjectaccessreviews", false],
    ]);
  });

  test.each<[string, Fault, boolean]>([
    ["reset", { type: "reset" }, false],
    ["swallow", { type: "swallow" }, true],
    ["cut", { type: "cut" }, true],
  ])("%s: the connection breaks", async (name, fault, isDone) => {
    expect(await createUnder(name, fault)).toMatch(/hang up|ECONNRESET|aborted/);
    await proxy?.settle();
    expect(await isThere(name)).toBe(isDone);
  });

  test("answers in the server's place", async () => {
    const fault: Fault = { type: "answer", status: 429, retryAfterSeconds: 1 };
    const answer = await createUnder("busy", fault);
    expect(answer).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    expect(await isThere("busy")).toBe(false);
    proxy?.setRule(() => ({ type: "expire" }));
    const watch = await askThrough("GET", `${configMaps}?watch=1&resourceVersion=1`);
    expect(JSON.parse(watch.body)).toMatchObject({ type: "ERROR", object: { code: 410, reason: "Expired" } });
  });

  test.each(["stop-before", "stop-after"] as const)("%s: calls back exactly there", async (type) => {
    await new Promise<void>((onStopped) => {
      proxy?.setRule(() => ({ type, onStopped }));
      // nobody ever answers: the connection ends with the proxy
      askThrough("POST", configMaps, configMap(type)).catch(() => undefined);
    });
    expect(await isThere(type)).toBe(type === "stop-after");
  });
});

test("a cluster is put back to a picture of it, uids included", async () => {
  await mustRequest(cluster(), {
    method: "POST",
    path: collections.namespaces(),
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "before" } },
  });
  const path = `${collections.namespaces()}/before`;
  const before = await mustRequest<{ metadata: { uid: string } }>(cluster(), { method: "GET", path });
  const picture = await takeSnapshot(cluster());
  await mustRequest(cluster(), { method: "DELETE", path });
  await mustRequest(cluster(), { method: "POST", path: configMaps, body: configMap("later") });
  await restoreSnapshot(cluster(), picture);
  const after = await mustRequest<{ metadata: { uid: string; deletionTimestamp?: string } }>(cluster(), {
    method: "GET",
    path,
  });
  expect(after.metadata.uid).toBe(before.metadata.uid);
  expect(after.metadata.deletionTimestamp).toBeUndefined();
  const names = (await list(cluster(), configMaps)).map(({ metadata }) => metadata.name);
  expect(names).not.toContain("later");
  expect(await takeSnapshot(cluster())).toEqual(picture);
});
