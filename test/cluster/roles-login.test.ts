import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { readBlocks } from "../docs/document.ts";
import { runWoow } from "../support/woow.ts";
import { startLoginIssuer } from "./login-issuer.ts";
import type { LoginIssuer } from "./login-issuer.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const head = { apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthenticationConfiguration" };
const cluster = useCluster({
  components: "api",
  audit: false,
  authentication: stringify({ ...head, jwt: [] }),
});
let platform: TestPlatform;
let issuer: LoginIssuer;

interface Configuration {
  readonly jwt: readonly { readonly issuer: { readonly audiences: readonly string[] } }[];
}

const alice = { aud: "woow", email: "owner@a.example", email_verified: true };

beforeAll(async () => {
  const certs = join(cluster().dir, "certs");
  const certificate = await readFile(join(certs, "apiserver.crt"), "utf8");
  issuer = await startLoginIssuer({ certificate, key: await readFile(join(certs, "apiserver.key"), "utf8") });
  const dir = await mkdtemp(join(tmpdir(), "woow-login-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { a: 0, b: 0 } });
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath };
  const applied = await runWoow(["apply", "--yes"], { cwd: dir, env });
  expect([applied.stderr, applied.status]).toEqual(["", 0]);

  // the page's own configuration, with the test's issuer in place of the example's
  const shown = await readShown();
  const [one] = shown.jwt;
  const jwt = [{ ...one, issuer: { ...one?.issuer, url: issuer.url, certificateAuthority: certificate } }];
  await writeFile(join(cluster().dir, "authentication.yaml"), stringify({ ...shown, jwt }));
  await waitUntil("the API server to know the issuer", async () => (await who(alice)) !== undefined, {
    timeoutMs: 150_000,
  });
}, 240_000);

afterAll(async () => {
  await issuer.stop();
  await rm(platform.dir, { recursive: true, force: true });
});

async function readShown(): Promise<Configuration> {
  const page = await readFile(join(import.meta.dirname, "../../docs/roles.md"), "utf8");
  const block = readBlocks(page).find(({ lines }) => lines.includes(`kind: ${head.kind}`));
  return parse((block?.lines ?? []).join("\n")) as Configuration;
}

interface Review {
  readonly status: { readonly userInfo: { readonly username: string; readonly groups: readonly string[] } };
}

/** Whom the API server takes the bearer of a token for; undefined when it takes it for nobody. */
async function who(
  claims: Readonly<Record<string, unknown>>,
  options?: { readonly forged?: boolean },
): Promise<{ username: string; groups: readonly string[] } | undefined> {
  const { status, body } = await cluster().request({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    body: {},
    token: issuer.token(claims, options),
  });
  if (status === 401) return undefined;
  const { username, groups } = (body as Review).status.userInfo;
  return { username, groups };
}

async function look(claims: Readonly<Record<string, unknown>>, path: string): Promise<number> {
  return (await cluster().request({ method: "GET", path, token: issuer.token(claims) })).status;
}

test("who logs in as the page shows has the role of that login, in that workspace only", async () => {
  expect(await who(alice)).toEqual({ username: "paas:owner@a.example", groups: ["system:authenticated"] });
  expect(await look(alice, "/api/v1/namespaces/paas-ws-a/pods")).toBe(200);
  expect(await look(alice, "/api/v1/namespaces/paas-ws-a/secrets")).toBe(403);
  expect(await look(alice, "/api/v1/namespaces/paas-ws-b/pods")).toBe(403);
});

test("a token's groups count for nothing, and a login that reads like one of Kubernetes' own users is none", async () => {
  const masters = { ...alice, groups: ["system:masters"] };
  expect((await who(masters))?.groups).toEqual(["system:authenticated"]);
  expect(await look(masters, "/api/v1/secrets")).toBe(403);
  const controller = { ...alice, email: "system:kube-controller-manager" };
  expect((await who(controller))?.username).toBe("paas:system:kube-controller-manager");
  expect(await look(controller, "/api/v1/secrets")).toBe(403);
});

test("an address nobody verified, another audience, an old token and another's key are nobody", async () => {
  expect(await who({ ...alice, email_verified: false })).toBeUndefined();
  expect(await who({ ...alice, aud: "another" })).toBeUndefined();
  expect(await who({ ...alice, exp: 1 })).toBeUndefined();
  expect(await who(alice, { forged: true })).toBeUndefined();
  expect(await who(alice)).toBeDefined();
});
