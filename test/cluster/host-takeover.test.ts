import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Ran } from "../support/woow.ts";
import { runWoow } from "../support/woow.ts";
import { mustRequest } from "./on-cluster.ts";
import { writeTestPlatform, type TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";

const cluster = useCluster({ components: "api" });
const web = (workspace: string) => join(dir, `workspaces/${workspace}/web-01.yaml`);
const hostOf = (workspace: string) => `${workspace}-web-01.apps.example.com`;
const domain = "flows.customer.example";

let dir = "";
let platform: TestPlatform;
let files: ReadonlyMap<string, string>;

const woow = async (...args: string[]): Promise<Ran> =>
  runWoow(args, { cwd: dir, env: { ...platform.env, KUBECONFIG: cluster().kubeconfigPath } });
const said = ({ stdout, stderr }: Ran): string => stdout + stderr;

async function edit(workspace: string, from: string | RegExp, to: string): Promise<void> {
  const text = await readFile(web(workspace), "utf8");
  await writeFile(web(workspace), text.replace(from, to));
}

/** Namespaces whose Ingresses or allotments have a host. */
async function holdersOf(host: string): Promise<readonly string[]> {
  interface Item {
    readonly metadata: {
      readonly name: string;
      readonly namespace?: string;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly spec: { readonly rules?: readonly { readonly host: string }[] };
  }
  const read = async (path: string) =>
    (await mustRequest<{ items: Item[] }>(cluster(), { method: "GET", path })).items;
  const ingresses = await read("/apis/networking.k8s.io/v1/ingresses");
  const namespaces = await read("/api/v1/namespaces");
  const serving = ingresses.filter(({ spec }) => spec.rules?.some((rule) => rule.host === host));
  const allotted = namespaces.filter(({ metadata }) =>
    metadata.annotations?.["paas.woowtech.com/hosts"]?.split(",").includes(host),
  );
  const names = [
    ...serving.map(({ metadata }) => metadata.namespace ?? ""),
    ...allotted.map(({ metadata }) => metadata.name),
  ];
  return [...new Set(names)].toSorted();
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "woow-takeover-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { a: 1, b: 1 } });
  await writeFile(
    join(dir, "domains.yaml"),
    `kind: Domains\nverified:\n  - { domain: ${domain}, workspace: a }\n`,
  );
  await edit("a", /$/, `custom_domain: ${domain}\n`);
  const applied = await woow("apply", "--yes", "--wait=false");
  expect([said(applied), applied.status]).toEqual([expect.any(String), 0]);
  files = new Map(
    await Promise.all(
      [web("a"), web("b"), join(dir, "domains.yaml")].map(
        async (path) => [path, await readFile(path, "utf8")] as const,
      ),
    ),
  );
});

beforeEach(async () => {
  for (const [path, text] of files ?? []) await writeFile(path, text);
});

afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

test("a workspace whose file comes first does not get the host that another has", async () => {
  await edit("a", /subdomain: .*/, "subdomain: b-web-01");
  const ran = await woow("apply", "--yes", "--wait=false", "-w", "a");
  expect([said(ran), ran.status]).toEqual([
    expect.stringContaining(`${hostOf("b")}, which the workspace b has in the cluster`),
    3,
  ]);
  expect(await holdersOf(hostOf("b"))).toEqual(["paas-ws-b"]);
});

test("a file that cannot be read frees no host", async () => {
  await edit("a", /$/, "x: [\n");
  await edit("b", /subdomain: .*/, "subdomain: a-web-01");
  const ran = await woow("apply", "--yes", "--wait=false", "-w", "b");
  expect([said(ran), ran.status]).toEqual([expect.stringContaining(hostOf("a")), 3]);
  const reconciled = await woow("reconcile", "--once");
  expect(said(reconciled)).toContain(`${hostOf("a")}, which the workspace a has in the cluster`);
  expect(reconciled.status).not.toBe(0);
  expect(await holdersOf(hostOf("a"))).toEqual(["paas-ws-a"]);
});

test("a domain that domains.yaml gives to another waits until the one who had it lets go", async () => {
  const domains = join(dir, "domains.yaml");
  await writeFile(domains, (await readFile(domains, "utf8")).replace("workspace: a", "workspace: b"));
  await edit("b", /$/, `custom_domain: ${domain}\n`);
  const reconciled = await woow("reconcile", "--once");
  expect(said(reconciled)).toContain(`${domain}, which the workspace a has in the cluster`);
  expect(reconciled.status).not.toBe(0);
  expect(await holdersOf(domain)).toEqual(["paas-ws-a"]);

  await edit("a", /custom_domain: .*\n/, "");
  const ran = await woow("apply", "--yes", "--wait=false");
  expect([said(ran), ran.status]).toEqual([expect.any(String), 0]);
  expect(await holdersOf(domain)).toEqual(["paas-ws-b"]);
  // and back, for the tests that follow
  for (const [path, text] of files) await writeFile(path, text);
  const back = await woow("apply", "--yes", "--wait=false");
  expect([said(back), back.status]).toEqual([expect.any(String), 0]);
});

test("what one lets go of and another gets in the same run is never served by both", async () => {
  await edit("a", /subdomain: .*/, "subdomain: other");
  await edit("b", /subdomain: .*/, "subdomain: a-web-01");
  const mark = await cluster().auditMark();
  const ran = await woow("apply", "--yes", "--wait=false");
  expect([said(ran), ran.status]).toEqual([expect.any(String), 0]);
  expect(await holdersOf(hostOf("a"))).toEqual(["paas-ws-b"]);
  const writes = (await cluster().auditSince(mark))
    .filter(({ verb, dryRun, code }) => verb === "patch" && !dryRun && code < 300)
    .map(({ uri }) => /paas-ws-(.)(?:\?|$|\/ingresses)/.exec(uri)?.[1])
    .filter((workspace) => workspace !== undefined);
  expect(writes.lastIndexOf("a")).toBeLessThan(writes.indexOf("b"));
});
