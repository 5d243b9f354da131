import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { append, samplePlatform } from "../support/builders.ts";
import { tempFolder, tempPlatform } from "../support/temp-platform.ts";
import { runWoow } from "../support/woow.ts";

const platform = () => tempPlatform(append(samplePlatform(), "catalog/database.yaml", "is_active: false\n"));
const events = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("catalog list", () => {
  test("prints active apps as a table, with price and version", async () => {
    const { status, stdout } = await runWoow(["catalog", "list"], { cwd: platform() });
    expect(status).toBe(0);
    expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["ID", "NAME", "CATEGORY", "MONTHLY", "CHART", "DESCRIPTION"],
      ["web", "Web", "web", "3 USD", "1.2.3", "A small web application"],
      [""],
    ]);
  });

  test("every other format", async () => {
    const cwd = platform();
    const run = async (...args: string[]) =>
      (await runWoow(["catalog", "list", "--all", ...args], { cwd })).stdout;
    expect(await run("-o", "name")).toBe("database\nweb\n");
    const json = JSON.parse(await run("-o", "json")) as { id: string; currency: string }[];
    expect(json.map(({ id, currency }) => `${id} ${currency}`)).toEqual(["database USD", "web USD"]);
    expect(parse(await run("-o", "yaml"))).toEqual(json);
    expect(await run("-o", "wide")).toContain("oci://registry.example.com/charts database");
    expect(events(await run("--json")).map(({ version, type, id }) => [version, type, id])).toEqual([
      [1, "template", "database"],
      [1, "template", "web"],
    ]);
    const bad = await runWoow(["catalog", "list", "-o", "xml"], { cwd });
    expect([bad.status, bad.stderr]).toEqual([1, expect.stringContaining("table, wide, json, yaml, name")]);
  });

  test("an unknown category names the nearest one; a broken template is named and the rest still listed", async () => {
    const cwd = tempPlatform({ ...samplePlatform(), "catalog/bad.yaml": "kind: CloudAppTemplate\n" });
    const category = await runWoow(["catalog", "list", "--category", "databse"], { cwd });
    expect([category.status, category.stderr]).toEqual([
      1,
      expect.stringContaining("did you mean database?"),
    ]);
    const list = await runWoow(["catalog", "list", "-o", "name"], { cwd });
    expect(list).toMatchObject({ status: 1, stdout: "database\nweb\n" });
    expect(list.stderr).toContain("catalog/bad.yaml");
  });
});

test("catalog show says what a service needs and how to order it", async () => {
  const cwd = platform();
  const { status, stdout } = await runWoow(["catalog", "show", "database"], { cwd });
  expect(status).toBe(0);
  expect(stdout).toContain("inactive");
  expect(stdout).toMatch(/auth\.password +Password +password, generated/);
  expect(stdout).toContain("woow create service database -w WORKSPACE --set auth.database=TEXT");
  const card = JSON.parse(
    (await runWoow(["catalog", "show", "web", "-o", "json"], { cwd })).stdout,
  ) as object;
  expect(card).toMatchObject({ id: "web", helm_chart: { chart_version: "1.2.3" } });
  const absent = await runWoow(["catalog", "show", "databse"], { cwd });
  expect([absent.status, absent.stderr]).toEqual([1, expect.stringContaining("did you mean database?")]);
});

describe("catalog verify", () => {
  test.each([
    ["by flag", ["--helm", "/absent/helm"], {}],
    ["by variable", [], { WOOW_HELM: "absent-helm" }],
    ["on PATH", [], { PATH: "/absent" }],
  ])("a helm that is missing %s is a message, not a stack", async (_, args, env) => {
    const { status, stderr } = await runWoow(["catalog", "verify", ...args], { cwd: platform(), env });
    expect(status).toBe(1);
    expect(stderr).toMatch(/error: there is no program .*helm\n {2}hint: .*Helm 3\.14/);
    expect(stderr).not.toMatch(/^ {4}at /m);
    const json = await runWoow(["catalog", "verify", "--json", ...args], { cwd: platform(), env });
    expect(events(json.stdout)).toMatchObject([{ type: "error", code: "program-missing" }]);
  });

  test.each([
    ["too old", "echo v3.9.4+gdbc6d8e", "program-missing"],
    ["another program", "echo hello", "program-failed"],
    ["one that fails", "echo broken >&2; exit 3", "program-failed"],
  ])("a helm that is %s", async (_, script, code) => {
    const cwd = platform();
    const { stdout, status } = await runWoow(["catalog", "verify", "--json", "--helm", writeHelm(script)], {
      cwd,
    });
    expect(status).toBe(1);
    expect(events(stdout)).toMatchObject([{ type: "error", code }]);
  });

  test("findings, a line per template, a sum; exit 1 when there is an error", async () => {
    const cwd = platform();
    const helm = writeHelm(
      '[ "$1" = version ] && echo v3.20.1 && exit 0\necho "Error: chart \\"$2\\" version \\"$6\\" not found in https://charts.example.com repository" >&2; exit 1',
    );
    const { status, stdout, stderr } = await runWoow(["catalog", "verify", "--helm", helm], { cwd });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^catalog\/web\.yaml:9:18: error: .*web 1\.2\.3 .* \[chart-not-found\]$/m);
    expect(stdout).toMatch(/^web +web +1\.2\.3 +0 +1 +0 +failed$/m);
    expect(stdout).toMatch(/^2 templates: 0 ok, 2 failed; 0 renderings with Helm v3\.20\.1$/m);
    const json = events(
      (await runWoow(["catalog", "verify", "web", "--json", "--helm", helm], { cwd })).stdout,
    );
    expect(json).toMatchObject([
      { version: 1, type: "finding", template: "web", code: "chart-not-found", line: 9 },
      { type: "template", template: "web", errors: 1 },
      { type: "summary", ok: false, templates: 1 },
    ]);
  });

  test("helm runs in a home of its own, with values nobody else can read", async () => {
    const cwd = platform();
    const seen = join(tempFolder(), "seen");
    const charts = tempPlatform({ "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\n" });
    const helm = writeHelm(
      `[ "$1" = version ] && echo v4.0.0 && exit 0\n{ env; echo "ARGS $*"; ls -l "$7"; } > ${seen}; echo "Error: stop" >&2; exit 1`,
    );
    const env = {
      HELM_REPOSITORY_CONFIG: "/somewhere",
      AWS_SECRET: "made-up",
      KUBECONFIG: "/somewhere/kube",
    };
    await runWoow(["catalog", "verify", "web", "--helm", helm, "--charts-dir", charts], { cwd, env });
    const text = readFileSync(seen, "utf8");
    expect(text).toMatch(
      /^ARGS template paas-ws-123-x1 .*\/web --namespace paas-ws-123 --values .* --kube-version v1\.35\.8/m,
    );
    expect(text).toMatch(/^-rw-------/m);
    expect(text).toMatch(/^HELM_CACHE_HOME=.*woow-helm-/m);
    expect(text).not.toContain("/somewhere");
    expect(text).not.toContain("AWS_SECRET");
  });

  test("an unknown id and a folder that is not there are refused before helm is asked", async () => {
    const cwd = platform();
    const unknown = await runWoow(["catalog", "verify", "wep", "--helm", "/absent"], { cwd });
    expect(unknown.stderr).toContain("did you mean web?");
    const folder = await runWoow(
      ["catalog", "verify", "--charts-dir", "/absent-folder", "--helm", "/absent"],
      { cwd },
    );
    expect(folder.stderr).toContain("/absent-folder is not a directory");
  });
});

function writeHelm(script: string): string {
  const path = join(tempFolder(), "helm");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
