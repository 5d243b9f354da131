import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { addWorkspaceRule, readRecipients } from "../../src/secrets/sops-config.ts";
import { identity, keyFile, secondIdentity, secondKeyFile } from "../secrets/fixtures.ts";
import { sealedService } from "../support/builders.ts";
import { goTool } from "../support/go-tool.ts";
import { secretFiles } from "../support/secret-world.ts";
import { tempPlatform, writeFiles } from "../support/temp-platform.ts";
import { builtCli, cleanEnvironment } from "../support/woow.ts";

const path = "workspaces/acme/db-02.yaml";
const unit = "acme/db-02";
const value = "made-up-password-密碼-2 and more";
let sops = "";
let missing = "";

beforeAll(async () => {
  const tool = await goTool("sops");
  if ("skip" in tool) missing = tool.skip;
  else sops = tool.path;
});

beforeEach((context) => {
  if (missing !== "") context.skip(missing);
});

async function platform(): Promise<string> {
  const files = Object.entries(await secretFiles());
  const folder = tempPlatform({ "first.txt": keyFile, "second.txt": secondKeyFile });
  writeFiles(folder, Object.fromEntries(files.map(([name, text]) => [`platform/${name}`, text])));
  return join(folder, "platform");
}

type Key = "first" | "second";
const keysOf = (root: string, key: Key): Record<string, string> =>
  cleanEnvironment(join(root, ".."), { SOPS_AGE_KEY_FILE: join(root, "..", `${key}.txt`) });

/** A command that must succeed; gives its standard output. */
async function woow(root: string, args: readonly string[], input = ""): Promise<string> {
  const options = {
    cwd: root,
    env: keysOf(root, "first"),
    extendEnv: false,
    input,
    stripFinalNewline: false,
  };
  return (await execa(process.execPath, [builtCli, "secrets", ...args], options)).stdout;
}

/** SOPS as a person runs it in the repository: it finds .sops.yaml by itself. */
async function runSops(root: string, args: readonly string[], key: Key = "first"): Promise<string> {
  const options = { cwd: root, env: keysOf(root, key), extendEnv: false, all: true } as const;
  const { all } = await execa(sops, ["--disable-version-check", ...args], options);
  return all;
}

async function readBySops(root: string, key: Key = "first"): Promise<Record<string, unknown>> {
  const text = await runSops(root, ["decrypt", path], key);
  return (parse(text) as { secret_values: Record<string, unknown> }).secret_values;
}

test("SOPS reads the file after every command, and changes it so that we read it", async () => {
  const root = await platform();
  await woow(root, ["set", unit, "auth.password"], value);
  expect(await readBySops(root)).toEqual({ "auth.password": value, _bind: unit });

  await woow(root, ["regenerate", unit, "auth.password"]);
  const { "auth.password": made } = await readBySops(root);
  expect(await woow(root, ["show", unit, "auth.password", "--force"])).toBe(made);

  await woow(root, ["rotate-key", unit]);
  expect(await readBySops(root)).toEqual({ "auth.password": made, _bind: unit });

  await woow(root, ["recipients", "add", "-w", "acme", secondIdentity.recipient]);
  expect(await readBySops(root, "second")).toEqual({ "auth.password": made, _bind: unit });
  expect(await runSops(root, ["updatekeys", "-y", path])).toContain("already up to date");

  await runSops(root, ["set", path, '["secret_values"]["auth.password"]', JSON.stringify(value)], "second");
  expect(await woow(root, ["show", unit, "auth.password", "--force"])).toBe(value);

  await woow(root, ["recipients", "remove", "-w", "acme", secondIdentity.recipient]);
  await expect(readBySops(root, "second")).rejects.toThrow();
  expect(await readBySops(root)).toEqual({ "auth.password": value, _bind: unit });
  expect(await runSops(root, ["updatekeys", "-y", path])).toContain("already up to date");
});

test("SOPS reads secrets after they were tied to another service", async () => {
  const root = await platform();
  writeFiles(root, { [path]: await sealedService("beta/db-01") });
  await woow(root, ["rebind", unit, "--yes"]);
  expect(await readBySops(root)).toMatchObject({ _bind: unit });
});

test("SOPS' next save moves no line of the secrets", async () => {
  const root = await platform();
  // what stands above them SOPS writes in its own style
  const linesOf = () =>
    readFileSync(join(root, path), "utf8").split("secret_values:\n")[1]?.split("\n") ?? [];
  await woow(root, ["set", unit, "auth.password"], "made-up-password-2");
  const before = linesOf();
  await runSops(root, ["set", path, '["secret_values"]["auth.password"]', '"made-up-password-3"']);
  const after = linesOf();
  expect(after).toHaveLength(before.length);
  const changed = after
    .filter((line, index) => line !== before[index])
    .map((line) => line.split(":")[0]?.trim());
  expect(changed.filter((key) => key !== "lastmodified")).toEqual(["auth.password", "mac"]);
});

test.each([
  ["workspaces/acme/x.yaml", [identity.recipient, secondIdentity.recipient]],
  ["workspaces/beta/x.yaml", [identity.recipient]],
  ["workspaces/acme2/x.yaml", [identity.recipient]],
])("SOPS seals %s for those whom we read from .sops.yaml", async (file, expected) => {
  const root = await platform();
  const config = readFileSync(join(root, ".sops.yaml"), "utf8");
  const recipients = [identity.recipient, secondIdentity.recipient];
  const ruled = addWorkspaceRule(config, { workspaceId: "acme", recipients });
  if (!ruled.ok) throw new Error(ruled.error.message);
  writeFiles(root, { ".sops.yaml": ruled.value, [file]: "secret_values:\n  a: made-up\n" });
  await runSops(root, ["encrypt", "-i", file]);
  const { sops: sealed } = parse(readFileSync(join(root, file), "utf8")) as {
    sops: { age: { recipient: string }[]; mac_only_encrypted: boolean };
  };
  expect(sealed.age.map(({ recipient }) => recipient)).toEqual(expected);
  expect(sealed.mac_only_encrypted).toBe(true);
  expect(readRecipients(ruled.value, file)).toEqual({ ok: true, value: expected });
});
