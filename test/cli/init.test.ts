import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { openText, secondIdentity } from "../secrets/fixtures.ts";
import { readFiles, tempFolder } from "../support/temp-platform.ts";
import { builtCli, cleanEnvironment, runWoow } from "../support/woow.ts";

const init = ["init", "shop", "--domain", "apps.example.com"];

test("init, validate and synth work one after the other, with nothing exported", async () => {
  const cwd = tempFolder();
  const made = await runWoow(init, { cwd });
  expect(made.status, made.stderr).toBe(0);
  const root = join(cwd, "shop");
  const env = { HOME: cwd, XDG_CONFIG_HOME: join(cwd, ".config") };
  const validated = await runWoow(["validate"], { cwd: root, env });
  expect(validated.status, validated.stderr).toBe(0);
  expect(validated.stderr).not.toContain("error");
  const service = await runWoow(["create", "service", "n8n", "-w", "demo", "--subdomain", "flows"], {
    cwd: root,
    env,
  });
  expect(service.status, service.stderr).toBe(0);
  const synthesized = await runWoow(["synth"], { cwd: root, env });
  expect(synthesized.status, synthesized.stderr).toBe(0);
  expect(Object.keys(readFiles(join(root, "dist")))).toContain("default/paas-2-ws-demo-n8n-01.yaml");
});

test("the key lies outside, is its owner's only, is named, and stands in no file and no output", async () => {
  const cwd = tempFolder();
  const { stdout, stderr } = await runWoow(init, { cwd });
  const keyFile = join(cwd, ".config", "woow", "shop.agekey");
  expect(stdout).toContain(keyFile);
  expect(stdout).toContain("WOOW_AGE_KEY_FILE");
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  const secret = /AGE-SECRET-KEY-1\w+/.exec(readFileSync(keyFile, "utf8"))?.[0] ?? "";
  expect(secret).toHaveLength(74);
  const everything = JSON.stringify(readFiles(join(cwd, "shop"))) + stdout + stderr;
  expect(everything).not.toContain(secret);
  expect(everything).not.toContain("AGE-SECRET-KEY");
  expect(Object.keys(readFiles(join(cwd, "shop"))).filter((path) => /agekey|PUBLIC/.test(path))).toEqual([]);
  expect(stderr).toContain("recovery");
});

test("a second init refuses and changes nothing; a key that is there is used again", async () => {
  const cwd = tempFolder();
  await runWoow(init, { cwd });
  const before = readFiles(cwd);
  const again = await runWoow(init, { cwd });
  expect(again.status).toBe(1);
  expect(again.stderr).toContain("already");
  expect(readFiles(cwd)).toEqual(before);
  const other = await runWoow(["init", "other", "--name", "shop", "--domain", "b.example.com"], { cwd });
  expect(other.status).toBe(0);
  const after = readFiles(cwd);
  expect(after[".config/woow/shop.agekey"]).toBe(before[".config/woow/shop.agekey"]);
  expect(after["other/.sops.yaml"]).toBe(before["shop/.sops.yaml"]);
});

test("a folder with anything but .git is refused", async () => {
  const cwd = tempFolder();
  const root = join(cwd, "full");
  mkdirSync(join(root, ".git"), { recursive: true });
  writeFileSync(join(root, "notes.txt"), "mine");
  const refused = await runWoow(["init", "full", "--domain", "apps.example.com"], { cwd });
  expect(refused.status).toBe(1);
  expect(readFiles(root)).toEqual({ "notes.txt": "mine" });
  expect(existsSync(join(cwd, ".config"))).toBe(false);
  mkdirSync(join(cwd, "clone", ".git"), { recursive: true });
  expect((await runWoow(["init", "clone", "--domain", "apps.example.com"], { cwd })).status).toBe(0);
});

test.each([
  ["no domain", ["init", "shop"], "--domain"],
  ["a domain that is none", ["init", "shop", "--domain", "https://x.example.com"], "domain"],
  ["a recovery key that is none", [...init, "--recovery-recipient", "age1nope"], "age"],
  ["a name that is none", [...init, "--name", "My Shop"], "name"],
  ["a key file in the repository", [...init, "--key-file", "shop/my.agekey"], "repository"],
])("%s: exit 1, it says so, and nothing is made", async (_, args, word) => {
  const cwd = tempFolder();
  const refused = await runWoow(args, { cwd });
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain(word);
  expect(refused.stderr).not.toMatch(/^ {4}at /m);
  expect(readFiles(cwd)).toEqual({});
});

test("a recovery key can read what is made afterwards, in every workspace", async () => {
  const cwd = tempFolder();
  const made = await runWoow([...init, "--recovery-recipient", secondIdentity.recipient], { cwd });
  expect(made.status, made.stderr).toBe(0);
  expect(made.stderr).toBe("");
  const root = join(cwd, "shop");
  await runWoow(["create", "workspace", "acme"], { cwd: root });
  await runWoow(["create", "service", "redis", "-w", "acme"], { cwd: root });
  const text = readFileSync(join(root, "workspaces/acme/redis-01.yaml"), "utf8");
  const opened = await openText(text, { bind: "acme/redis-01", identities: [secondIdentity] });
  expect(opened.ok && Object.keys(opened.values)).toEqual(["auth.password"]);
});

test("another place for the key has to be named afterwards, and init says how", async () => {
  const cwd = tempFolder();
  const keyFile = join(cwd, "keys", "mine.txt");
  const { stdout } = await runWoow([...init, "--key-file", keyFile], { cwd });
  expect(stdout).toContain(`export WOOW_AGE_KEY_FILE=${keyFile}`);
  const options = { cwd: join(cwd, "shop"), env: { WOOW_AGE_KEY_FILE: keyFile } };
  await runWoow(["create", "service", "redis", "-w", "demo"], options);
  expect((await runWoow(["synth"], { cwd: join(cwd, "shop") })).status).toBe(1);
  expect((await runWoow(["synth"], options)).status).toBe(0);
});

test("--json gives one event with everything a program needs", async () => {
  const cwd = tempFolder();
  const { stdout, stderr } = await runWoow([...init, "--json"], { cwd });
  const event = JSON.parse(stdout) as Record<string, unknown>;
  expect(event).toMatchObject({
    version: 1,
    type: "platform",
    name: "shop",
    key_is_new: true,
    has_recovery: false,
  });
  expect(stdout.trim().split("\n")).toHaveLength(1);
  expect(stderr).toBe("");
});

test("cdk8s synth gives the same dist/ in a new platform", async () => {
  const cwd = tempFolder();
  await runWoow(init, { cwd });
  const root = join(cwd, "shop");
  const modules = join(import.meta.dirname, "..", "..", "node_modules");
  // as npm lays out what is installed
  mkdirSync(join(root, "node_modules", ".bin"), { recursive: true });
  symlinkSync(dirname(dirname(builtCli)), join(root, "node_modules", "woow"));
  symlinkSync("../woow/build/woow.js", join(root, "node_modules", ".bin", "woow"));
  const env = cleanEnvironment(cwd, { PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}` });
  await runWoow(["synth"], { cwd: root, env });
  const manifests = () =>
    Object.entries(readFiles(join(root, "dist"))).filter(([path]) => path.endsWith(".yaml"));
  const ours = manifests();
  const ran = await execa(
    process.execPath,
    [join(modules, "cdk8s-cli", "bin", "cdk8s"), "synth", "--check-upgrade=false"],
    {
      cwd: root,
      env,
      extendEnv: false,
      reject: false,
    },
  );
  expect(ran.exitCode, ran.stderr).toBe(0);
  expect(ours).toHaveLength(3);
  expect(manifests()).toEqual(ours);
});
