import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { openChartFetcher } from "../../src/edges/charts/chart-fetcher.ts";
import { downloadChart } from "../../src/edges/charts/http-repository.ts";
import { createRegistry } from "../../src/edges/charts/registry.ts";
import { createWebClient } from "../../src/edges/charts/web-request.ts";
import type { WebClient } from "../../src/edges/charts/web-request.ts";
import { startRegistry } from "../support/oci-registry.ts";
import type { TestRegistry } from "../support/oci-registry.ts";

const packed = new TextEncoder().encode("made-up packed chart");
const sha256 = createHash("sha256").update(packed).digest("hex");
const fetcher = () => openChartFetcher({});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A repository below /charts whose index names one chart; `urls` as in the index. */
function serveRepository(urls: readonly string[], version = "1.0.0"): Promise<string> {
  const index = JSON.stringify({ entries: { web: [{ version, urls }] } });
  return serve(({ url }, response) => {
    if (url === "/charts/index.yaml") response.end(index);
    else if (url === "/charts/web-1.0.0.tgz") response.end(packed);
    else if (url === "/moved") response.writeHead(302, { location: "/charts/web-1.0.0.tgz" }).end();
    else if (url === "/away") response.writeHead(302, { location: "http://192.0.2.1/x" }).end();
    else response.writeHead(404).end();
  });
}

test.each([
  ["relative to the index", "web-1.0.0.tgz"],
  ["from the top", "/charts/web-1.0.0.tgz"],
  ["by a redirect", "/moved"],
])("a chart of a repository whose index names it %s comes with the digest of its bytes", async (_, url) => {
  const repository = `${await serveRepository([url])}/charts`;
  expect(await fetcher().fetchChart({ repository, name: "web", version: "1.0.0" })).toEqual({
    ok: true,
    bytes: packed,
    sha256,
    manifest: undefined,
  });
});

test("v1.0.0 and 1.0.0 are one version, as they are to Helm", async () => {
  const repository = `${await serveRepository(["web-1.0.0.tgz"], "v1.0.0")}/charts/`;
  expect(await fetcher().fetchChart({ repository, name: "web", version: "1.0.0" })).toMatchObject({ sha256 });
});

test.each([
  ["another chart", { name: "db", version: "1.0.0" }],
  ["a property every object has", { name: "constructor", version: "1.0.0" }],
  ["another version", { name: "web", version: "1.0.1" }],
])("a repository that lists %s has not what was asked for", async (_, chart) => {
  const repository = `${await serveRepository(["web-1.0.0.tgz"])}/charts`;
  expect(await fetcher().fetchChart({ repository, ...chart })).toMatchObject({
    ok: false,
    reason: "not-found",
  });
});

test.each([
  ["an index that names an address without https", "http://192.0.2.1/web.tgz"],
  ["a redirect to an address without https", "/away"],
])("%s is not followed beyond this machine", async (_, url) => {
  const repository = `${await serveRepository([url])}/charts`;
  expect(await fetcher().fetchChart({ repository, name: "web", version: "1.0.0" })).toEqual({
    ok: false,
    reason: "unavailable",
    message: "http://192.0.2.1 is not asked: it does not speak https",
  });
});

test("a repository that is down is unavailable, and asked again once it is up", async () => {
  let isUp = false;
  const url = await serve((_, response) => {
    if (!isUp) response.writeHead(503).end();
    else response.end(JSON.stringify({ entries: {} }));
  });
  const one = fetcher();
  const chart = { repository: url, name: "web", version: "1.0.0" };
  expect(await one.fetchChart(chart)).toMatchObject({ ok: false, reason: "unavailable" });
  isUp = true;
  expect(await one.fetchChart(chart)).toMatchObject({ ok: false, reason: "not-found" });
});

async function startedRegistry(): Promise<TestRegistry> {
  const registry = await startRegistry();
  onTestFinished(() => registry.stop());
  return registry;
}

test("a chart of a registry comes with both digests, after a token was fetched", async () => {
  const registry = await startedRegistry();
  const manifest = registry.putChart("org/charts/web", "1.0.0_build.1", packed);
  const repository = `oci://${registry.host}/org/charts`;
  const one = fetcher();
  expect(await one.fetchChart({ repository, name: "web", version: "1.0.0+build.1" })).toEqual({
    ok: true,
    bytes: packed,
    sha256,
    manifest,
  });
  expect(registry.requests.filter((line) => line === "GET /token")).toHaveLength(1);
});

test("a registry that gives other bytes than its manifest names is not believed", async () => {
  const registry = await startedRegistry();
  registry.putChart("web", "1.0.0", packed);
  registry.spoil(`sha256:${sha256}`, new TextEncoder().encode("other"));
  const chart = { repository: `oci://${registry.host}`, name: "web", version: "1.0.0" };
  expect(await fetcher().fetchChart(chart)).toMatchObject({ ok: false, reason: "unavailable" });
});

test("an image in a registry is no chart", async () => {
  const registry = await startedRegistry();
  registry.putManifest("web", "1.0.0", { layers: [{ mediaType: "application/x", digest: "sha256:0" }] });
  const chart = { repository: `oci://${registry.host}`, name: "web", version: "1.0.0" };
  expect(await fetcher().fetchChart(chart)).toMatchObject({ ok: false, reason: "unavailable" });
});

test("an image's tag is resolved to its digest; one with a digest is asked nobody; without an answer there is none", async () => {
  const registry = await startedRegistry();
  const digest = registry.putManifest("org/app", "1.2", { schemaVersion: 2 });
  const one = fetcher();
  expect(await one.resolveImage(`${registry.host}/org/app:1.2`)).toBe(digest);
  expect(registry.requests.at(-1)).toBe("HEAD /v2/org/app/manifests/1.2");
  const asked = registry.requests.length;
  expect(await one.resolveImage(`${registry.host}/org/app:1.2@${digest}`)).toBe(digest);
  expect(registry.requests).toHaveLength(asked);
  expect(await one.resolveImage(`${registry.host}/org/app:9`)).toBeUndefined();
});

/** A server of this machine that counts who asks it. */
async function serveInside(): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const url = await serve((request, response) => {
    asked.push(request.url ?? "");
    response.end(JSON.stringify({ token: "made-up-token-2" }));
  });
  return { url, asked };
}

test("the index of a repository of the net does not send us to a server of this machine", async () => {
  const inside = await serveInside();
  const index = { web: [{ version: "1.0.0", urls: [`${inside.url}/admin`] }] };
  const chart = { repository: "https://charts.example.com", name: "web", version: "1.0.0" };
  await expect(downloadChart(createWebClient({}), index, chart)).rejects.toMatchObject({
    code: "refused",
    message: `https://charts.example.com sends to ${inside.url}, which does not speak https`,
  });
  expect(inside.asked).toEqual([]);
});

test("a registry of the net does not send us for a token to a server of this machine", async () => {
  const inside = await serveInside();
  const real = createWebClient({});
  // the registry answers as one of the net would; everything else is really asked
  const web: WebClient = async (url, request) => {
    if (!url.startsWith("https://registry.example.com/")) return real(url, request);
    const headers = { "www-authenticate": `Bearer realm="${inside.url}/token"` };
    return { status: 401, headers, bytes: new Uint8Array() };
  };
  const name = { host: "registry.example.com", path: "org/web" };
  const request = { what: "manifests/1.0.0", accept: ["*/*"], maxBytes: 1024 };
  await expect(createRegistry(web).get(name, request)).rejects.toMatchObject({
    code: "refused",
    message: `https://registry.example.com sends to ${inside.url}, which does not speak https`,
  });
  expect(inside.asked).toEqual([]);
});
