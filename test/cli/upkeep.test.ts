import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { edit, samplePlatform } from "../support/builders.ts";
import { readFiles, tempPlatform, writeFiles } from "../support/temp-platform.ts";
import { builtCli, cleanEnvironment, runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";

const shippedRoot = join(import.meta.dirname, "..", "..");
const service = "workspaces/acme/web-01.yaml";
const behind = () => edit(samplePlatform(), service, ['"1.2.3"', '"1.0.0" # why']);

/** The events of a run: every line of standard output, and each must be JSON with a version. */
function eventsOf({ stdout }: Ran): Record<string, unknown>[] {
  const events = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const event of events) expect(event).toMatchObject({ version: 1, type: expect.any(String) as string });
  return events;
}

test("outdated is a report in five forms, and ends well", async () => {
  const cwd = tempPlatform(behind());
  const table = await runWoow(["outdated"], { cwd });
  expect(table.status).toBe(0);
  expect(table.stdout).toMatch(
    /^SERVICE +TEMPLATE +PIN +CATALOG +STATE\nacme\/web-01 +web +1.0.0 +1.2.3 +behind\n/,
  );
  expect((await runWoow(["outdated", "-o", "name"], { cwd })).stdout).toBe("acme/web-01\n");
  const expected = { services: [{ unit: "acme/web-01", pin: "1.0.0", catalog: "1.2.3" }], current: 0 };
  expect(JSON.parse((await runWoow(["outdated", "-o", "json"], { cwd })).stdout)).toMatchObject(expected);
  expect(parse((await runWoow(["outdated", "-o", "yaml"], { cwd })).stdout)).toMatchObject(expected);
  expect(eventsOf(await runWoow(["outdated", "--json"], { cwd }))).toMatchObject([
    { type: "outdated-service", unit: "acme/web-01" },
    { type: "summary", services: 1 },
  ]);
});

test("upgrade edits the pin in the file and says so; a second run has nothing to do", async () => {
  const cwd = tempPlatform(behind());
  const ran = await runWoow(["upgrade", "acme/web-01"], { cwd });
  expect(ran).toMatchObject({ status: 0, stderr: "" });
  expect(ran.stdout).toContain(`${service}: 1.0.0 -> 1.2.3\n`);
  expect(readFiles(cwd)).toEqual(edit(samplePlatform(), service, ['"1.2.3"', '"1.2.3" # why']));
  expect((await runWoow(["upgrade", "--all"], { cwd })).stdout).toBe("nothing to upgrade\n");
  expect((await runWoow(["outdated"], { cwd })).stdout).toMatch(/at the catalog's version/);
});

test("upgrade without a name shows what it would do, writes nothing and asks for --all", async () => {
  const files = behind();
  const cwd = tempPlatform(files);
  const ran = await runWoow(["upgrade"], { cwd });
  expect(ran.status).toBe(1);
  expect(ran.stdout).toContain("1.0.0 -> 1.2.3");
  expect(ran.stderr).toMatch(/--all/);
  expect((await runWoow(["upgrade", "--all", "--dry-run"], { cwd })).status).toBe(0);
  expect(readFiles(cwd)).toEqual(files);
  expect((await runWoow(["upgrade", "--template", "web", "--limit", "1"], { cwd })).status).toBe(0);
  expect(readFiles(cwd)).not.toEqual(files);
});

test("a downgrade needs --to with a name, and says what it is", async () => {
  const cwd = tempPlatform(samplePlatform());
  const refused = await runWoow(["upgrade", "--all", "--to", "1.0.0"], { cwd });
  expect(refused.status).toBe(1);
  const ran = await runWoow(["upgrade", "acme/web-01", "--to", "1.0.0"], { cwd });
  expect(ran.status).toBe(0);
  expect(ran.stdout).toContain("(downgrade)");
  expect(readFiles(cwd)[service]).toContain('chart_version: "1.0.0"');
});

test.each([
  ["a bad limit", ["upgrade", "--all", "--limit", "0"], ""],
  ["an unknown service", ["upgrade", "acme/web-1"], "did you mean acme/web-01?"],
  ["a version that is none", ["upgrade", "acme/web-01", "--to", "latest"], "nothing was written"],
])("upgrade refuses %s and writes nothing", async (_, args, words) => {
  const files = behind();
  const cwd = tempPlatform(files);
  const ran = await runWoow(args, { cwd });
  expect(ran.status).toBe(1);
  expect(ran.stderr).toContain(words);
  expect(ran.stderr).not.toMatch(/^ {4}at /m);
  expect(readFiles(cwd)).toEqual(files);
});

/** A platform with the shipped catalog and charts as this woow has them. */
function shippedPlatform(): Record<string, string> {
  const shipped = (folder: string) =>
    Object.entries(readFiles(join(shippedRoot, folder))).map(([path, text]) => [`${folder}/${path}`, text]);
  return {
    "platform.yaml": samplePlatform()["platform.yaml"] ?? "",
    ...Object.fromEntries([...shipped("catalog"), ...shipped("charts"), ...shipped("schemas")]),
  };
}

/** The same with one template missing and one changed by the user. */
function ownPlatform(): Record<string, string> {
  const files = edit(shippedPlatform(), "catalog/redis.yaml", ["monthly_price: 10", "monthly_price: 99"]);
  delete files["catalog/podinfo.yaml"];
  return files;
}

test("catalog update has nothing to say where the catalog is the shipped one", async () => {
  const cwd = tempPlatform(shippedPlatform());
  expect(await runWoow(["catalog", "update", "--yes"], { cwd })).toMatchObject({ status: 0, stderr: "" });
  expect(readFiles(cwd)).toEqual(shippedPlatform());
  expect(await runWoow(["schemas", "--check"], { cwd })).toMatchObject({ status: 0, stderr: "" });
});

test("catalog update shows a diff and writes nothing without a terminal or --yes", async () => {
  const cwd = tempPlatform(ownPlatform());
  const ran = await runWoow(["catalog", "update"], { cwd });
  expect(ran.status).toBe(1);
  expect(ran.stdout).toContain("\n-monthly_price: 99\n+monthly_price: 10\n");
  expect(ran.stderr).toContain("--yes");
  const dry = await runWoow(["catalog", "update", "--dry-run"], { cwd });
  expect(dry.status).toBe(0);
  expect(dry.stdout).toContain("--- /dev/null\n+++ b/catalog/podinfo.yaml\n");
  expect(readFiles(cwd)).toEqual(ownPlatform());
});

test("catalog update --yes adds what is new and keeps what the user changed, until it is named", async () => {
  const cwd = tempPlatform(ownPlatform());
  const first = await runWoow(["catalog", "update", "--yes"], { cwd });
  expect(first.status).toBe(4);
  expect(first.stdout).toContain("created catalog/podinfo.yaml\nkept catalog/redis.yaml as it is\n");
  expect(readFiles(cwd)).toEqual({
    ...ownPlatform(),
    "catalog/podinfo.yaml": shippedPlatform()["catalog/podinfo.yaml"],
  });
  const second = await runWoow(["catalog", "update", "redis", "--yes"], { cwd });
  expect(second.status).toBe(0);
  expect(second.stdout).toContain("replaced catalog/redis.yaml");
  expect(readFiles(cwd)).toEqual(shippedPlatform());
});

test("catalog update names a template that is not shipped and leaves it alone", async () => {
  const own = { ...shippedPlatform(), "catalog/web.yaml": samplePlatform()["catalog/web.yaml"] ?? "" };
  const cwd = tempPlatform(own);
  const ran = await runWoow(["catalog", "update", "--yes"], { cwd });
  expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining("catalog/web.yaml") as string });
  expect(readFiles(cwd)).toEqual(own);
  const unknown = await runWoow(["catalog", "update", "redys"], { cwd });
  expect(unknown).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("did you mean redis?") as string,
  });
});

test("catalog update --json gives lines only, with the diff in them", async () => {
  const cwd = tempPlatform(ownPlatform());
  const ran = await runWoow(["catalog", "update", "--json", "--dry-run"], { cwd });
  expect(eventsOf(ran)).toMatchObject([
    { type: "file", path: "catalog/podinfo.yaml", outcome: "new" },
    {
      type: "file",
      path: "catalog/redis.yaml",
      outcome: "differs",
      diff: expect.stringMatching(/^--- a/) as string,
    },
    { type: "summary", changes: 2 },
  ]);
});

test("schemas says what is stale, and --yes brings it", async () => {
  const files = edit(shippedPlatform(), "schemas/workspace.schema.json", ['"object"', '"string"']);
  const cwd = tempPlatform(files);
  const check = await runWoow(["schemas", "--check"], { cwd });
  expect(check).toMatchObject({ status: 1, stdout: "stale schemas/workspace.schema.json\n" });
  expect((await runWoow(["schemas"], { cwd })).status).toBe(1);
  expect(readFiles(cwd)).toEqual(files);
  rmSync(join(cwd, "schemas/platform.schema.json"));
  expect((await runWoow(["schemas", "--yes"], { cwd })).status).toBe(0);
  expect(readFiles(cwd)).toEqual(shippedPlatform());
});

const hasScript = await execa("script", ["--version"]).then(
  ({ stdout }) => stdout.includes("util-linux"),
  () => false,
);
if (!hasScript && process.env["CI"] === "true") throw new Error("util-linux' script is needed in CI");

test.skipIf(!hasScript)(
  "on a terminal each file that differs is asked for, and no is the default",
  async () => {
    const cwd = tempPlatform(ownPlatform());
    const answer = async (input: string) => {
      const command = `${process.execPath} ${builtCli} catalog update`;
      const env = cleanEnvironment(cwd, { TERM: "xterm" });
      // keys come when they are asked for: typed ahead they would be lost in the prompt's start
      const run = execa("script", ["-qec", command, "/dev/null"], {
        cwd,
        env,
        extendEnv: false,
        reject: false,
      });
      let [seen, next] = ["", 0];
      run.stdout.on("data", (chunk: Buffer) => {
        seen += chunk.toString();
        const asked = seen.match(/\?[^\n]*\(y\/N\)/g)?.length ?? 0;
        const questions = new Set(seen.match(/(Add|Replace) [^?]*\?/g)).size;
        if (asked > 0 && questions > next) run.stdin.write(`${input[next++] ?? "\r"}\r`);
      });
      return (await run).exitCode;
    };
    expect(await answer("n\r")).toBe(4);
    expect(readFiles(cwd)).toEqual(ownPlatform());
    expect(await answer("yy")).toBe(0);
    expect(readFiles(cwd)).toEqual(shippedPlatform());
  },
);

test("config names the flag, the variable or the line behind every value", async () => {
  const cwd = tempPlatform(samplePlatform());
  const from = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const ran = await runWoow(["config", ...args, "-o", "json"], { cwd: "/", env });
    const { settings } = JSON.parse(ran.stdout) as {
      settings: { name: string; value: unknown; source: string }[];
    };
    return new Map(settings.map(({ name, value, source }) => [name, [value, source]]));
  };
  expect((await from(["-C", cwd])).get("directory")).toEqual([cwd, "--directory"]);
  const settings = await from([], { WOOW_DIRECTORY: cwd, CDK8S_OUTDIR: "out", NO_COLOR: "1", CI: "1" });
  expect(settings.get("directory")).toEqual([cwd, "WOOW_DIRECTORY"]);
  expect(settings.get("output")).toEqual(["out", "CDK8S_OUTDIR"]);
  expect(settings.get("color")).toEqual([false, "NO_COLOR"]);
  expect(settings.get("questions")).toEqual([false, "CI"]);
  expect(settings.get("domain")).toEqual(["apps.example.com", "platform.yaml:3"]);
  expect(settings.get("drift")).toEqual(["repair", "default"]);
});

test("config never prints a key, wherever somebody put it", async () => {
  const cwd = tempPlatform({ ...samplePlatform(), "key.txt": "AGE-SECRET-KEY-1MADEUPFILE\n" });
  const env = {
    SOPS_AGE_KEY: "AGE-SECRET-KEY-1MADEUPINLINE",
    WOOW_AGE_KEY_FILE: "AGE-SECRET-KEY-1MADEUPMISTAKE",
    SOPS_AGE_KEY_FILE: join(cwd, "key.txt"),
  };
  for (const args of [["config"], ["config", "--json"], ["config", "-o", "yaml"]]) {
    const ran = await runWoow(args, { cwd, env });
    expect(ran.status).toBe(0);
    expect(ran.stdout + ran.stderr).not.toMatch(/MADEUP/);
    expect(ran.stdout).toContain(join(cwd, "key.txt"));
    expect(ran.stdout).toContain("SOPS_AGE_KEY");
    expect(ran.stdout).toContain(join(cwd, ".config/woow/test-platform.agekey"));
  }
});

test("config on a broken platform.yaml says what is wrong and still shows the rest", async () => {
  const cwd = tempPlatform({ "platform.yaml": "kind: [" });
  const ran = await runWoow(["config"], { cwd });
  expect(ran.status).toBe(1);
  expect(ran.stderr).toContain("[yaml-syntax]");
  expect(ran.stdout).toMatch(/^directory /m);
  writeFiles(cwd, samplePlatform());
  expect(readdirSync(cwd)).toContain("workspaces");
  expect((await runWoow(["config"], { cwd })).status).toBe(0);
});
