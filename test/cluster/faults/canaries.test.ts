import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readState } from "./cluster-state.ts";
import { findLeaks, type Canary } from "./find-leaks.ts";
import { startWoow } from "./woow-process.ts";
import { seal, textOf } from "../../secrets/fixtures.ts";
import { readFiles } from "../../support/temp-platform.ts";
import { writeTestPlatform } from "../platform-on-cluster.ts";
import { clusterOrSkip } from "../test-cluster.ts";
import { useCluster } from "../use-cluster.ts";

const cluster = useCluster();

/** One for each place that can hold a secret: passwords, and any other path of a chart that takes or refuses it. */
const places = {
  "db-01": { "auth.password": "made-up-canary-db-5a1" },
  "app-01": { password: "made-up-canary-web-5b2", message: "made-up-canary-message-5c3" },
  // its pods say it when they die
  crashing: { podMessage: "madeupcanarylastwords" },
  // the chart's schema refuses it
  refused: { replicas: "made-up-canary-schema-5e5" },
  // the template fails at it
  failing: { hooks: "made-up-canary-hooks-5a7" },
  // the API server quotes it
  quoted: { nodeSelector: "made-up-canary-selector-5b8" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

const changedPassword = "made-up-canary-changed-5c9";
const canaries: readonly Canary[] = [
  ...Object.entries(places).flatMap(([service, values]) =>
    Object.entries(values).map(([path, value]) => ({ name: `${service} ${path}`, value })),
  ),
  { name: "changed", value: changedPassword },
];

/** What a person, a file or a log got to see, by where. */
const seen = new Map<string, string>();
const statuses = new Map<string, number | undefined>();
/** What the values Secrets of the first apply held. */
let deployed: readonly string[] = [];
let dir = "";

async function run(...args: readonly string[]): Promise<void> {
  const name = `woow ${args.join(" ")}`;
  const process = startWoow(args, {
    cwd: dir,
    kubeconfig: cluster().kubeconfigPath,
    env: { WOOW_AGE_KEY_FILE: join(dir, "age-key.txt"), WOOW_ACTOR: "tester" },
  });
  const lines = new Set<string>();
  let isOver = false;
  const look = (async () => {
    while (!isOver) for (const line of await process.commandLines()) lines.add(line);
  })();
  const { status, stdout, stderr } = await process.ended;
  isOver = true;
  await look;
  statuses.set(name, status);
  seen.set(`${name}: output`, stdout + stderr);
  seen.set(`${name}: command lines`, [...lines].join("\n"));
}

function serviceText(id: string): string {
  const more = id === "crashing" ? "helm_values: { pod: crash }\n" : "";
  return `kind: CloudService\ntemplate_id: web\nname: ${id}\nchart_version: "1.0.0"\n${more}`;
}

async function writeSecret(id: string, values: Readonly<Record<string, string>>): Promise<void> {
  const path = join(dir, `workspaces/a/${id}.yaml`);
  const text = await readFile(path, "utf8").catch(() => serviceText(id));
  await writeFile(path, textOf(await seal(text, { bind: `a/${id}`, set: values })));
}

/** A whole life with every command that prints, saves or records. */
beforeAll(async () => {
  if ("skip" in (await clusterOrSkip())) return;
  dir = await mkdtemp(join(tmpdir(), "woow-canaries-"));
  await writeTestPlatform({
    dir,
    cluster: cluster(),
    workspaces: { a: 0 },
    databases: ["a"],
    more: "records: cluster\n",
  });
  for (const [id, values] of Object.entries(places)) await writeSecret(id, values);
  await run("validate");
  await run("plan", "--objects");
  await run("apply", "--yes", "--timeout", "30");
  const values = [...(await readState(cluster()))].filter(([key]) => key.endsWith("-values"));
  deployed = findLeaks(values.map(([, { text }]) => text).join("\n"), canaries);
  await run("status");
  await run("status", "-o", "json");
  await run("status", "-o", "wide");
  await writeSecret("app-01", { password: changedPassword });
  await run("plan", "--objects");
  await run("--json", "plan", "--objects");
  await run("plan", "--markdown", "--objects");
  await run("plan", "--out", "plan.json");
  await run("show", "plan.json");
  await run("--json", "apply", "--yes", "--timeout", "30");
  await run("revisions");
  await run("revisions", "show", "a/app-01", "1");
  await run("revisions", "export", "revisions.jsonl");
  await run("rollback", "a/app-01", "1", "--yes", "--wait=false");
  await run("retry", "a/refused", "--wait=false");
  // while its pod is there
  await run("logs", "a/refused", "--job");
  await run("--json", "destroy", "a/app-01", "--yes");
  await run("doctor");
}, 900_000);

afterAll(async () => rm(dir, { recursive: true, force: true }));

test("the search finds what is hidden", () => {
  const canary: Canary = { name: "it", value: "made-up-canary-hidden" };
  const text = `some: ${canary.value} in words`;
  const base64 = Buffer.from(text).toString("base64");
  const packed = gzipSync(text).toString("base64");
  const hidden = [text, base64, `x${Buffer.from(`yz${text}`).toString("base64")}`, packed];
  hidden.push(Buffer.from(packed).toString("base64"), Buffer.from(text).toString("hex"));
  for (const one of hidden) expect(findLeaks(`data: "${one}"`, [canary]), one).toEqual(["it"]);
  expect(findLeaks("made-up-canary-other", [canary])).toEqual([]);
});

describe("a secret that a service file holds sealed", () => {
  test("is used: the commands did their work, and the cluster has it where charts look", () => {
    expect(deployed).toEqual(
      canaries
        .map(({ name }) => name)
        .filter((name) => name !== "changed")
        .sort(),
    );
    const failed = [...statuses].filter(([, status]) => status === undefined || status === 3);
    expect(failed.map(([name]) => `${name}: ${seen.get(`${name}: output`)}`)).toEqual([]);
    expect(seen.get("woow status: output")).toMatch(/a\/refused/);
    expect(seen.get("woow rollback a/app-01 1 --yes --wait=false: command lines")).toMatch(
      /rollback a\/app-01/,
    );
  });

  test("is in no output, plan file, local record, log of ours or command line", () => {
    const files = Object.entries(readFiles(dir)).filter(([path]) => path !== "age-key.txt");
    expect(files.map(([path]) => path)).toEqual(expect.arrayContaining(["plan.json", "revisions.jsonl"]));
    const all = [...seen, ...files.map(([path, text]) => [`file ${path}`, text] as const)];
    const leaks = all.flatMap(([where, text]) =>
      findLeaks(text, canaries).map((name) => `${where}: ${name}`),
    );
    expect(leaks).toEqual([]);
  });

  test("is in the cluster only where its chart needs it: no revision, inventory, chart or event", async () => {
    const state = await readState(cluster());
    expect([...state.keys()].some((key) => key.startsWith("Secret paas-system/revision"))).toBe(true);
    const leaks = [...state]
      .filter(([key]) => isOurs(key))
      .flatMap(([key, { text }]) => findLeaks(text, canaries).map((name) => `${key}: ${name}`));
    expect(leaks).toEqual([]);
  });
});

/** What a chart makes of its values is its own, and Helm's record of it; the values Secret is where they belong. */
function isOurs(key: string): boolean {
  return (
    key.includes(" paas-system/") ||
    /^(HelmChart|Ingress|Middleware|Namespace|ResourceQuota|NetworkPolicy|Lease) /.test(key)
  );
}
