import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { buildProgram } from "../../src/cli/program.ts";
import type { CliContext } from "../../src/cli/context.ts";
import type { Command } from "commander";
import { append, edit, samplePlatform, sealedService } from "../support/builders.ts";
import { readFiles, tempFolder, tempPlatform } from "../support/temp-platform.ts";
import { builtCli, cleanEnvironment, runWoow } from "../support/woow.ts";

const silent: CliContext = {
  environment: {},
  stdout: () => {},
  stderr: () => {},
  stdoutIsTty: false,
  stderrIsTty: false,
  canAsk: false,
  colors: { stdout: false, stderr: false },
};

/** Every command a person can type, as words. */
function listCommands(command: Command, head: readonly string[] = []): string[][] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== "help")
    .flatMap((each) => {
      const words = [...head, each.name()];
      return each.commands.length > 0 ? [words, ...listCommands(each, words)] : [words];
    });
}

const commands = listCommands(buildProgram(silent, () => {}));
const leaves = commands.filter(
  (words) =>
    !commands.some((other) => other.length > words.length && words.every((word, i) => other[i] === word)),
);
const escape = "\u001b";

test("there are commands, and those of this issue are among them", () => {
  const names = leaves.map((words) => words.join(" "));
  expect(names).toEqual(
    expect.arrayContaining([
      "validate",
      "synth",
      "outdated",
      "upgrade",
      "catalog update",
      "schemas",
      "config",
      "completion",
    ]),
  );
});

test.each(leaves.map((words) => [words.join(" "), words] as const))(
  "woow %s --help says what it does, with an example of itself",
  async (name, words) => {
    const { status, stdout, stderr } = await runWoow([...words, "--help"], { cwd: "/" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const [usage = "", example = ""] = stdout.split("\nExample:\n");
    expect(usage).toMatch(new RegExp(`^Usage: woow ${name}`));
    expect(usage.split("\n\n")[1]?.length ?? 0).toBeGreaterThan(20);
    const lines = example.trimEnd().split("\n");
    // behind a pipe or in <( ) where that is how it is used
    for (const line of lines) expect(line).toMatch(new RegExp(`^ {2}\\$ (.*(\\(|\\| ))?woow ${name}`));
    expect(stdout).not.toContain(escape);
  },
);

test("help lists every command with what it does", async () => {
  const { status, stdout } = await runWoow(["--help"], { cwd: "/" });
  expect(status).toBe(0);
  for (const [name = ""] of commands) expect(stdout).toMatch(new RegExp(`^ {2}${name} .*\\S`, "m"));
});

test("without a command the help comes, as a failure", async () => {
  const { status, stdout, stderr } = await runWoow([], { cwd: "/" });
  expect(status).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toContain("Usage: woow");
});

test.each([["--version"], ["-V"]])("%s is the package's", async (flag) => {
  expect(await runWoow([flag], { cwd: "/" })).toEqual({
    status: 0,
    stdout: `${packageJson.version}\n`,
    stderr: "",
  });
});

test.each([
  ["a command", ["valdate"], "validate"],
  ["a sub-command", ["catalog", "updat"], "update"],
  ["a flag", ["synth", "--without-secret"], "--without-secrets"],
  ["a global flag", ["validate", "--directry", "x"], "--directory"],
])("an unknown spelling of %s exits 1 and says what was meant", async (_, args, meant) => {
  const { status, stdout, stderr } = await runWoow(args, { cwd: "/" });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^error: /);
  expect(stderr).toContain(`Did you mean ${meant}?`);
  expect(stderr).not.toMatch(/^ {4}at /m);
});

test.each([
  ["a missing argument", ["completion"]],
  ["one argument too many", ["validate", "what"]],
  ["a flag without its value", ["synth", "--cluster"]],
  ["a value that is no choice", ["config", "-o", "xml"]],
])("%s exits 1 with a word on help", async (_, args) => {
  const { status, stdout, stderr } = await runWoow(args, { cwd: "/" });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain("--help");
});

const broken = () => append(samplePlatform(), "workspaces/acme/web-01.yaml", "subdomian: x\n");

/** A command line that fails on these files, and the event that says so. */
interface Failure {
  readonly args: readonly string[];
  readonly files: Record<string, string>;
  readonly type: string;
}

test.each<[string, Failure]>([
  ["a definition problem", { args: ["validate"], files: broken(), type: "problem" }],
  ["a problem that stops synth", { args: ["synth"], files: broken(), type: "problem" }],
  ["an unknown name", { args: ["upgrade", "acme/nope"], files: samplePlatform(), type: "error" }],
  ["a question nobody can answer", { args: ["catalog", "update"], files: samplePlatform(), type: "error" }],
  ["a wrong flag", { args: ["synth", "--nope"], files: samplePlatform(), type: "error" }],
  ["a wrong command", { args: ["snyth"], files: samplePlatform(), type: "error" }],
  ["no platform", { args: ["validate"], files: {}, type: "problem" }],
])(
  "with --json, %s is lines of JSON on standard output and nothing else",
  async (_, { args, files, type }) => {
    const { status, stdout } = await runWoow([...args, "--json"], { cwd: tempPlatform(files) });
    expect(status).toBe(1);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { version: number; type: string });
    expect(events.every(({ version }) => version === 1)).toBe(true);
    expect(events.map((event) => event.type)).toContain(type);
  },
);

test("colours only on a terminal, and never with NO_COLOR or a dumb one", async () => {
  const cwd = tempPlatform(broken());
  expect((await runWoow(["validate"], { cwd })).stderr).not.toContain(escape);
  expect((await runWoow(["validate"], { cwd, env: { FORCE_COLOR: "1" } })).stderr).not.toContain(escape);
  if (!(await hasScript())) return;
  const onTerminal = async (env: Readonly<Record<string, string>>) => {
    const command = `${process.execPath} ${builtCli} validate`;
    const all = cleanEnvironment(cwd, env);
    const run = await execa("script", ["-qec", command, "/dev/null"], {
      cwd,
      env: all,
      extendEnv: false,
      reject: false,
    });
    expect(run.stdout).toContain("unknown key subdomian");
    return run.stdout;
  };
  expect(await onTerminal({ TERM: "xterm" })).toContain(`${escape}[`);
  expect(await onTerminal({ TERM: "xterm", NO_COLOR: "1" })).not.toContain(escape);
  expect(await onTerminal({ TERM: "dumb" })).not.toContain(escape);
});

async function hasScript(): Promise<boolean> {
  return execa("script", ["--version"]).then(
    ({ stdout }) => stdout.includes("util-linux"),
    () => false,
  );
}

/** Runs a line in bash; PIPESTATUS 0 is what woow itself ended with. */
async function inBash(line: string, cwd: string): Promise<{ status: string; stderr: string }> {
  const woow = `"${process.execPath}" "${builtCli}"`;
  const code = `${line.replaceAll("woow", () => woow)} >/dev/null; echo "status \${PIPESTATUS[0]}"`;
  const env = cleanEnvironment(cwd);
  const { stdout, stderr } = await execa("bash", ["--norc", "-c", code], { cwd, env, extendEnv: false });
  return { status: stdout.trim(), stderr };
}

test.each([
  "woow config | true",
  "woow --help | true",
  "woow --version | true",
  "woow config --json | head -1",
])("a reader that stops reading is no failure: %s", async (line) => {
  // several runs, because a pipe may be closed before, while or after we write
  for (let run = 0; run < 4; run += 1) {
    expect(await inBash(line, tempPlatform(samplePlatform()))).toEqual({ status: "status 0", stderr: "" });
  }
});

test("a large output into a closed pipe ends without a stack", async () => {
  const files: Record<string, string> = samplePlatform();
  const one = files["workspaces/acme/web-01.yaml"] ?? "";
  for (let number = 2; number < 60; number += 1) {
    files[`workspaces/acme/web-${number}.yaml`] = one.replace("subdomain: shop", `subdomain: shop-${number}`);
  }
  expect(await inBash("woow synth --stdout 2>/dev/null | head -1", tempPlatform(files))).toEqual({
    status: "status 0",
    stderr: "",
  });
});

test.skipIf(process.platform !== "linux")(
  "a full disk behind standard output is a failure with words",
  async () => {
    const cwd = tempPlatform(samplePlatform());
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [builtCli, "config"], {
      cwd,
      env: cleanEnvironment(cwd),
      stdio: ["ignore", full, "pipe"],
    });
    let stderr = "";
    child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const [status] = (await once(child, "close")) as [number];
    closeSync(full);
    expect(status).toBe(1);
    expect(stderr).toBe("error: standard output cannot be written: ENOSPC\n");
  },
);

test("Ctrl-C stops at once, says nothing and leaves what was there", async () => {
  const files = {
    ...samplePlatform(),
    "workspaces/acme/database-01.yaml": await sealedService("acme/database-01"),
    "dist/default/paas-0-platform.yaml": "# woow\n",
  };
  const cwd = tempPlatform(files);
  // a key file that never ends: the command stands in the middle of its work
  const pipe = join(tempFolder(), "key");
  await execa("mkfifo", [pipe]);
  const env = cleanEnvironment(cwd, { WOOW_AGE_KEY_FILE: pipe });
  const child = spawn(process.execPath, [builtCli, "synth"], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const closed = once(child, "close");
  // opening for writing returns once the command reads
  const { open } = await import("node:fs/promises");
  const writer = await open(pipe, "w");
  child.kill("SIGINT");
  const [status, signal] = (await closed) as [number | null, string | null];
  await writer.close();
  expect(signal ?? status).toBe(signal === null ? 130 : "SIGINT");
  expect(output).toBe("");
  expect(readFiles(cwd)).toEqual(files);
});

test("exit statuses: 0 done, 1 not valid", async () => {
  const good = tempPlatform(samplePlatform());
  expect((await runWoow(["validate"], { cwd: good })).status).toBe(0);
  expect((await runWoow(["synth"], { cwd: good })).status).toBe(0);
  const bad = tempPlatform(edit(samplePlatform(), "platform.yaml", ["name: test-platform", "name: Bad"]));
  expect((await runWoow(["validate"], { cwd: bad })).status).toBe(1);
  expect((await runWoow(["synth"], { cwd: bad })).status).toBe(1);
});
