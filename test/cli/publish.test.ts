import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { writeHeader } from "../../src/manifests/header.ts";
import { samplePlatform } from "../support/builders.ts";
import { readFiles, tempFolder, tempPlatform, writeFiles } from "../support/temp-platform.ts";
import { builtCli, cleanEnvironment, runWoow } from "../support/woow.ts";

const sample = samplePlatform();
const web = "workspaces/acme/web-01.yaml";
const shop = "paas-2-ws-acme-web-01.yaml";

function publish(root: string, folder: string, ...args: readonly string[]) {
  return runWoow(["synth", "-C", root, "--manifests-dir", folder, ...args], { cwd: root });
}

test("a unit that is gone is kept with exit 4 until it is named; its tombstone is swept by age", async () => {
  // without a host, because the workspace's file lists the hosts of its services
  const { [web]: text = "", ...gone } = sample;
  const root = tempPlatform({ ...gone, [web]: text.replace("subdomain: shop\n", "") });
  const folder = tempFolder();
  expect(await publish(root, folder)).toMatchObject({ status: 0 });
  const before = readFiles(folder);
  expect(Object.keys(before)).toEqual(["paas-0-platform.yaml", "paas-1-ws-acme.yaml", shop]);
  for (const name of Object.keys(before)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);

  const other = tempPlatform(gone);
  const kept = await publish(other, folder);
  expect(kept).toMatchObject({ status: 4 });
  expect(kept.stdout).toContain("acme/web-01");
  expect(kept.stdout).toContain("--remove-unit");
  expect(readFiles(folder)).toEqual(before);

  expect(await publish(other, folder, "--remove-unit", "acme/web-01")).toMatchObject({ status: 0 });
  const tombstone = readFiles(folder)[shop] ?? "";
  expect(tombstone).toMatch(/^(#.*\n)+$/);
  expect(statSync(join(folder, shop)).mode & 0o777).toBe(0o600);
  expect(await publish(other, folder)).toMatchObject({ status: 0 });
  expect(readFiles(folder)[shop]).toBe(tombstone);
  const longAgo = Date.now() / 1000 - 600;
  utimesSync(join(folder, shop), longAgo, longAgo);
  expect(await publish(other, folder)).toMatchObject({ status: 0 });
  expect(Object.keys(readFiles(folder))).toEqual(["paas-0-platform.yaml", "paas-1-ws-acme.yaml"]);
});

describe("refusals leave the directory as it was", () => {
  const refused = async (
    files: Readonly<Record<string, string>>,
    prepare: (folder: string) => void = () => undefined,
  ) => {
    const root = tempPlatform(sample);
    const folder = tempFolder();
    writeFiles(folder, files);
    prepare(folder);
    const before = readFiles(folder);
    const ran = await publish(root, folder);
    expect(ran.status).toBe(1);
    expect(ran.stderr).not.toMatch(/^ {4}at /m);
    expect(readFiles(folder)).toEqual(before);
    return ran;
  };

  test("a foreign file in a unit's place", async () => {
    expect((await refused({ [shop]: "kind: ConfigMap\n" })).stderr).toContain(shop);
  });

  test("a link in a unit's place is neither followed nor replaced, whatever it leads to", async () => {
    const ours = writeHeader({ platform: "test-platform", unit: "acme/web-01", tombstone: false });
    await refused({ "elsewhere.txt": ours }, (folder) => symlinkSync("elsewhere.txt", join(folder, shop)));
  });

  test("a folder in a unit's place", async () => {
    await refused({ [`${shop}/x`]: "mine\n" });
  });

  test("a directory that is not there is not made", async () => {
    const root = tempPlatform(sample);
    const folder = join(tempFolder(), "manifests");
    const ran = await publish(root, folder);
    expect(ran).toMatchObject({ status: 1 });
    expect(ran.stderr).not.toMatch(/^ {4}at /m);
    expect(readFiles(folder)).toEqual({});
  });

  test.each([["--without-secrets"], ["--stdout"]])("%s does not go with it", async (flag) => {
    const root = tempPlatform(sample);
    const folder = tempFolder();
    expect(await publish(root, folder, flag)).toMatchObject({ status: 1 });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("--remove-unit alone", async () => {
    const root = tempPlatform(sample);
    const ran = await runWoow(["synth", "-C", root, "--remove-unit", "acme"], { cwd: root });
    expect(ran).toMatchObject({ status: 1 });
    expect(readFiles(join(root, "dist"))).toEqual({});
  });
});

test("what a killed run left is swept; hidden files of others stay", async () => {
  const root = tempPlatform(sample);
  const folder = tempFolder();
  writeFiles(folder, { ".woow-paas-0-platform.yaml-0123abcd": "half a fi", ".hidden": "mine" });
  expect(await publish(root, folder)).toMatchObject({ status: 0 });
  expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([".hidden"]);
});

test("a foreign mode of an old file does not survive", async () => {
  const root = tempPlatform(sample);
  const folder = tempFolder();
  await publish(root, folder);
  chmodSync(join(folder, shop), 0o644);
  writeFileSync(join(root, web), `${sample[web] ?? ""}resources: { vcpu: 2 }\n`);
  await publish(root, folder);
  expect(statSync(join(folder, shop)).mode & 0o777).toBe(0o600);
});

test("killed at any moment it leaves whole old or whole new files", { timeout: 240_000 }, async () => {
  const services = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [
      `workspaces/acme/web-${index + 100}.yaml`,
      (sample[web] ?? "").replace("subdomain: shop", `subdomain: shop-${index}`),
    ]),
  );
  const root = tempPlatform({ ...sample, ...services });
  const folder = tempFolder();
  const issuers = ["letsencrypt-staging", "letsencrypt-prod"] as const;
  const texts = new Map<string, Record<string, string>>();
  let fullRunMs = 0;
  const setIssuer = (issuer: string): void =>
    writeFileSync(join(root, "platform.yaml"), (sample["platform.yaml"] ?? "").replace(issuers[0], issuer));
  for (const issuer of issuers) {
    setIssuer(issuer);
    const started = performance.now();
    const wanted = tempFolder();
    expect(await publish(root, wanted)).toMatchObject({ status: 0 });
    fullRunMs = performance.now() - started;
    texts.set(issuer, readFiles(wanted));
  }
  writeFiles(folder, texts.get(issuers[0]) ?? {});

  let killedBefore = 0;
  let mixed = 0;
  let leftovers = 0;
  // twenty rounds, and on a busy machine as many more as it takes to kill one while it writes
  for (let round = 0; round < 20 || (leftovers + mixed === 0 && round < 200); round += 1) {
    setIssuer(issuers[(round + 1) % 2] ?? "");
    const child = execa(process.execPath, [builtCli, "synth", "-C", root, "--manifests-dir", folder], {
      cwd: root,
      env: cleanEnvironment(root),
      extendEnv: false,
      reject: false,
    });
    // half of them at any time, half as soon as something is being written
    if (round % 2 === 0) await sleep(Math.random() * fullRunMs);
    else {
      const giveUp = performance.now() + 4 * fullRunMs;
      while (performance.now() < giveUp && !readdirSync(folder).some((name) => name.startsWith(".")))
        await sleep(1);
      await sleep(Math.random() * 0.1 * fullRunMs);
    }
    child.kill("SIGKILL");
    const { signal } = await child;
    if (signal === "SIGKILL") killedBefore += 1;
    const seen = new Set<string>();
    for (const name of readdirSync(folder)) {
      if (name.startsWith(".")) {
        leftovers += 1;
        continue;
      }
      const text = readFileSync(join(folder, name), "utf8");
      const whole = issuers.filter((issuer) => texts.get(issuer)?.[name] === text);
      expect(whole, `${name} in round ${round}`).not.toEqual([]);
      if (whole.length === 1) seen.add(whole[0] ?? "");
    }
    expect(readdirSync(folder).filter((name) => !name.startsWith("."))).toHaveLength(63);
    if (seen.size === 2) mixed += 1;
  }
  // a loop that only ever killed too late, or never while it wrote, would prove nothing
  expect(killedBefore).toBeGreaterThan(5);
  expect(leftovers + mixed).toBeGreaterThan(0);

  setIssuer(issuers[1]);
  expect(await publish(root, folder)).toMatchObject({ status: 0 });
  expect(readFiles(folder)).toEqual(texts.get(issuers[1]));
});

test("a directory per platform: another platform's files are not ours", async () => {
  const root = tempPlatform(sample);
  const folder = tempFolder();
  mkdirSync(folder, { recursive: true });
  await publish(root, folder);
  const other = tempPlatform({
    ...sample,
    "platform.yaml": (sample["platform.yaml"] ?? "").replace("test-platform", "other-platform"),
  });
  const before = readFiles(folder);
  expect(await publish(other, folder)).toMatchObject({ status: 1 });
  expect(readFiles(folder)).toEqual(before);
});
