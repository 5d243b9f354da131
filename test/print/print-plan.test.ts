import { describe, expect, test } from "vitest";
import type { CliContext } from "../../src/cli/context.ts";
import { printDescribedPlan, printRefusals } from "../../src/cli/print/print-plan.ts";
import { formatPlanMarkdown } from "../../src/cli/print/print-plan-markdown.ts";
import type { FieldChange } from "../../src/plan/change.ts";
import type { PrintedChange, PrintedPlan, PrintedUnit } from "../../src/plan/file/printed-plan.ts";

function print(plan: PrintedPlan, format: "text" | "json" | "markdown", objects = false): string {
  let text = "";
  const context = {
    stdout: (part: string) => void (text += part),
    stderr: () => undefined,
    colors: { stdout: false, stderr: false },
  } as unknown as CliContext;
  printDescribedPlan(plan, { context, format, objects });
  return text;
}

const ref = { apiVersion: "helm.cattle.io/v1", kind: "HelmChart", namespace: "paas-charts", name: "x" };
const field = (rest: Partial<FieldChange>): FieldChange => ({
  path: "spec.version",
  before: "1",
  after: "2",
  masked: false,
  changedBy: undefined,
  ...rest,
});
const change = (rest: Partial<PrintedChange>): PrintedChange => ({
  action: "update",
  ref,
  reason: "definition",
  predicted: false,
  force: false,
  kept: [],
  fields: [],
  ...rest,
});
const unit = (rest: Partial<PrintedUnit>): PrintedUnit => ({
  unit: "acme/web-01",
  action: "update",
  changes: [],
  unchanged: 0,
  recovery: undefined,
  hold: undefined,
  notes: [],
  costBefore: 3,
  costAfter: 3,
  ...rest,
});
const planOf = (units: readonly PrintedUnit[], rest: Partial<PrintedPlan> = {}): PrintedPlan => ({
  platform: "p",
  cluster: "default",
  clusterUid: "u",
  currency: "USD",
  units,
  refusals: [],
  notes: [],
  summary: {
    units: { create: 1, update: 2, recover: 0, remove: 1, hold: 0, blocked: 0, none: 4 },
    objects: { create: 0, update: 0, replace: 0, prune: 0, none: 0 },
    costBefore: 9,
    costAfter: 12,
    hasChanges: true,
  },
  ...rest,
});

const sample = planOf(
  [
    unit({ unit: "acme", action: "none", costBefore: undefined, costAfter: undefined }),
    unit({
      unit: "acme/new",
      action: "create",
      costBefore: undefined,
      changes: [change({ action: "create", predicted: true })],
    }),
    unit({
      notes: ["a made-up note"],
      changes: [
        change({
          fields: [
            field({}),
            field({ path: "spec.valuesContent:image.tag", before: undefined, after: "x" }),
            field({ path: "spec.timeout", after: undefined }),
          ],
        }),
        change({
          reason: "drift",
          force: true,
          ref: { ...ref, kind: "NetworkPolicy" },
          fields: [
            field({
              path: "spec.ingress",
              before: "- {}\n- a: 1",
              after: "[]",
              changedBy: { manager: "kubectl-edit", at: "2026-01-01T00:00:00Z" },
            }),
          ],
        }),
      ],
    }),
    unit({
      unit: "acme/old",
      action: "remove",
      costAfter: undefined,
      changes: [change({ action: "prune", reason: "undefined" })],
    }),
    unit({
      unit: "acme/bad",
      action: "recover",
      recovery: { type: "rerun-job", why: "the job has given up" },
    }),
    unit({
      unit: "acme/held",
      action: "hold",
      hold: { type: "suspended", by: "a@b", at: "", reason: "made up" },
    }),
  ],
  {
    notes: ["about all"],
    refusals: [{ code: "conflict", unit: "acme", ref, message: "held by kubectl-edit", hint: "--take all" }],
  },
);

describe("what concerns many is said once", () => {
  const refusal = {
    code: "terminating",
    ref,
    message: "paas-charts is being deleted",
    hint: "wait",
  } as const;
  const refusals = ["platform", "acme/web-01", "acme/web-02"].map((name) => ({ ...refusal, unit: name }));
  const blocked = [
    unit({ unit: "acme", action: "blocked", blocked: { message: "its namespace goes", hint: "wait a bit" } }),
    unit({ unit: "acme/x", action: "blocked", blocked: { message: "acme is left alone", hint: undefined } }),
  ];

  test.each(["text", "markdown"] as const)("as %s", (format) => {
    const text = print(planOf(blocked, { refusals }), format);
    expect(text.split("paas-charts").length).toBe(2);
    expect(text.split(/its.*namespace.*goes/).length).toBe(2);
    expect(text).toContain("wait a bit");
  });

  test("a program is told of each", () => {
    expect(print(planOf(blocked, { refusals }), "json").split("is being deleted").length).toBe(4);
  });
});

describe("text", () => {
  test("one line per unit, then what stands in the way, then the sum", () => {
    expect(print(sample, "text")).toMatchInlineSnapshot(`
      "+ acme/new     0 -> 3 USD  new, 1 object
      ~ acme/web-01       3 USD  changed in git: spec.version, image.tag, spec.timeout; changed in the cluster by kubectl-edit: spec.ingress
          note: a made-up note
      - acme/old     3 -> 0 USD  removed; its volumes are kept unless their deletion was named
      ! acme/bad          3 USD  recover: the job has given up
      = acme/held         3 USD  on hold: suspended by a@b, made up

      note: about all
      refused: held by kubectl-edit [conflict]
        hint: --take all
      1 to create, 2 to change, 1 to remove, 4 unchanged; 9 -> 12 USD a month, +3
      "
    `);
  });

  test("--objects tells every object and field", () => {
    expect(print(sample, "text", true)).toMatchInlineSnapshot(`
      "+ acme/new     0 -> 3 USD  new, 1 object
          + HelmChart paas-charts/x (changed in git, predicted)
      ~ acme/web-01       3 USD  changed in git: spec.version, image.tag, spec.timeout; changed in the cluster by kubectl-edit: spec.ingress
          note: a made-up note
          ~ HelmChart paas-charts/x (changed in git)
              spec.version: 1 -> 2
              spec.valuesContent:image.tag: x
              spec.timeout: 1 -> (gone)
          ~ NetworkPolicy paas-charts/x (changed in the cluster, taken from other managers)
              spec.ingress (set by kubectl-edit, 2026-01-01T00:00:00Z):
                - - {}
                - - a: 1
                + []
      - acme/old     3 -> 0 USD  removed; its volumes are kept unless their deletion was named
          - HelmChart paas-charts/x (no longer defined)
      ! acme/bad          3 USD  recover: the job has given up
      = acme/held         3 USD  on hold: suspended by a@b, made up

      note: about all
      refused: held by kubectl-edit [conflict]
        hint: --take all
      1 to create, 2 to change, 1 to remove, 4 unchanged; 9 -> 12 USD a month, +3
      "
    `);
  });

  test("nothing to do is one line", () => {
    const { summary } = sample;
    const units = { create: 0, update: 0, recover: 0, remove: 0, hold: 0, blocked: 0, none: 8 };
    const idle = planOf([], {
      summary: { ...summary, units, hasChanges: false, costBefore: 9, costAfter: 9 },
    });
    expect(print(idle, "text")).toBe("nothing to do: 8 unchanged; 9 USD a month\n");
  });

  test("nothing in it steers a terminal or starts a line", () => {
    const evil = "\u001b[2J\r\n::set-output name=x::y\u202e";
    const text = print(
      planOf(
        [
          unit({
            notes: [evil],
            changes: [change({ fields: [field({ path: evil, before: evil, after: evil })] })],
          }),
        ],
        { notes: [evil] },
      ),
      "text",
      true,
    );
    expect(text).not.toContain("\u001b");
    expect(text).not.toContain("\u202e");
    expect(text.split("\n").filter((line) => line.startsWith("::"))).toEqual([]);
  });
});

describe("JSON", () => {
  test("is one line with a version and snake_case keys", () => {
    const [line = "", rest] = print(sample, "json").split("\n");
    expect(rest).toBe("");
    const event = JSON.parse(line) as Record<string, unknown>;
    expect(event).toMatchObject({
      version: 1,
      type: "plan",
      cluster_uid: "u",
      summary: { cost_before: 9, cost_after: 12, has_changes: true },
      refusals: [{ code: "conflict", hint: "--take all" }],
    });
    expect(JSON.stringify(event)).toContain('"changed_by":{"manager":"kubectl-edit"');
  });

  test("refusals alone", () => {
    const lines: string[] = [];
    const context = { stdout: (text: string) => void lines.push(text), colors: {} } as unknown as CliContext;
    printRefusals(sample.refusals, { context, json: true });
    expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(["refusal"]);
  });
});

describe("Markdown for a pull request", () => {
  test("tells units in a table and objects below", () => {
    expect(formatPlanMarkdown(sample)).toMatchInlineSnapshot(`
      "### Plan of <code>p</code> on <code>default</code>

      **1 to create, 2 to change, 1 to remove, 4 unchanged** · 9 -> 12 USD a month, +3

      **Refused:** apply would write nothing.

      \`\`\`text
      held by kubectl-edit
        --take all
      \`\`\`

      \`\`\`text
      about all
      \`\`\`

      | | unit | a month | what |
      |---|---|---|---|
      | <code>&#43;</code> | <code>acme&#47;new</code> | <code>0 &#45;&#62; 3 USD</code> | <code>new, 1 object</code> |
      | <code>&#126;</code> | <code>acme&#47;web&#45;01</code> | <code>3 USD</code> | <code>changed in git&#58; spec&#46;version, image&#46;tag, spec&#46;timeout; changed in the cluster by kubectl&#45;edit&#58; spec&#46;ingress</code> |
      | <code>&#45;</code> | <code>acme&#47;old</code> | <code>3 &#45;&#62; 0 USD</code> | <code>removed; its volumes are kept unless their deletion was named</code> |
      | <code>&#33;</code> | <code>acme&#47;bad</code> | <code>3 USD</code> | <code>recover&#58; the job has given up</code> |
      | <code>&#61;</code> | <code>acme&#47;held</code> | <code>3 USD</code> | <code>on hold&#58; suspended by a&#64;b, made up</code> |

      <details><summary><code>acme&#47;new</code></summary>

      \`\`\`diff
      + HelmChart paas-charts/x (changed in git, predicted)
      \`\`\`

      </details>

      <details><summary><code>acme&#47;web&#45;01</code></summary>

      \`\`\`diff
      # a made-up note
      ! HelmChart paas-charts/x (changed in git)
        spec.version
      -   1
      +   2
        spec.valuesContent:image.tag
      +   x
        spec.timeout
      -   1
      ! NetworkPolicy paas-charts/x (changed in the cluster, taken from other managers)
        spec.ingress (set by kubectl-edit, 2026-01-01T00:00:00Z)
      -   - {}
      -   - a: 1
      +   []
      \`\`\`

      </details>

      <details><summary><code>acme&#47;old</code></summary>

      \`\`\`diff
      - HelmChart paas-charts/x (no longer defined)
      \`\`\`

      </details>

      "
    `);
  });

  test("nothing from a file or the cluster is read as Markdown or HTML", () => {
    const attacks = [
      "```\n</details><script>alert(1)</script>",
      "````````",
      "| x | y |",
      "<img src=x onerror=alert(1)>",
      "[click](https://evil.example)",
      "@everyone #1",
      "*bold* _x_ `code`",
      "</code></summary></details>",
      "\n# Heading\n- [x] done",
    ];
    for (const attack of attacks) {
      const text = formatPlanMarkdown(
        planOf(
          [
            unit({
              unit: attack,
              notes: [attack],
              changes: [
                change({
                  fields: [
                    field({
                      path: attack,
                      before: attack,
                      after: attack,
                      changedBy: { manager: attack, at: undefined },
                    }),
                  ],
                }),
              ],
            }),
          ],
          {
            notes: [attack],
            platform: attack,
            refusals: [{ code: "conflict", unit: "x", ref, message: attack, hint: attack }],
          },
        ),
      );
      const outside = withoutBlocks(text);
      for (const sign of ["<script", "<img", "](", "@everyone", "*bold*", "# Heading", "| x |"]) {
        expect([attack, outside.includes(sign)]).toEqual([attack, false]);
      }
      expect(outside.match(/<details>/g)?.length).toBe(1);
      expect(outside.match(/<\/details>/g)?.length).toBe(1);
    }
  });

  test.each([[400], [5000]])("of %i units stays under the limit and says what is left out", (count) => {
    const units = Array.from({ length: count }, (_, i) =>
      unit({
        unit: `acme/web-${i}`,
        changes: [change({ fields: [field({ before: "x".repeat(400), after: "```".repeat(100) })] })],
      }),
    );
    const text = formatPlanMarkdown(planOf(units));
    expect(text.length).toBeLessThanOrEqual(60_000);
    expect(text).toContain("are left out");
    expect(text.match(/<details>/g)?.length ?? 0).toBeGreaterThan(10);
  });

  test("one huge value is cut, and the rest told", () => {
    const huge = unit({ changes: [change({ fields: [field({ after: "y\n".repeat(50_000) })] })] });
    const text = formatPlanMarkdown(planOf([huge, unit({ unit: "acme/other", changes: [change({})] })]));
    expect(text.length).toBeLessThan(20_000);
    expect(text).toContain("cut here");
    expect(withoutBlocks(text).match(/<details>/g)?.length).toBe(2);
  });
});

/** As a reader of CommonMark sees it: a fence ends with one at least as long, alone on its line. */
function withoutBlocks(text: string): string {
  const outside: string[] = [];
  let fence: string | undefined;
  for (const line of text.split("\n")) {
    const mark = /^ {0,3}(`{3,})(.*)$/.exec(line);
    if (fence === undefined) {
      if (mark?.[1] !== undefined && !mark[2]?.includes("`")) fence = mark[1];
      else outside.push(line);
    } else if (mark?.[1] !== undefined && mark[1].length >= fence.length && mark[2]?.trim() === "")
      fence = undefined;
  }
  expect(fence).toBeUndefined();
  return outside.join("\n");
}
