import { cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { parse } from "yaml";
import { readBlocks } from "../docs/document.ts";
import type { Block } from "../docs/document.ts";
import { checkConsoles, prepareWork } from "../docs/run-consoles.ts";
import type { WorkFolder } from "../docs/run-consoles.ts";

const root = join(import.meta.dirname, "..", "..");
export const page = "docs/keys.md";
export const setup = "The platform of this page";

/** The real programs. */
export interface KeyTools {
  readonly sops: string;
  readonly ageKeygen: string;
}

/** The sections of the page whose commands are run, by title. Read anew each time: an update moves lines. */
export function readProcedures(): ReadonlyMap<string, readonly Block[]> {
  const text = readFileSync(join(root, page), "utf8");
  const titles = text
    .split("\n")
    .flatMap((line, index) => (line.startsWith("## ") ? [{ line: index + 1, title: line.slice(3) }] : []));
  const procedures = new Map<string, Block[]>();
  for (const block of readBlocks(text)) {
    if (block.language !== "console") continue;
    const title = titles.findLast(({ line }) => line < block.line)?.title ?? "";
    procedures.set(title, [...(procedures.get(title) ?? []), block]);
  }
  return procedures;
}

/** An empty folder and home with the real programs at hand. */
export function prepareKeyWork({ sops, ageKeygen }: KeyTools): WorkFolder {
  const work = prepareWork("shop");
  symlinkSync(sops, join(work.base, "bin", "sops"));
  symlinkSync(ageKeygen, join(work.base, "bin", "age-keygen"));
  const person = { GIT_AUTHOR_NAME: "You", GIT_AUTHOR_EMAIL: "you@example.com" };
  const committer = { GIT_COMMITTER_NAME: "You", GIT_COMMITTER_EMAIL: "you@example.com" };
  return { ...work, env: { ...work.env, ...person, ...committer, GIT_CONFIG_NOSYSTEM: "1" } };
}

/** A platform of its own as another one stands: its repository and its home. */
export function copyKeyWork(from: WorkFolder, tools: KeyTools): WorkFolder {
  const work = prepareKeyWork(tools);
  for (const name of ["shop", "home"])
    cpSync(join(from.base, name), join(work.base, name), { recursive: true });
  return work;
}

/** Runs the page's commands of one section; gives what is not as the page says. */
export function runProcedure(title: string, work: WorkFolder): string[] {
  const blocks = readProcedures().get(title);
  if (blocks === undefined) throw new Error(`${page} has no section ${title} with commands`);
  return checkConsoles(page, { blocks, work, skip: new Set() });
}

/** A command that must succeed. */
export async function runIn(
  { cwd, env }: WorkFolder,
  command: string,
  more: Record<string, string> = {},
): Promise<string> {
  const { stdout } = await execa("bash", ["-c", command], {
    cwd,
    env: { ...env, ...more },
    extendEnv: false,
    stdin: "ignore",
  });
  return stdout;
}

/** Files of services that hold secrets, as `WORKSPACE/REFERENCE_ID`. */
export function listSealedUnits({ cwd }: WorkFolder): string[] {
  return readdirSync(join(cwd, "workspaces"), { recursive: true, encoding: "utf8" })
    .filter(
      (path) =>
        path.endsWith(".yaml") && readFileSync(join(cwd, "workspaces", path), "utf8").includes("ENC["),
    )
    .map((path) => path.slice(0, -".yaml".length))
    .sort();
}

/** Every private key below the home, as the page names it: `~/beta.agekey`. */
export function listKeyFiles({ base }: WorkFolder): string[] {
  return readdirSync(join(base, "home"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".agekey"))
    .map((path) => `~/${path}`)
    .sort();
}

/**
 * What the real sops reads of a file with one key and no other; undefined when it refuses for want of a key. `commit`
 * takes an older version of the file.
 */
export async function readBySops(
  work: WorkFolder,
  { unit, key, commit }: { readonly unit: string; readonly key: string; readonly commit?: string },
): Promise<Record<string, unknown> | undefined> {
  const path = `workspaces/${unit}.yaml`;
  const text =
    commit === undefined
      ? readFileSync(join(work.cwd, path), "utf8")
      : await runIn(work, `git show ${commit}:${path}`);
  const copy = join(work.base, "read-by-sops.yaml");
  writeFileSync(copy, text);
  try {
    const keyFile = join(work.base, "home", key.slice(2));
    if (!existsSync(keyFile)) throw new Error(`there is no key ${key}`);
    const env = { PATH: work.env["PATH"] ?? "", HOME: join(work.base, "nobody"), SOPS_AGE_KEY_FILE: keyFile };
    const ran = await execa("sops", ["--disable-version-check", "decrypt", copy], {
      env,
      extendEnv: false,
      reject: false,
      preferLocal: false,
      localDir: work.base,
    });
    if (ran.exitCode === 0)
      return (parse(ran.stdout) as { secret_values: Record<string, unknown> }).secret_values;
    if (
      /failed to (get the data key|decrypt data key|load age identities)|no identity matched/i.test(
        ran.stderr,
      )
    )
      return undefined;
    throw new Error(ran.stderr);
  } finally {
    rmSync(copy);
  }
}
