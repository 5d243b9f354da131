import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { readFiles, tempFolder } from "../support/temp-platform.ts";
import { builtCli, cleanEnvironment, runWoow } from "../support/woow.ts";

async function newPlatform(): Promise<{
  root: string;
  run: (...args: string[]) => ReturnType<typeof runWoow>;
}> {
  const home = tempFolder();
  const env = { HOME: home, XDG_CONFIG_HOME: join(home, ".config") };
  await runWoow(["init", "shop", "--domain", "apps.example.com"], { cwd: home });
  const root = join(home, "shop");
  const run = (...args: string[]) => runWoow(args, { cwd: root, env });
  await run("create", "workspace", "acme");
  const made = await run("create", "service", "nextcloud", "-w", "demo", "--subdomain", "files");
  expect(made.status, made.stderr).toBe(0);
  return { root, run };
}

test("a copy in the same workspace and in another one validates and synthesizes", async () => {
  const { root, run } = await newPlatform();
  const same = await run(
    "copy",
    "demo/nextcloud-01",
    "nextcloud-02",
    "--subdomain",
    "files2",
    "--name",
    "Second",
  );
  expect(same.status, same.stderr).toBe(0);
  const other = await run("copy", "demo/nextcloud-01", "acme/files", "--subdomain", "files3");
  expect(other.status, other.stderr).toBe(0);
  expect(other.stdout).toContain("the data of demo/nextcloud-01");
  expect(other.stdout).toContain("files.apps.example.com");
  const validated = await run("validate");
  expect(validated.status, validated.stderr).toBe(0);
  const synthesized = await run("synth");
  expect(synthesized.status, synthesized.stderr).toBe(0);
  const manifests = Object.keys(readFiles(join(root, "dist"))).join();
  expect(manifests).toContain("paas-2-ws-acme-files.yaml");
  expect(manifests).toContain("paas-2-ws-demo-nextcloud-02.yaml");
});

test("the original stays byte for byte, and a copy onto a file is refused", async () => {
  const { root, run } = await newPlatform();
  const before = readFiles(root);
  expect((await run("copy", "demo/nextcloud-01", "podinfo-01", "--subdomain", "x")).status).toBe(1);
  expect((await run("copy", "demo/nextclod-01", "x")).stderr).toContain("did you mean demo/nextcloud-01?");
  expect(readFiles(root)).toEqual(before);
  await run("copy", "demo/nextcloud-01", "nextcloud-02", "--subdomain", "files2");
  const path = join(root, "workspaces/demo/nextcloud-01.yaml");
  expect(readFileSync(path, "utf8")).toBe(before["workspaces/demo/nextcloud-01.yaml"]);
});

test("--keep-secrets takes a typed secret over; without a key it says so and writes nothing", async () => {
  const { root, run } = await newPlatform();
  const home = join(root, "..");
  await run("create", "service", "vaultwarden", "-w", "demo", "--subdomain", "vault");
  const set = ["secrets", "set", "demo/vaultwarden-01", "smtp.password.value"];
  const env = cleanEnvironment(home);
  const piped = await execa(process.execPath, [builtCli, ...set], {
    cwd: root,
    env,
    extendEnv: false,
    input: "made-up-password-1",
    reject: false,
  });
  expect(piped.exitCode, piped.stderr).toBe(0);
  const copy = ["copy", "demo/vaultwarden-01", "vaultwarden-02", "--subdomain", "vault2", "--keep-secrets"];
  const before = readFiles(root);
  const without = await runWoow(copy, { cwd: root });
  expect(without.status).toBe(1);
  expect(without.stderr).toContain("WOOW_AGE_KEY_FILE");
  expect(readFiles(root)).toEqual(before);
  const kept = await run(...copy);
  expect(kept.status, kept.stderr).toBe(0);
  expect(kept.stdout).toContain("smtp.password.value: taken over");
  expect(kept.stdout + JSON.stringify(readFiles(root))).not.toContain("made-up-password-1");
  const shown = await run("secrets", "show", "demo/vaultwarden-02", "smtp.password.value", "--force");
  expect(shown.stdout.trim()).toBe("made-up-password-1");
});
