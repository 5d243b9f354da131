import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { updating } from "../docs/run-consoles.ts";
import type { WorkFolder } from "../docs/run-consoles.ts";
import { goTool } from "../support/go-tool.ts";
import {
  copyKeyWork,
  listKeyFiles,
  listSealedUnits,
  page,
  prepareKeyWork,
  readBySops,
  readProcedures,
  runIn,
  runProcedure,
  setup,
} from "./key-platform.ts";
import type { KeyTools } from "./key-platform.ts";

const acme = ["acme/postgresql-01", "acme/qdrant-01"];
const beta = ["beta/qdrant-01"];
const all = [...acme, ...beta];
const operator = "~/.config/woow/shop.agekey";
const recovery = "~/offline/recovery.agekey";

/** Which private keys there are after the first section, and what each opens. */
const atFirst: Readonly<Record<string, readonly string[]>> = {
  [operator]: all,
  [recovery]: all,
  "~/reconcile.agekey": all,
  "~/carol.agekey": acme,
  "~/beta.agekey": beta,
};

interface Outcome {
  /** What each key opens afterwards, where it differs from before; keys that were made are new. */
  readonly opens: Readonly<Record<string, readonly string[]>>;
  /** Keys that the procedure shuts out, and what they read before it. */
  readonly shutOut?: Readonly<Record<string, readonly string[]>>;
  /** Secrets with another value than before. */
  readonly changed?: readonly string[];
  /** Services with new data keys. */
  readonly rotated?: readonly string[];
}

const everySecret = ["acme/postgresql-01 auth.password", "acme/qdrant-01 apiKey", "beta/qdrant-01 apiKey"];

const procedures: Readonly<Record<string, Outcome>> = {
  "Somebody joins": { opens: { "~/dave.agekey": acme, "~/erin.agekey": all } },
  "A member leaves": {
    opens: { "~/carol.agekey": [] },
    shutOut: { "~/carol.agekey": acme },
    changed: everySecret.slice(0, 2),
    rotated: acme,
  },
  "New data keys for a workspace": { opens: {}, rotated: beta },
  "The operator's key is lost": { opens: { [operator]: all }, rotated: all },
  "The operator's key leaked": {
    opens: { [operator]: all, "~/leaked.agekey": [] },
    shutOut: { "~/leaked.agekey": all },
    changed: everySecret,
    rotated: all,
  },
  "A workspace's key leaked": {
    opens: { "~/beta.agekey": [], "~/beta-2.agekey": beta },
    shutOut: { "~/beta.agekey": beta },
    changed: everySecret.slice(2),
    rotated: beta,
  },
  "Reconcile's key leaked": {
    opens: { "~/reconcile.agekey": [], "~/reconcile-2.agekey": all },
    shutOut: { "~/reconcile.agekey": all },
    changed: everySecret,
    rotated: all,
  },
  "The recovery key is lost, or leaked": {
    opens: { [recovery]: [], "~/offline/recovery-2.agekey": all },
    shutOut: { [recovery]: all },
    rotated: all,
  },
};

let tools: KeyTools | undefined;
let missing = "";
let first: WorkFolder;
const folders: string[] = [];

beforeAll(async () => {
  const sops = await goTool("sops");
  const ageKeygen = await goTool("age-keygen");
  if ("skip" in sops || "skip" in ageKeygen) {
    missing = "skip" in sops ? sops.skip : "skip" in ageKeygen ? ageKeygen.skip : "";
    return;
  }
  tools = { sops: sops.path, ageKeygen: ageKeygen.path };
  first = prepareKeyWork(tools);
  folders.push(first.base);
  expect(runProcedure(setup, first)).toEqual([]);
});

beforeEach((context) => {
  if (missing !== "") context.skip(missing);
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function startAnew(): WorkFolder {
  if (tools === undefined) throw new Error(missing);
  const work = copyKeyWork(first, tools);
  folders.push(work.base);
  return work;
}

/** What the real sops opens with each private key below the home. */
async function readWithEveryKey(work: WorkFolder): Promise<Record<string, string[]>> {
  const opened: Record<string, string[]> = {};
  for (const key of listKeyFiles(work)) {
    opened[key] = [];
    for (const unit of listSealedUnits(work)) {
      const values = await readBySops(work, { unit, key });
      if (values === undefined) continue;
      expect(values["_bind"]).toBe(unit);
      opened[key].push(unit);
    }
  }
  return opened;
}

/** Every secret by `UNIT KEY`, read by the real sops. */
async function readValues(work: WorkFolder, key: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const unit of listSealedUnits(work)) {
    const values = (await readBySops(work, { unit, key })) ?? {};
    for (const [name, value] of Object.entries(values))
      if (name !== "_bind") found[`${unit} ${name}`] = value;
  }
  return found;
}

const textOf = (work: WorkFolder, path: string): string => readFileSync(join(work.cwd, path), "utf8");
const fileOf = (unit: string): string => `workspaces/${unit}.yaml`;
const commentsOf = (text: string): string[] => text.match(/#.*/g) ?? [];
const sealedOf = (work: WorkFolder, unit: string): string[] =>
  textOf(work, fileOf(unit)).match(/ENC\[AES[^\]]*\]/g) ?? [];

test("the page's platform is read with exactly the keys that its table names", async () => {
  expect(await readWithEveryKey(first)).toEqual(atFirst);
});

test("every section of the page with commands is run", () => {
  expect([...readProcedures().keys()]).toEqual([setup, ...Object.keys(procedures)]);
});

describe.each(Object.entries(procedures))("%s", (title, outcome) => {
  const { opens, shutOut = {}, changed = [], rotated = [] } = outcome;

  test("the page's commands leave every file open to exactly those who should read it, by the real sops", async () => {
    const work = startAnew();
    const values = await readValues(work, operator);
    const commit = (await runIn(work, "git rev-parse HEAD")).trim();
    const stale = runProcedure(title, work);
    if (!updating) expect(stale.join("\n\n")).toBe("");

    // a lost key may turn up in other hands
    cpSync(join(first.base, "home", operator.slice(2)), join(work.base, "home/first-operator.agekey"));
    const isOperatorNew = operator in opens;
    const found = { "~/first-operator.agekey": isOperatorNew ? [] : all };
    expect(await readWithEveryKey(work)).toEqual({ ...atFirst, ...opens, ...found });
    for (const [key, units] of Object.entries(shutOut)) {
      // what the page warns of: only new values help
      for (const unit of units)
        expect(await readBySops(work, { unit, key, commit }), `${key} ${unit}`).toBeDefined();
    }
    const after = await readValues(work, operator);
    expect(Object.keys(after)).toEqual(Object.keys(values));
    expect(Object.keys(after).filter((name) => after[name] !== values[name])).toEqual(changed);

    for (const unit of all) {
      const [before, now] = [sealedOf(first, unit), sealedOf(work, unit)];
      expect(
        now.some((text) => before.includes(text)),
        unit,
      ).toBe(!rotated.includes(unit));
      expect(textOf(work, fileOf(unit)).split("secret_values:")[0]).toBe(
        textOf(first, fileOf(unit)).split("secret_values:")[0],
      );
    }
    expect(commentsOf(textOf(work, ".sops.yaml"))).toEqual(commentsOf(textOf(first, ".sops.yaml")));
    // sops reads the same list of recipients out of .sops.yaml
    for (const unit of all) {
      const said = await runIn(work, `sops --disable-version-check updatekeys -y ${fileOf(unit)} 2>&1`);
      expect(said).toContain("already up to date");
    }
    const validated = await runIn(work, "woow validate 2>&1");
    expect(validated).not.toMatch(/recipient/);
    expect(await runIn(work, "git status --porcelain")).toBe("");
  });
});

describe("stopped half-way", () => {
  const half = "$(cat keys/reconcile)";
  const dave = "$(age-keygen -y ~/dave.agekey)";
  const kills: [string, number, Readonly<Record<string, readonly string[]>>][] = [
    // .sops.yaml, then three files
    [`woow secrets recipients add --all-workspaces ${dave}`, 1, { "~/dave.agekey": all }],
    [`woow secrets recipients add --all-workspaces ${dave}`, 3, { "~/dave.agekey": all }],
    [`woow secrets recipients remove --all-workspaces ${half}`, 1, { "~/reconcile.agekey": [] }],
    [`woow secrets recipients remove --all-workspaces ${half}`, 2, { "~/reconcile.agekey": [] }],
    [`woow secrets recipients remove --all-workspaces ${half}`, 4, { "~/reconcile.agekey": [] }],
    ["woow secrets rotate-key -w acme", 2, {}],
  ];

  test.each(kills)(
    "%s, killed before it puts file %i in place: everything still opens, and the same command again does the rest",
    async (command, count, opens) => {
      const work = startAnew();
      await runIn(work, "age-keygen -o ~/dave.agekey 2>&1");
      const values = await readValues(work, operator);
      const preload = pathToFileURL(join(import.meta.dirname, "kill-at-rename.ts")).href;
      const kill = { NODE_OPTIONS: `--import ${preload}`, KILL_AT_RENAME: String(count) };
      await expect(runIn(work, command, kill)).rejects.toMatchObject({ signal: "SIGKILL" });
      expect(listLeftovers(work).length).toBeGreaterThan(0);
      expect((await runIn(work, "git status --porcelain --untracked-files=all")).match(/\.woow-/)).toBeNull();
      expect(await readValues(work, operator)).toEqual(values);
      if (command.includes("recipients") && count > 1) {
        expect(await runIn(work, "woow validate 2>&1 || true")).toMatch(/-recipient\]/);
      }

      await runIn(work, command);
      expect(listLeftovers(work)).toEqual([]);
      expect(await readValues(work, operator)).toEqual(values);
      expect(await readWithEveryKey(work)).toEqual({ ...atFirst, "~/dave.agekey": [], ...opens });
      expect(await runIn(work, "woow validate 2>&1")).not.toMatch(/recipient/);
    },
  );
});

const listLeftovers = ({ cwd }: WorkFolder): string[] =>
  readdirSync(cwd, { recursive: true, encoding: "utf8" }).filter((path) => /(^|\/)\.woow-/.test(path));

test(`${page} says the same of the public halves in keys/ as .sops.yaml`, async () => {
  const listed = await runIn(first, "woow secrets recipients list --all-workspaces --json");
  const recipients = listed.split("\n").map((line) => (JSON.parse(line) as { recipient: string }).recipient);
  const halves = (await runIn(first, "cat keys/*")).trim().split("\n");
  expect(new Set(recipients)).toEqual(new Set(halves));
});
