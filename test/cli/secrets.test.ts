import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { identity, keyFile, secondIdentity, secondKeyFile } from "../secrets/fixtures.ts";
import { edit, sealedService } from "../support/builders.ts";
import { secretFiles, unsealedText } from "../support/secret-world.ts";
import { readFiles, tempPlatform, writeFiles } from "../support/temp-platform.ts";
import { builtCli, cleanEnvironment, type Ran } from "../support/woow.ts";

const canary = "made-up-canary-密碼-7f3a";
const path = "workspaces/acme/db-02.yaml";
const unit = "acme/db-02";

interface RunOptions {
  readonly root: string;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

async function run(args: readonly string[], { root, input = "", env = {} }: RunOptions): Promise<Ran> {
  const keys = { WOOW_AGE_KEY_FILE: join(root, "..", "first.txt"), ...env };
  const { exitCode, stdout, stderr } = await execa(process.execPath, [builtCli, "secrets", ...args], {
    cwd: join(root),
    env: cleanEnvironment(join(root, ".."), keys),
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    input,
  });
  return { status: exitCode, stdout, stderr };
}

/** A platform on disk, with the keys in the folder above it. */
async function platform(more: Readonly<Record<string, string>> = {}): Promise<string> {
  const files = Object.entries({ ...(await secretFiles()), ...more });
  const folder = tempPlatform({ "first.txt": keyFile, "second.txt": secondKeyFile });
  writeFiles(folder, Object.fromEntries(files.map(([name, text]) => [`platform/${name}`, text])));
  return join(folder, "platform");
}

const read = (root: string, name = path): string => readFileSync(join(root, name), "utf8");
const show = async (root: string, key = "auth.password"): Promise<string> =>
  (await run(["show", unit, key, "--force"], { root })).stdout;

/** No file and no output holds a text, as it is or in base64. */
function expectNoTrace(root: string, secret: string, outputs: readonly Ran[]): void {
  const forms = [secret, Buffer.from(secret).toString("base64").replace(/=+$/, "")];
  const texts = [
    ...Object.values(readFiles(join(root, ".."))),
    ...outputs.flatMap((ran) => [ran.stdout, ran.stderr]),
  ];
  for (const text of texts) for (const form of forms) expect(text.includes(form)).toBe(false);
}

test("a piped value is encrypted; nothing of it is left anywhere", async () => {
  const root = await platform();
  const ran = await run(["set", unit, "auth.password"], { root, input: `${canary}\n` });
  expect(ran).toMatchObject({ status: 0, stdout: `configured ${path}\n`, stderr: "" });
  expect(read(root).startsWith(unsealedText)).toBe(true);
  expect(await show(root)).toBe(canary);
  const again = await run(["set", unit, "auth.password"], { root, input: `${canary}\n` });
  expect(again.stdout).toBe(`unchanged ${path}\n`);
  expectNoTrace(root, canary, [ran, again]);
});

test.each([
  ["a\r\n", "a", []],
  [" a \n", " a ", []],
  ["\n a \n\n", "a", ["--trim"]],
  ["a", "a", []],
])("of %j one line end is dropped", async (input, expected, flags) => {
  const root = await platform();
  await run(["set", unit, "auth.password", ...flags], { root, input });
  expect(await show(root)).toBe(expected);
});

test("a value of several lines is refused where the template does not say that the chart takes it", async () => {
  const root = await platform();
  const ran = await run(["set", unit, "auth.password"], { root, input: "made-up\n\n" });
  expect(ran.status).toBe(1);
  expect(ran.stderr).toContain("multiline");
  expect(read(root)).toBe(unsealedText);
});

test("an empty value and bytes that are no text are refused", async () => {
  const root = await platform();
  const empty = await run(["set", unit, "auth.password"], { root, input: "\n" });
  expect(empty.status).toBe(1);
  expect(empty.stderr).toContain("--allow-empty");
  const binary = await run(["set", unit, "auth.password"], { root, input: Uint8Array.of(0xff, 0xfe, 0x41) });
  expect(binary.status).toBe(1);
  expect(binary.stderr).toContain("UTF-8");
  expect(read(root)).toBe(unsealedText);
});

test("a value is never taken from the command line", async () => {
  const root = await platform();
  const ran = await run(["set", unit, "auth.password", canary], { root });
  expect(ran.status).toBe(1);
  expect(read(root)).toBe(unsealedText);
});

test("show needs a terminal or --force, and prints no line a value could make up", async () => {
  const root = await platform();
  await run(["set", unit, "auth.password"], { root, input: "made-up auth.other: \u001b[2Jx" });
  const refused = await run(["show", unit], { root });
  expect(refused).toMatchObject({ status: 1, stdout: "" });
  const shown = await run(["show", unit, "--force"], { root });
  expect(shown.stdout.trimEnd().split("\n")).toHaveLength(1);
  expect(shown.stdout).not.toContain("\u001b");
  const json = await run(["show", unit, "--force", "--json"], { root });
  expect(JSON.parse(json.stdout)).toMatchObject({ type: "secret", unit, key: "auth.password" });
});

test("regenerate prints keys and no values, and says why it leaves a value alone", async () => {
  const root = await platform();
  const made = await run(["regenerate", unit], { root });
  expect(made).toMatchObject({ status: 0, stdout: `generated auth.password\nconfigured ${path}\n` });
  const value = await show(root);
  expect(value).toMatch(/^[A-Za-z0-9]{24}$/);
  const type = ["type: password,", "type: password, lifecycle: create_only,"] as const;
  const files = edit(
    { "catalog/database.yaml": read(root, "catalog/database.yaml") },
    "catalog/database.yaml",
    type,
  );
  writeFiles(root, files);
  const before = read(root);
  const refused = await run(["regenerate", unit, "auth.password", "--json"], { root });
  expect(refused.status).toBe(1);
  expect(JSON.parse(refused.stdout)).toMatchObject({ type: "error", code: "create-only", subject: unit });
  expect(read(root)).toBe(before);
  const forced = await run(["regenerate", unit, "auth.password", "--force"], { root });
  expect(forced.status).toBe(0);
  expect(await show(root)).not.toBe(value);
  expectNoTrace(root, value, [made, refused, forced]);
});

test("a wrong key and no key: the file, whom it is sealed for, what was tried", async () => {
  const root = await platform();
  const args = ["show", "acme/db-01", "--force"];
  const wrong = await run(args, { root, env: { WOOW_AGE_KEY_FILE: join(root, "..", "second.txt") } });
  expect(wrong).toMatchObject({ status: 1, stdout: "" });
  for (const part of [
    "workspaces/acme/db-01.yaml:",
    "E_NO_IDENTITY",
    identity.recipient,
    secondIdentity.recipient,
  ]) {
    expect(wrong.stderr).toContain(part);
  }
  const none = await run([...args, "--json"], { root, env: { WOOW_AGE_KEY_FILE: "" } });
  expect(JSON.parse(none.stdout)).toMatchObject({ type: "problem", code: "E_NO_IDENTITY" });
  const missing = await run(args, { root, env: { WOOW_AGE_KEY_FILE: join(root, "nowhere") } });
  expect(missing.stderr).toContain("WOOW_AGE_KEY_FILE");
});

test("the public sample key is warned of wherever it is used", async () => {
  const root = await platform({ "PUBLIC-SAMPLE-KEY.agekey": keyFile });
  for (const args of [
    ["show", "acme/db-01", "--force"],
    ["rotate-key", "acme/db-01"],
  ]) {
    const ran = await run(args, { root, env: { WOOW_AGE_KEY_FILE: "" } });
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain("PUBLIC-SAMPLE-KEY.agekey is public");
  }
});

test("recipients come and go in .sops.yaml and every file", async () => {
  const root = await platform();
  const [second] = [secondIdentity.recipient];
  const added = await run(["recipients", "add", "-w", "acme", second], { root });
  expect(added).toMatchObject({
    status: 0,
    stdout: "configured .sops.yaml\nconfigured workspaces/acme/db-01.yaml\n",
  });
  const env = { WOOW_AGE_KEY_FILE: join(root, "..", "second.txt") };
  expect((await run(["show", "acme/db-01", "--force"], { root, env })).status).toBe(0);
  const listed = await run(["recipients", "list", "-w", "acme"], { root });
  expect(listed.stdout).toBe(`${identity.recipient} (a key of yours)\n${second}\n`);
  const own = await run(["recipients", "remove", "-w", "acme", identity.recipient], { root });
  expect(own.status).toBe(1);
  const removed = await run(["recipients", "remove", "-w", "acme", second], { root });
  expect(removed.status).toBe(0);
  expect(removed.stderr).toContain("git");
  expect((await run(["show", "acme/db-01", "--force"], { root, env })).status).toBe(1);
  expect((await run(["recipients", "list"], { root })).status).toBe(1);
});

test("rebind asks on a terminal and needs --yes elsewhere", async () => {
  const root = await platform({ [path]: await sealedService("acme/db-01") });
  const before = read(root);
  const refused = await run(["rebind", unit], { root });
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain("--yes");
  expect(refused.stderr).toContain("acme/db-01");
  expect(read(root)).toBe(before);
  expect((await run(["rebind", unit, "--yes"], { root })).stdout).toBe(`configured ${path}\n`);
  expect((await run(["rebind", unit], { root })).stdout).toBe(`unchanged ${path}\n`);
});

test("outside a platform the message says so", async () => {
  const root = await platform();
  const ran = await run(["-C", "catalog", "show", unit, "--force"], { root });
  expect(ran).toMatchObject({ status: 1, stdout: "" });
  expect(ran.stderr).toContain("platform.yaml");
});

test("on a terminal the value is asked for twice and never shown", async (context) => {
  const { exitCode } = await execa("script", ["--version"], { reject: false });
  if (exitCode !== 0) context.skip("there is no `script` here to make a terminal with");
  const root = await platform();
  const command = [process.execPath, builtCli, "secrets", "set", unit, "auth.password"].join(" ");
  const terminal = execa("script", ["-qec", command, "/dev/null"], {
    cwd: root,
    env: cleanEnvironment(join(root, ".."), {
      WOOW_AGE_KEY_FILE: join(root, "..", "first.txt"),
      TERM: "xterm",
    }),
    extendEnv: false,
    reject: false,
    timeout: 30_000,
  });
  const steps: [string, string][] = [
    [`auth.password of ${unit}:`, `${canary}\r`],
    ["Once more:", "made-up-typo\r"],
    ["not the same", `\u0015${canary}\r`],
  ];
  let seen = "";
  for await (const chunk of terminal.iterable({ binary: true })) {
    seen += Buffer.from(chunk).toString();
    const [step] = steps;
    if (step === undefined || !seen.includes(step[0])) continue;
    steps.shift();
    terminal.stdin?.write(step[1]);
  }
  expect(steps).toEqual([]);
  expect(seen).toContain("configured");
  expect(seen).not.toContain("canary");
  expect(await show(root)).toBe(canary);
});
