import { cpSync, renameSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sampleKeyFile, sampleRecipient } from "../../src/edges/age-keys.ts";
import { tempFolder } from "../support/temp-platform.ts";
import { runWoow } from "../support/woow.ts";

const repository = join(import.meta.dirname, "..", "..");
const warning = `warning: ${sampleKeyFile} is public`;

/** A copy of the sample in this repository. */
function sample(): string {
  const root = join(tempFolder(), "sample");
  const parts = [".sops.yaml", sampleKeyFile, "catalog", "charts", "domains.yaml", "platform.yaml"];
  for (const part of [...parts, "workspaces"]) {
    cpSync(join(repository, part), join(root, part), { recursive: true });
  }
  return root;
}

const countWarnings = (stderr: string): number => stderr.split(warning).length - 1;

test("whatever seals for the public sample key or opens with it says so, once", async () => {
  const root = sample();
  const runs: (readonly string[])[] = [
    ["create", "service", "postgresql", "-w", "demo"],
    ["copy", "demo/postgresql-01", "postgresql-02"],
    ["copy", "demo/postgresql-01", "postgresql-03", "--keep-secrets"],
    ["secrets", "rotate-key", "demo/postgresql-01"],
    ["secrets", "show", "demo/postgresql-01", "--force"],
    ["synth"],
  ];
  for (const args of runs) {
    const ran = await runWoow(args, { cwd: root });
    expect(ran.status, `${args.join(" ")}: ${ran.stderr}`).toBe(0);
    expect(countWarnings(ran.stderr), args.join(" ")).toBe(1);
  }
  for (const args of [["validate"], ["outdated"], ["synth", "--without-secrets"]]) {
    expect(countWarnings((await runWoow(args, { cwd: root })).stderr), args.join(" ")).toBe(0);
  }
  const plain = await runWoow(["create", "service", "podinfo", "-w", "demo", "--subdomain", "two"], {
    cwd: root,
  });
  expect(plain).toMatchObject({ status: 0, stderr: "" });
});

test("the key is known under any name, and without being there", async () => {
  const root = sample();
  const other = join(root, "..", "mine.txt");
  renameSync(join(root, sampleKeyFile), other);
  const created = await runWoow(["create", "service", "postgresql", "-w", "demo"], { cwd: root });
  expect(created.status).toBe(0);
  expect(countWarnings(created.stderr)).toBe(1);
  const synthesized = await runWoow(["synth"], { cwd: root, env: { WOOW_AGE_KEY_FILE: other } });
  expect(synthesized.status).toBe(0);
  expect(countWarnings(synthesized.stderr)).toBe(1);
});

test("a key of one's own is not warned of", async () => {
  const home = tempFolder();
  await runWoow(["init", "shop", "--domain", "apps.example.com"], { cwd: home });
  const env = { HOME: home, XDG_CONFIG_HOME: join(home, ".config") };
  const ran = await runWoow(["create", "service", "postgresql", "-w", "demo"], {
    cwd: join(home, "shop"),
    env,
  });
  expect(ran).toMatchObject({ status: 0, stderr: "" });
});

test("a recipient that is the sample's is warned of when it is added", async () => {
  const home = tempFolder();
  const env = { HOME: home, XDG_CONFIG_HOME: join(home, ".config") };
  await runWoow(["init", "shop", "--domain", "apps.example.com"], { cwd: home, env });
  const run = (...args: readonly string[]) => runWoow(args, { cwd: join(home, "shop"), env });
  await run("create", "service", "postgresql", "-w", "demo");
  const added = await run("secrets", "recipients", "add", "-w", "demo", sampleRecipient);
  expect(added.status, added.stderr).toBe(0);
  expect(countWarnings(added.stderr)).toBe(1);
  // from now on whatever is sealed there is public, and so it is said
  expect(countWarnings((await run("create", "service", "postgresql", "-w", "demo")).stderr)).toBe(1);
});
