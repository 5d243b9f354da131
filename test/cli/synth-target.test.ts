import { mkdirSync, readlinkSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { samplePlatform } from "../support/builders.ts";
import { readFiles, tempFolder, tempPlatform, writeFiles } from "../support/temp-platform.ts";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";

const sample = samplePlatform();

function expectRefusal(ran: Ran, source: string): void {
  expect(ran).toMatchObject({ status: 1, stdout: "" });
  expect(ran.stderr).toContain(`error: ${source}`);
}

describe("manifests are not written where people write", () => {
  const folders = ["", " ", ".", "..", "/", "catalog", "workspaces/acme", "./charts/x", "dist/../schemas"];
  test.each([...folders, "src", ".git", "../LINK/catalog"])("%j", async (given) => {
    const root = tempPlatform(sample);
    mkdirSync(join(root, "src"));
    const link = `${root}-link`;
    symlinkSync(root, link);
    const folder = given.replace("LINK", basename(link));
    const before = readFiles(root);
    const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      runWoow(["synth", ...args], { cwd: root, env });
    expectRefusal(await run(["--output", folder]), "--output");
    expectRefusal(await run([], { CDK8S_OUTDIR: folder }), "CDK8S_OUTDIR");
    expectRefusal(await run(["--manifests-dir", folder]), "--manifests-dir");
    expect(readFiles(root)).toEqual(before);
  });

  test("a program gets the code", async () => {
    const root = tempPlatform(sample);
    const { status, stdout } = await runWoow(["synth", "-o", "", "--json"], { cwd: root });
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ type: "error", code: "usage" });
  });

  test.each(["out", "catalog-2/manifests", "..out"])("%s is a folder like any other", async (folder) => {
    const root = tempPlatform(sample);
    expect(await runWoow(["synth", "-o", folder], { cwd: root })).toMatchObject({ status: 0 });
    expect(readFiles(join(root, folder))).toHaveProperty(["default/paas-0-platform.yaml"]);
  });
});

test("a cluster's folder that is a link is refused; dist/ itself may be one", async () => {
  const root = tempPlatform(sample);
  const elsewhere = tempFolder();
  writeFiles(elsewhere, { "paas-0-platform.yaml": "somebody else's\n" });
  mkdirSync(join(root, "dist"));
  symlinkSync(elsewhere, join(root, "dist", "default"));
  const refused = await runWoow(["synth", "--json"], { cwd: root });
  expect(refused.status).toBe(1);
  expect(JSON.parse(refused.stdout)).toMatchObject({ type: "error", code: "foreign-file" });
  expect(readFiles(elsewhere)).toEqual({ "paas-0-platform.yaml": "somebody else's\n" });
  expect(readlinkSync(join(root, "dist", "default"))).toBe(elsewhere);

  const memory = tempFolder();
  symlinkSync(memory, join(root, "linked"));
  expect(await runWoow(["synth", "-o", "linked"], { cwd: root })).toMatchObject({ status: 0 });
  expect(readFiles(memory)).toHaveProperty(["default/paas-0-platform.yaml"]);
});

test("runs side by side do not disturb each other", { timeout: 240_000 }, async () => {
  const services = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [
      `workspaces/acme/web-${index + 10}.yaml`,
      (sample["workspaces/acme/web-01.yaml"] ?? "").replace("subdomain: shop\n", ""),
    ]),
  );
  const root = tempPlatform({ ...sample, ...services });
  const quota = "{ vcpu: 99, ram_gb: 99, limits_vcpu: 99, limits_ram_gb: 99 }";
  const synth = () => runWoow(["synth"], { cwd: root });
  const manifests = () =>
    Object.fromEntries(
      Object.entries(readFiles(join(root, "dist"))).filter(([path]) => !path.startsWith(".woow-cache-key")),
    );
  for (let round = 0; round < 8; round += 1) {
    // every run has every file to write; in every other round the cluster's folder, too
    const domain = `round${round}.example.com`;
    const text = (sample["platform.yaml"] ?? "").replace("apps.example.com", domain);
    const cluster = `cluster${round >> 1}`;
    writeFiles(root, {
      "platform.yaml": text.replace("  default:", `  ${cluster}:`),
      "workspaces/acme/workspace.yaml": `kind: Workspace\nname: Acme\ncluster: ${cluster}\nquota: ${quota}\n`,
    });
    for (const ran of await Promise.all([synth(), synth(), synth()])) {
      expect(ran.stderr).toBe("");
      expect(ran.status).toBe(0);
    }
    const together = manifests();
    await runWoow(["synth", "-o", `alone-${round}`, "--no-cache"], { cwd: root });
    expect(together).toEqual(readFiles(join(root, `alone-${round}`)));
  }
});
