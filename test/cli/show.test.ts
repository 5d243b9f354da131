import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { writePlanFile } from "../../src/edges/plan-file.ts";
import { noDecisions } from "../../src/plan/plan-decisions.ts";
import { makePlanFile } from "../../src/plan/file/plan-file.ts";
import type { PlanFile } from "../../src/plan/file/plan-file.ts";
import { planFiles, twoServices } from "../plan/plan-world.ts";
import { madeUpPassword } from "../support/builders.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import { tempFolder } from "../support/temp-platform.ts";
import { runWoow } from "../support/woow.ts";

let saved: PlanFile;

beforeAll(async () => {
  const { plan, desired, observation } = await planFiles(await twoServices(), createFakeCluster());
  saved = makePlanFile({
    plan,
    units: desired.units,
    observation,
    selection: desired.selection,
    decisions: noDecisions,
    version: "0.0.0",
    createdAt: "2026-01-01T00:00:00.000Z",
    gitCommit: "0123456789abcdef",
    gitDirty: true,
    salt: "made-up-salt",
  });
});

function folderWithPlan(): string {
  const cwd = tempFolder();
  writePlanFile(join(cwd, "plan.json"), saved);
  return cwd;
}

describe("woow show", () => {
  test("prints where a saved plan is from and what it does, without cluster or repository", async () => {
    const { status, stdout, stderr } = await runWoow(["show", "plan.json"], { cwd: folderWithPlan() });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(
      "plan for test-platform on default, made 2026-01-01T00:00:00.000Z from commit 0123456789ab and changes that no commit holds by woow 0.0.0\n",
    );
    expect(stdout).toMatch(/^\+ acme\/web-01 +0 -> 3 USD {2}new, 4 objects$/m);
    expect(stdout).toContain("4 to create; 0 -> 3 USD a month, +3\n");
  });

  test("every object, Markdown and JSON", async () => {
    const cwd = folderWithPlan();
    const run = async (...flags: string[]) =>
      (await runWoow(["show", "plan.json", ...flags], { cwd })).stdout;
    expect(await run("--objects")).toContain(
      "+ HelmChart paas-charts/paas-ws-acme-web-01 (changed in git, predicted)",
    );
    expect(await run("--markdown")).toMatch(/^### Plan of <code>/);
    const event = JSON.parse(await run("--json")) as Record<string, unknown>;
    expect(event).toMatchObject({ version: 1, type: "plan", summary: { units: { create: 4 } } });
  });

  test("what was decided is shown, and the numbers are counted again", async () => {
    const cwd = tempFolder();
    const summary = { ...saved.plan.summary, units: { ...saved.plan.summary.units, create: 0, none: 4 } };
    const decisions = {
      ...noDecisions,
      take: ["all"],
      adopt: true,
      pruneBudget: 7,
      removeWorkspaces: ["acme"],
    };
    writePlanFile(join(cwd, "plan.json"), { ...saved, decisions, plan: { ...saved.plan, summary } });
    const run = async (...flags: string[]) =>
      (await runWoow(["show", "plan.json", ...flags], { cwd })).stdout;
    const text = await run();
    expect(text).toContain(
      "\ndecided when it was made: --take all --adopt --prune-budget 7 --remove-workspace acme\n",
    );
    expect(text).toContain("4 to create");
    expect(await run("--markdown")).toMatch(/Decided when it was made: <code>.*remove/);
    expect(JSON.parse(await run("--json"))).toMatchObject({
      summary: { units: { create: 4 } },
      decisions: { take: ["all"], prune_budget: 7 },
    });
  });

  test("a plan file is its owner's and holds no secret", () => {
    const path = join(folderWithPlan(), "plan.json");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    for (const secret of [madeUpPassword, Buffer.from(madeUpPassword).toString("base64")]) {
      expect(JSON.stringify(saved)).not.toContain(secret);
    }
  });

  test.each([
    ["a file that is not there", "other.json", undefined, "there is no file other.json"],
    ["a file that is no plan", "plan.json", "{}", "is not a plan that woow saved"],
    ["a plan of another format", "plan.json", '{"format":99,"version":"9.9.9"}', "plan format 99"],
    ["a folder", ".", undefined, "cannot read ."],
  ])("%s is refused with a sentence", async (...[, name, text, sentence]) => {
    const cwd = folderWithPlan();
    if (text !== undefined) writeFileSync(join(cwd, name), text);
    const { status, stdout, stderr } = await runWoow(["show", name], { cwd });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain("    at ");
  });

  test("--markdown and --json exclude each other", async () => {
    const { status, stdout } = await runWoow(["show", "plan.json", "--markdown", "--json"], {
      cwd: folderWithPlan(),
    });
    expect(status).toBe(1);
    expect(stdout).toContain("exclude each other");
  });
});
