import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { execa } from "execa";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { samplePlatform } from "../support/builders.ts";
import { goTool } from "../support/go-tool.ts";
import type { GoTool } from "../support/go-tool.ts";
import { tempFolder, tempPlatform } from "../support/temp-platform.ts";
import { runWoow } from "../support/woow.ts";

let helm: GoTool = { skip: "not asked yet" };

beforeAll(async () => {
  helm = await goTool("helm");
}, 900_000);

beforeEach(({ skip }) => {
  if ("skip" in helm) skip(helm.skip);
});

const template = `kind: CloudAppTemplate
name: App
description: Made up for the tests of the lock file
category: web
helm_chart:
  repository: https://charts.example.com
  chart_name: good
  chart_version: "1.2.3"
  default_values: { fullnameOverride: "{release_name}" }
service_port: 80
pod_port: 8080
resource_keys:
  containers: [{ path: resources }]
  storage: [{ path: persistence.size }]
`;

/** A platform with one template, its packed chart in a folder, and the command that verifies it from there. */
async function prepare() {
  if ("skip" in helm) throw new Error(helm.skip);
  const { path } = helm;
  const charts = tempFolder();
  await execa(path, ["package", join(import.meta.dirname, "..", "charts", "good"), "-d", charts]);
  const root = tempPlatform({
    "platform.yaml": samplePlatform()["platform.yaml"] ?? "",
    "catalog/app.yaml": template,
  });
  const verify = (...args: string[]) =>
    runWoow(["catalog", "verify", "--charts-dir", charts, "--helm", path, ...args], { cwd: root });
  return { root, charts, packed: join(charts, "good-1.2.3.tgz"), verify };
}

test("without a lock file verify writes none; --write-lock writes it with the bytes, and verify agrees until a byte changes", async () => {
  const { root, packed, verify } = await prepare();
  const plain = await verify();
  expect(plain).toMatchObject({ status: 0, stderr: "" });
  expect(existsSync(join(root, "catalog.lock.yaml"))).toBe(false);

  const written = await verify("--write-lock");
  expect(written.status).toBe(0);
  expect(written.stdout).toContain("wrote catalog.lock.yaml: 1 chart");
  const [name = ""] = readdirSync(join(root, "charts", ".verified"));
  const bytes = readFileSync(packed);
  expect(readFileSync(join(root, "charts", ".verified", name))).toEqual(bytes);
  const text = readFileSync(join(root, "catalog.lock.yaml"), "utf8");
  expect(text).toContain(`sha256: ${name.replace(".tgz", "")}`);
  expect((await verify()).stdout).toContain("catalog.lock.yaml is up to date: 1 chart");
  expect((await runWoow(["validate"], { cwd: root })).status).toBe(0);

  // the same files packed otherwise: the same chart to Helm, and not what was verified
  writeFileSync(packed, gzipSync(gunzipSync(bytes), { level: 1 }));
  const changed = await verify("--json");
  expect(changed.status).toBe(1);
  expect(changed.stdout).toContain('"code":"chart-changed"');
  expect((await verify("--write-lock")).status).toBe(1);
  expect(readFileSync(join(root, "catalog.lock.yaml"), "utf8")).toBe(text);

  expect((await verify("--write-lock", "--accept-changed")).status).toBe(0);
  const left = readdirSync(join(root, "charts", ".verified"));
  expect(left).toHaveLength(1);
  expect(left).not.toContain(name);
});

test("a folder cannot be locked, and flags that need --write-lock say so", async () => {
  const { root, packed, verify } = await prepare();
  rmSync(packed);
  const folder = await verify("--write-lock");
  expect(folder.status).toBe(1);
  expect(folder.stderr).toContain("there is no good-1.2.3.tgz");
  expect(readFileSync(join(root, "catalog.lock.yaml"), "utf8")).toContain("charts: []");
  expect(await verify("--digests-only")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("go with --write-lock") as string,
  });
});
