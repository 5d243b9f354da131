import { cpSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { edit, samplePlatform } from "../support/builders.ts";
import { readFiles, tempFolder, tempPlatform, writeFiles } from "../support/temp-platform.ts";
import { runWoow } from "../support/woow.ts";

const golden = join(import.meta.dirname, "..", "golden", "full");
const keyFile = join(golden, "public-key-for-tests.txt");
const expected = readFiles(join(golden, "manifests"));
const sample = samplePlatform();
const web = "workspaces/acme/web-01.yaml";

/** What stands in dist/ without woow's own notes for the next run. */
function readDist(path: string): Record<string, string> {
  return Object.fromEntries(Object.entries(readFiles(path)).filter(([name]) => !name.startsWith(".woow-")));
}

describe("the same input gives the same bytes", () => {
  test.each<readonly [string, Readonly<Record<string, string>>]>([
    ["a plain environment", {}],
    ["another time zone", { TZ: "Asia/Kolkata" }],
    ["another language", { LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" }],
    [
      "settings of cdk8s",
      {
        CDK8S_DISABLE_RESOURCE_NAME_HASH: "1",
        CDK8S_CHART_ID: "x",
        CDK8S_RECORD_CONSTRUCT_METADATA: "true",
        CDK8S_DISABLE_SORT: "1",
      },
    ],
    [
      "a clock of long ago and Node's own switches",
      { SOURCE_DATE_EPOCH: "0", NODE_OPTIONS: "--no-warnings" },
    ],
    ["colours forced", { FORCE_COLOR: "3" }],
  ])("with %s", async (_, env) => {
    const root = tempFolder();
    cpSync(join(golden, "input"), root, { recursive: true });
    const ran = await runWoow(["synth", "-C", root], {
      cwd: root,
      env: { ...env, WOOW_AGE_KEY_FILE: keyFile },
    });
    expect(ran).toMatchObject({ status: 0 });
    expect(readDist(join(root, "dist"))).toEqual(expected);
  });

  test("from another folder, into another folder, and as CDK8S_OUTDIR says", async () => {
    const env = { WOOW_AGE_KEY_FILE: keyFile };
    const cwd = tempFolder();
    const root = join(cwd, "platform");
    cpSync(join(golden, "input"), root, { recursive: true });
    const out = join(cwd, "out");
    expect(await runWoow(["synth", "-C", "platform", "-o", out], { cwd, env })).toMatchObject({ status: 0 });
    expect(readDist(out)).toEqual(expected);
    const below = join(root, "workspaces", "acme");
    const other = join(cwd, "other");
    const ran = await runWoow(["synth"], { cwd: below, env: { ...env, CDK8S_OUTDIR: other } });
    expect(ran).toMatchObject({ status: 0 });
    expect(readDist(other)).toEqual(expected);
    expect(readDist(join(root, "dist"))).toEqual({});
  });

  test("through a link inside the repository", async () => {
    const root = tempPlatform(sample);
    const link = join(root, "workspaces", "acme", "copy.yaml");
    writeFiles(root, { "shared/service.yaml": (sample[web] ?? "").replace("subdomain: shop\n", "") });
    symlinkSync("../../shared/service.yaml", link);
    expect(await runWoow(["synth", "-C", root], { cwd: root })).toMatchObject({ status: 0 });
    expect(Object.keys(readFiles(join(root, "dist", "default")))).toContain("paas-2-ws-acme-copy.yaml");
  });
});

describe("dist/", () => {
  test("is for its owner only, because Secrets are in it", async () => {
    const root = tempPlatform(sample);
    await runWoow(["synth", "-C", root], { cwd: root });
    const mode = (path: string) => statSync(join(root, "dist", path)).mode & 0o777;
    for (const path of Object.keys(readDist(join(root, "dist")))) expect(mode(path)).toBe(0o600);
    expect(mode("default")).toBe(0o700);
    expect(mode(".")).toBe(0o700);
  });

  test("a unit that is gone from git goes, what others put there stays", async () => {
    const root = tempPlatform(sample);
    await runWoow(["synth", "-C", root], { cwd: root });
    const foreign = {
      "default/notes.txt": "mine\n",
      "default/paas-2-ws-acme-mine.yaml": "kind: ConfigMap\n",
      "other/x.yaml": "kind: ConfigMap\n",
    };
    const dist = join(root, "dist");
    writeFiles(dist, foreign);
    symlinkSync("notes.txt", join(dist, "default", "paas-2-ws-acme-link.yaml"));
    const { [web]: _, ...rest } = sample;
    const other = tempPlatform(rest);
    const ran = await runWoow(["synth", "-C", other, "-o", dist], { cwd: other });
    expect(ran).toMatchObject({ status: 0 });
    expect(ran.stdout).toContain("pruned default/paas-2-ws-acme-web-01.yaml");
    expect(readDist(dist)).toEqual({
      ...foreign,
      ...Object.fromEntries(Object.entries(readDist(dist)).filter(([path]) => /paas-[01]-/.test(path))),
    });
    expect(statSync(join(dist, "default", "paas-2-ws-acme-link.yaml")).isFile()).toBe(true);
  });

  test("an empty folder of a cluster that is gone goes with its files", async () => {
    const two = edit(sample, "platform.yaml", [
      "clusters:\n",
      "clusters:\n  eu: { k3s_version: v1.35.8+k3s1, node_cidrs: [] }\n",
    ]);
    const root = tempPlatform(two);
    await runWoow(["synth", "-C", root], { cwd: root });
    expect(statSync(join(root, "dist", "eu")).isDirectory()).toBe(true);
    writeFileSync(join(root, "platform.yaml"), sample["platform.yaml"] ?? "");
    await runWoow(["synth", "-C", root], { cwd: root });
    expect(() => statSync(join(root, "dist", "eu"))).toThrow("ENOENT");
  });
});

describe("flags", () => {
  test("--stdout prints what would be written, and writes nothing", async () => {
    const root = tempPlatform(sample);
    const ran = await runWoow(["synth", "-C", root, "--stdout"], { cwd: root });
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(readDist(join(root, "dist"))).toEqual({});
    await runWoow(["synth", "-C", root], { cwd: root });
    expect(ran.stdout).toBe(Object.values(readDist(join(root, "dist"))).join("---\n"));
  });

  test("--stdout of one service is that service alone", async () => {
    const root = tempPlatform(sample);
    const ran = await runWoow(["synth", "-C", root, "--stdout", "-s", "acme/web-01"], { cwd: root });
    expect([...ran.stdout.matchAll(/^# unit: (.*)$/gm)].map(([, unit]) => unit)).toEqual(["acme/web-01"]);
  });

  test("--stdout keeps problems and notes out of the manifests", async () => {
    const root = tempPlatform(edit(sample, "platform.yaml", ["    node_cidrs: [192.0.2.0/28]\n", ""]));
    const ran = await runWoow(["synth", "-C", root, "--stdout"], { cwd: root });
    expect(ran.stderr).toContain("[node-cidrs-missing]");
    expect(ran.stdout).not.toContain("warning");
  });

  test("-w, -s and --cluster of something unknown say so and name the nearest", async () => {
    const root = tempPlatform(sample);
    for (const [flag, value, near] of [
      ["-w", "acmee", "acme"],
      ["-s", "acme/web-1", "acme/web-01"],
      ["--cluster", "defualt", "default"],
    ] as const) {
      const ran = await runWoow(["synth", "-C", root, flag, value], { cwd: root });
      expect(ran.status).toBe(1);
      expect(ran.stderr).toContain(near);
      expect(readDist(join(root, "dist"))).toEqual({});
    }
  });

  test("--json gives an event a line with a version, problems among them", async () => {
    const events = (stdout: string) =>
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { version: number; type: string });
    const root = tempPlatform(sample);
    const good = await runWoow(["synth", "-C", root, "--json"], { cwd: root });
    expect(events(good.stdout)).toEqual([
      expect.objectContaining({ version: 1, type: "file", unit: "platform", outcome: "created" }),
      expect.objectContaining({ version: 1, type: "file", unit: "acme", outcome: "created" }),
      expect.objectContaining({ version: 1, type: "file", unit: "acme/web-01", outcome: "created" }),
      expect.objectContaining({ version: 1, type: "summary", ok: true, created: 3 }),
    ]);
    writeFileSync(join(root, web), `${sample[web] ?? ""}subdomian: x\n`);
    const bad = await runWoow(["synth", "-C", root, "--json"], { cwd: root });
    expect(bad.status).toBe(1);
    expect(events(bad.stdout)).toEqual([
      expect.objectContaining({ type: "problem", code: "unknown-key", file: web, line: 6, column: 1 }),
      expect.objectContaining({ type: "summary", ok: false }),
    ]);
  });

  test("outside of a repository it says what to do", async () => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, "empty"));
    const ran = await runWoow(["synth"], { cwd: join(cwd, "empty") });
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain("woow init");
    expect(ran.stderr).not.toMatch(/^ {4}at /m);
  });
});
