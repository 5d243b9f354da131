import { describe, expect, test } from "vitest";
import type { CliContext } from "../../src/cli/context.ts";
import { printRevision, printRevisionEvents, printRevisions } from "../../src/cli/print/print-revisions.ts";
import type { Revision } from "../../src/record/revision.ts";
import { newRevision, revisionEnd } from "../record/builders.ts";

const esc = "\u001b";

function contextOf(): { readonly context: CliContext; readonly out: () => string } {
  const written: string[] = [];
  const context: CliContext = {
    environment: {},
    stdout: (text) => void written.push(text),
    stderr: () => undefined,
    stdoutIsTty: false,
    stderrIsTty: false,
    canAsk: false,
    colors: { stdout: false, stderr: false },
  };
  return { context, out: () => written.join("") };
}

const running: Revision = { ...newRevision("acme/n8n-01"), number: 1, end: revisionEnd() };
const dead: Revision = {
  ...newRevision("acme/n8n-01", {
    rollbackTo: 1,
    origin: { actor: `eve${esc}[31m`, gitCommit: undefined, gitDirty: true, command: "rollback" },
    chartVersion: undefined,
    changes: [],
  }),
  number: 2,
  end: undefined,
};
const lists = [{ cluster: "default", kind: "local", revisions: [running, dead] }] as const;

const printed = (format: Parameters<typeof printRevisions>[1]["format"]) => {
  const { context, out } = contextOf();
  printRevisions(lists, { context, format });
  return out();
};

describe("a list", () => {
  test("as a table: what is not known is a dash, a run that died is interrupted, no control characters", () => {
    expect(printed("table")).toBe(
      [
        "UNIT         NUMBER  TIME                  ACTOR          COMMIT   COMMAND        CHART  HELM  OUTCOME      CHANGES",
        "acme/n8n-01       1  2026-01-02T03:04:05Z  ada@desk       0123abc  apply          1.0.0     3  running      create 1; HelmChart spec.version",
        "acme/n8n-01       2  2026-01-02T03:04:05Z  eve\\u{1b}[31m  -        rollback to 1  -         -  interrupted  -",
        "",
      ].join("\n"),
    );
  });

  test("by name", () => {
    expect(printed("name")).toBe("acme/n8n-01 1\nacme/n8n-01 2\n");
  });

  test("as JSON: snake_case, without definitions", () => {
    const rows = JSON.parse(printed("json")) as readonly Record<string, unknown>[];
    expect(
      rows.map(({ number, outcome, rollback_to, git_dirty }) => ({
        number,
        outcome,
        rollback_to,
        git_dirty,
      })),
    ).toEqual([
      { number: 1, outcome: "running", rollback_to: undefined, git_dirty: false },
      { number: 2, outcome: "interrupted", rollback_to: 1, git_dirty: true },
    ]);
    expect(rows[0]).not.toHaveProperty("files");
  });

  test("as events, one a line", () => {
    const { context, out } = contextOf();
    printRevisionEvents(lists, context);
    const events = out()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ version, type, number }) => [version, type, number])).toEqual([
      [1, "revision", 1],
      [1, "revision", 2],
    ]);
  });

  test("of nothing says so", () => {
    const { context, out } = contextOf();
    printRevisions([], { context, format: "table" });
    expect(out()).toBe("nothing is recorded yet\n");
  });
});

test("one revision: facts, changes, and the unit's own file with its control characters shown", () => {
  const { context, out } = contextOf();
  const path = "workspaces/acme/n8n-01.yaml";
  printRevision({ ...running, definition: { files: { [path]: `name: x${esc}[31m\n` } } }, context);
  expect(out()).toContain("acme/n8n-01 revision 1\n  time: 2026-01-02");
  expect(out()).toContain("  create Namespace paas-ws-acme\n");
  expect(out()).toContain(`${path}\nname: x`);
  expect(out()).not.toContain(esc);
});
