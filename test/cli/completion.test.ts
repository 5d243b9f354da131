import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { samplePlatform } from "../support/builders.ts";
import { tempFolder, tempPlatform, writeFiles } from "../support/temp-platform.ts";
import { builtCli, cleanEnvironment, runWoow } from "../support/woow.ts";

/** The sample with a second cluster and a file that no YAML reader takes: completion reads names only. */
function platform(): string {
  const files = samplePlatform();
  return tempPlatform({
    ...files,
    "platform.yaml": `${files["platform.yaml"]}  edge:\n    k3s_version: v1.35.8+k3s1\n`,
    "workspaces/beta/workspace.yaml": "kind: [",
    "workspaces/beta/n8n-01.yaml": "kind: [\ncustom_domain: flows.acme.example\n",
  });
}

/** A PATH on which the built CLI is called woow, as an installed one is. */
function installWoow(): string {
  const folder = join(tempFolder(), "bin with space");
  mkdirSync(folder);
  writeFileSync(join(folder, "woow"), `#!/bin/sh\nexec "${process.execPath}" "${builtCli}" "$@"\n`);
  chmodSync(join(folder, "woow"), 0o755);
  return `${folder}:${process.env["PATH"] ?? ""}`;
}

async function runShell(shell: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...cleanEnvironment(cwd), PATH: installWoow() };
  const { stdout, stderr } = await execa(shell, args, { cwd, env, extendEnv: false });
  expect(stderr).toBe("");
  return stdout;
}

/** What bash offers for these words, the last of which is being typed. */
async function completeInBash(cwd: string, words: readonly string[]): Promise<string[]> {
  const code =
    'source <(woow completion bash); complete -p woow >/dev/null || exit 9; COMP_WORDS=(woow "$@"); COMP_CWORD=$#; ' +
    '_woow; printf "%s\\n" "${COMPREPLY[@]}"';
  return lines(await runShell("bash", ["--norc", "-c", code, "bash", ...words], cwd));
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

test.each<[string, string[], string[]]>([
  ["commands", ["up"], ["upgrade"]],
  ["sub-commands", ["catalog", "up"], ["update"]],
  ["flags", ["upgrade", "--d"], ["--directory", "--dry-run"]],
  ["services", ["upgrade", "ac"], ["acme/web-01"]],
  ["services of broken files", ["upgrade", ""], ["acme/web-01", "beta/n8n-01"]],
  ["templates as arguments", ["catalog", "update", "we"], ["web"]],
  ["one template after another", ["catalog", "update", "web", "d"], ["database"]],
  ["services that have secrets", ["secrets", "set", "be"], ["beta/n8n-01"]],
  ["templates of every command on the catalog", ["catalog", "verify", "d"], ["database"]],
  ["templates as values", ["upgrade", "--template", ""], ["database", "web"]],
  ["custom domains", ["domain", "verify", "fl"], ["flows.acme.example"]],
  ["categories", ["catalog", "list", "--category", "da"], ["database"]],
  ["workspaces", ["outdated", "-w", ""], ["acme", "beta"]],
  ["values after =, which bash makes a word", ["outdated", "--workspace", "=", "b"], ["beta"]],
  ["nothing after = yet", ["outdated", "--workspace", "="], ["acme", "beta"]],
  ["clusters", ["synth", "--cluster", ""], ["default", "edge"]],
  ["choices of a flag", ["config", "-o", "j"], ["json"]],
  ["choices of an argument", ["completion", ""], ["bash", "fish", "zsh"]],
  ["after other flags", ["--json", "upgrade", "--limit", "2", "b"], ["beta/n8n-01"]],
  ["nothing more", ["upgrade", "acme/web-01", ""], []],
])("bash completes %s", async (_, words, expected) => {
  expect((await completeInBash(platform(), words)).sort()).toEqual(expected);
});

test("bash completes folders, with spaces in them", async () => {
  const cwd = platform();
  mkdirSync(join(cwd, "out put"));
  writeFiles(cwd, { "out.txt": "" });
  expect(await completeInBash(cwd, ["synth", "--output", "ou"])).toEqual(["out put"]);
});

test("names come from the platform that -C names", async () => {
  const other = platform();
  const cwd = tempFolder();
  expect(await completeInBash(cwd, ["-C", other, "upgrade", "b"])).toEqual(["beta/n8n-01"]);
  expect(await completeInBash(cwd, ["upgrade", ""])).toEqual([]);
});

test("every visible command is offered, the hidden one is not", async () => {
  const cwd = platform();
  const help = await runWoow(["--help"], { cwd });
  const [, list = ""] = help.stdout.split("Commands:\n");
  const commands = [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name ?? "");
  const offered = await completeInBash(cwd, [""]);
  expect(offered.sort()).toEqual(commands.sort());
  expect(offered).not.toContain("__complete");
  expect(help.stdout).not.toContain("__complete");
});

test("whatever goes wrong, nothing is printed", async () => {
  const cwd = platform();
  rmSync(join(cwd, "workspaces"), { recursive: true });
  writeFiles(cwd, { "platform.yaml": "{{{" });
  for (const words of [
    ["upgrade", ""],
    ["synth", "--cluster", ""],
    ["no", "such", ""],
    ["synth", "--nope=", ""],
    [],
  ]) {
    const ran = await runWoow(["__complete", "bash", "--", ...words], { cwd });
    expect(ran, words.join(" ")).toMatchObject({ status: 0, stderr: "" });
  }
});

test("an unknown shell is refused with the known ones", async () => {
  const ran = await runWoow(["completion", "tcsh"], { cwd: platform() });
  expect(ran).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringContaining("bash, zsh, fish") as string,
  });
});

async function has(shell: string): Promise<boolean> {
  return execa(shell, ["--version"]).then(
    () => true,
    () => false,
  );
}

test.skipIf(!(await has("zsh")))("zsh gets words with what they are", async () => {
  // compsys needs a terminal; what stands in for it prints what it is given
  const code =
    'compdef() { :; }; _describe() { print -rl -- "${(@P)2}"; }; source <(woow completion zsh); ' +
    'words=(woow "$@"); CURRENT=$#words; _woow';
  const complete = async (...words: string[]) =>
    lines(await runShell("zsh", ["-f", "-c", code, "zsh", ...words], platform()));
  expect(await complete("upgrade", "ac")).toEqual(["acme/web-01"]);
  expect(await complete("outdated", "--workspace=b")).toEqual(["--workspace=beta"]);
  expect(await complete("upg")).toEqual([expect.stringMatching(/^upgrade:Set /)]);
});

test.skipIf(!(await has("fish")))("fish gets words with what they are", async () => {
  const complete = async (line: string) =>
    lines(
      await runShell(
        "fish",
        ["-N", "-c", `woow completion fish | source; complete -C ${JSON.stringify(line)}`],
        platform(),
      ),
    );
  expect(await complete("woow upgrade ac")).toEqual(["acme/web-01"]);
  expect(await complete("woow outdated --workspace=b")).toEqual(["--workspace=beta"]);
  expect(await complete("woow upg")).toEqual([expect.stringMatching(/^upgrade\tSet /)]);
});
