import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { load } from "js-yaml";
import { resourceTypes } from "../../src/cluster/resource-types.ts";
import { connectCluster } from "../../src/edges/kubernetes/connect.ts";
import { OperationError } from "../../src/errors.ts";
import { samplePlatform } from "../support/builders.ts";
import { runWoow } from "../support/woow.ts";
import { useCluster } from "./use-cluster.ts";

const cluster = useCluster({ components: "api" });
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "woow-client-edges-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;
const open = (kubeconfig: string, environment: Readonly<Record<string, string>> = {}) =>
  connectCluster({ kubeconfig, environment, signal });
const failure = async (work: Promise<unknown>): Promise<OperationError> => {
  const error = await work.catch((thrown: unknown) => thrown);
  if (error instanceof OperationError) return error;
  throw new Error(`no OperationError: ${String(error)}`);
};

/** The admin's kubeconfig with the cluster's entry changed. */
async function withCluster(name: string, change: object): Promise<string> {
  const config = load(await readFile(cluster().kubeconfigPath, "utf8")) as {
    clusters: { cluster: object }[];
  };
  for (const entry of config.clusters) entry.cluster = { ...entry.cluster, ...change };
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(config));
  return path;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

describe("the way there", () => {
  /** A proxy that leads every tunnel to the cluster, and tells where it was to lead. */
  async function withProxy(use: (url: string, asked: readonly string[]) => Promise<void>): Promise<void> {
    const asked: string[] = [];
    const proxy = createServer();
    const { hostname, port } = new URL(cluster().server);
    proxy.on("connect", (request, socket, head) => {
      asked.push(request.url ?? "");
      const far = connect(Number(port), hostname, () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        far.write(head);
        far.pipe(socket);
        socket.pipe(far);
      });
      far.on("error", () => socket.destroy());
      socket.on("error", () => far.destroy());
    });
    const own = await listening(proxy);
    try {
      await use(`http://127.0.0.1:${own}`, asked);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  }

  test("through the kubeconfig's HTTP proxy", () =>
    withProxy(async (url, asked) => {
      const client = await open(await withCluster("http-proxy", { "proxy-url": url }));
      const { items } = await client.list({ type: resourceTypes.Namespace });
      expect(items.map(({ metadata }) => metadata.name)).toContain("kube-system");
      expect(asked).toEqual([new URL(cluster().server).host]);
    }));

  test("through the environment's proxy, save where NO_PROXY says", () =>
    withProxy(async (url, asked) => {
      const kubeconfig = await withCluster("far-away", {
        // this machine, by an address that is not known as its own; nothing listens there
        server: "https://0.0.0.0:1",
        "tls-server-name": "kubernetes.default.svc",
      });
      const client = await open(kubeconfig, { HTTPS_PROXY: url });
      expect(await client.getPath("/version")).toMatchObject({ major: "1" });
      expect(asked).toEqual(["0.0.0.0:1"]);
      const direct = await open(kubeconfig, { HTTPS_PROXY: url, NO_PROXY: "0.0.0.0" });
      expect((await failure(direct.getPath("/version"))).code).toBe("unreachable");
      expect(asked.length).toBe(1);
    }));

  test("through a SOCKS proxy", async () => {
    let passed = 0;
    const proxy = createTcpServer((near) => {
      near.on("error", () => undefined);
      near.once("data", () => {
        // no authentication
        near.write(Buffer.from([5, 0]));
        near.once("data", (request: Buffer) => {
          const port = request.readUInt16BE(request.length - 2);
          const far = connect(port, "127.0.0.1", () => {
            passed++;
            near.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
            near.pipe(far);
            far.pipe(near);
          });
          far.on("error", () => near.destroy());
        });
      });
    });
    const port = await listening(proxy);
    try {
      const client = await open(await withCluster("socks", { "proxy-url": `socks5://127.0.0.1:${port}` }));
      expect((await client.list({ type: resourceTypes.Namespace })).items.length).toBeGreaterThan(0);
      expect(passed).toBeGreaterThan(0);
    } finally {
      proxy.close();
    }
  });

  test("the environment's proxy is not for this machine itself", async () => {
    const client = await open(cluster().kubeconfigPath, { HTTPS_PROXY: "http://127.0.0.1:1" });
    expect(await client.getPath("/version")).toMatchObject({ major: "1" });
  });

  test("a certificate that another authority signed", async () => {
    const kubeconfig = await withCluster("untrusted", {
      "certificate-authority-data": undefined,
      "certificate-authority": undefined,
    });
    const error = await failure((await open(kubeconfig)).getPath("/version"));
    expect(error).toMatchObject({ code: "unreachable", subject: cluster().server });
    expect(error.message).toContain("not trusted");
    const skipping = await withCluster("skipping", {
      "certificate-authority-data": undefined,
      "certificate-authority": undefined,
      "insecure-skip-tls-verify": true,
    });
    expect(await (await open(skipping)).getPath("/version")).toMatchObject({ major: "1" });
  });

  test("a token the server does not know", async () => {
    const config = (await readFile(cluster().kubeconfigPath, "utf8")).replace(/token: .*/, "token: made-up");
    expect(config).toContain("made-up");
    const path = join(folder, "stranger");
    await writeFile(path, config);
    const error = await failure((await open(path)).list({ type: resourceTypes.Namespace }));
    expect(error.code).toBe("unauthorized");
    expect(error.message).not.toContain("made-up");
  });
});

describe("rights", () => {
  test("a ServiceAccount that may do nothing", async () => {
    const client = await open(await cluster().kubeconfigForServiceAccount(await newServiceAccount("nobody")));
    expect(await client.mayI({ verb: "list", group: "", resource: "secrets" })).toBe(false);
    const error = await failure(client.list({ type: resourceTypes.Secret }));
    expect(error.code).toBe("forbidden");
    expect(error.message).toContain("system:serviceaccount:default:nobody");
  });
});

async function newServiceAccount(name: string) {
  const body = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: "default" } };
  await cluster().request({ method: "POST", path: "/api/v1/namespaces/default/serviceaccounts", body });
  return { namespace: "default", name };
}

describe("a value of a Secret is in no error", () => {
  const canary = "made-up-canary-4711";
  const encoded = Buffer.from(canary).toString("base64");
  const secret = (rest: object) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "canary", namespace: "default" },
    ...rest,
  });

  test.each<[string, object]>([
    ["no base64", { data: { a: `${canary}!` } }],
    ["a map for a text", { data: { a: { b: canary } } }],
    ["a text for a map", { data: canary }],
    ["a bad key", { data: { [`${"a".repeat(300)}`]: encoded } }],
    [
      "a bad type of secret",
      { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": encoded } },
    ],
    ["a field that is not there", { dta: { a: canary } }],
  ])("%s", async (_, rest) => {
    const client = await open(cluster().kubeconfigPath);
    let refused = 0;
    for (const write of [
      () => client.apply(secret(rest)),
      () => client.apply(secret(rest), { createOnly: true }),
      () => client.create(secret(rest)),
    ]) {
      const outcome: unknown = await write().catch((thrown: unknown) => thrown);
      // what is stored after all may be read back
      if (!(outcome instanceof OperationError)) continue;
      refused++;
      const told = JSON.stringify([outcome.message, outcome.hint, outcome.subject, outcome.stack]);
      expect(told).not.toContain(canary);
      expect(told).not.toContain(encoded);
    }
    expect(refused).toBeGreaterThan(0);
  });

  test("a JSON patch, to which the server quotes the whole Secret", async () => {
    const client = await open(cluster().kubeconfigPath);
    const name = "quoted";
    const object = { ...secret({ data: { old: encoded } }), metadata: { name, namespace: "default" } };
    expect((await client.apply(object)).type).toBe("written");
    const ref = { apiVersion: "v1", kind: "Secret", namespace: "default", name };
    const error = await failure(client.patch(ref, [{ op: "add", path: "/data/b", value: { x: "y" } }]));
    expect(error.code).toBe("invalid");
    expect(JSON.stringify([error.message, error.hint, error.stack])).not.toContain(encoded);
  });
});

describe("the commands", () => {
  const env = () => ({ KUBECONFIG: cluster().kubeconfigPath, WOOW_CONTEXT: "test" });

  async function writeFiles(name: string): Promise<string> {
    const root = join(folder, name);
    for (const [path, text] of Object.entries(samplePlatform())) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    return root;
  }

  test("doctor: what a bare API server lacks, status 1, and nothing is written", async () => {
    const root = await writeFiles("doctor");
    const mark = await cluster().auditMark();
    const { status, stdout } = await runWoow(["doctor", "-o", "json"], { cwd: root, env: env() });
    expect(status).toBe(1);
    const findings = JSON.parse(stdout) as { check: string; level: string; message: string }[];
    const levels = new Map(findings.map(({ check, level }) => [check, level]));
    expect(Object.fromEntries(levels)).toMatchObject({
      connection: "ok",
      owner: "ok",
      version: "ok",
      rights: "ok",
      "helm-controller": "ok",
      traefik: "ok",
      "ingress-class": "ok",
      "cert-manager": "ok",
      issuer: "problem",
      storage: "ok",
      "secrets-encryption": "warning",
    });
    const changes = (await cluster().auditSince(mark)).filter(
      ({ verb, resource }) =>
        !["get", "list", "watch"].includes(verb) && resource !== "selfsubjectaccessreviews",
    );
    expect(changes).toEqual([]);
    const text = await runWoow(["doctor"], { cwd: root, env: env() });
    expect(text.stdout).toMatch(/^problem {2}issuer .*letsencrypt-staging/m);
    expect(text.stdout).toMatch(/hint: /);
    const lines = await runWoow(["doctor", "--json"], { cwd: root, env: env() });
    const events = lines.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    expect(events.at(-1)).toMatchObject({ version: 1, type: "summary", ok: false });
  });

  test("doctor of somebody with few rights names them", async () => {
    const root = await writeFiles("few-rights");
    const kubeconfig = await cluster().kubeconfigForServiceAccount(await newServiceAccount("few"));
    const config = (await readFile(kubeconfig, "utf8")).match(/current-context: "?(\S+?)"?$/m)?.[1] ?? "test";
    const { status, stdout } = await runWoow(["doctor", "--kubeconfig", kubeconfig, "--context", config], {
      cwd: root,
    });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^problem {2}rights .*not allowed to list namespaces/m);
    expect(stdout).toMatch(/^warning {2}storage .*cannot be seen from here/m);
  });

  test("a context that is not there: the error names those that are", async () => {
    const root = await writeFiles("no-context");
    const { status, stdout } = await runWoow(["doctor", "--context", "prod"], { cwd: root, env: env() });
    expect(status).toBe(1);
    expect(stdout).toMatch(/problem {2}connection .*no context prod/);
    expect(stdout).toContain("there are: test");
  });

  test("unlock: free, dead, alive", async () => {
    const root = await writeFiles("unlock");
    const path = "/apis/coordination.k8s.io/v1/namespaces/paas-system/leases";
    const run = (...args: readonly string[]) => runWoow(["unlock", ...args], { cwd: root, env: env() });
    expect(await run()).toMatchObject({ status: 0, stdout: "nobody holds the lock\n" });
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-system" } };
    await cluster().request({ method: "POST", path: "/api/v1/namespaces", body: namespace });
    const lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        name: "woow",
        namespace: "paas-system",
        annotations: { "paas.woowtech.com/purpose": "apply" },
      },
      spec: { holderIdentity: "ada@desk", leaseDurationSeconds: 1, renewTime: "2026-01-01T00:00:00.000000Z" },
    };
    await cluster().request({ method: "POST", path, body: lease });
    const unasked = await run();
    expect([unasked.status, unasked.stderr]).toMatchObject([1, expect.stringContaining("--yes")]);
    expect(await run("--yes")).toMatchObject({ status: 0, stdout: "freed; it was held by ada@desk\n" });
    expect(await run("--yes")).toMatchObject({ status: 0, stdout: "nobody holds the lock\n" });

    const set = (spec: object) =>
      cluster().request({
        method: "PATCH",
        path: `${path}/woow`,
        contentType: "application/merge-patch+json",
        body: { spec },
      });
    await set({ holderIdentity: "ben@desk", leaseDurationSeconds: 2 });
    let beat = 0;
    const heart = setInterval(() => void set({ leaseTransitions: ++beat }), 100);
    try {
      const alive = await run("--yes");
      expect([alive.status, alive.stderr]).toMatchObject([3, expect.stringContaining("ben@desk lives")]);
    } finally {
      clearInterval(heart);
    }
    expect(await run("--yes", "--force")).toMatchObject({ status: 0 });
  });
});
