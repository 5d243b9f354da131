import { expect, test } from "vitest";
import { printError } from "../../src/cli/print/print-error.ts";
import { escapeControls, escapeLines } from "../../src/cli/print/escape-controls.ts";
import { printFiles } from "../../src/cli/print/print-files.ts";
import { printProblems, printProblemsBriefly } from "../../src/cli/print/print-problems.ts";
import { formatTable } from "../../src/cli/print/table.ts";
import type { CliContext } from "../../src/cli/context.ts";
import type { Problem, Severity } from "../../src/definitions/problem.ts";
import { OperationError } from "../../src/errors.ts";
import { tenants } from "../operations/domain/domain-world.ts";
import { edit, samplePlatform } from "../support/builders.ts";
import { tempPlatform } from "../support/temp-platform.ts";
import { runWoow } from "../support/woow.ts";

/** Clears the screen, begins a command of a CI system on a line of its own, turns text around. */
const evil = "a\u001b[2J\u009b1m\r\n::error::made-up\u202e";
const escaped = "a\\u{1b}[2J\\u{9b}1m\\u{d}\\u{a}::error::made-up\\u{202e}";

function expectHarmless(text: string): void {
  // eslint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(text).not.toMatch(/^\s*::/m);
}

/** A terminal that keeps what is printed. */
function recorder(): { context: CliContext; printed: () => string } {
  let text = "";
  const print = (more: string) => void (text += more);
  const context: CliContext = {
    environment: {},
    stdout: print,
    stderr: print,
    stdoutIsTty: false,
    stderrIsTty: false,
    canAsk: false,
    colors: { stdout: false, stderr: false },
  };
  return { context, printed: () => text };
}

function problem(line: number, severity: Severity = "error"): Problem {
  return { file: "x.yaml", line, column: 1, code: "wrong-type", severity, message: "made up" };
}

test("a command that only reads counts the warnings and prints them in full nowhere; validate does", async () => {
  const wishes = { "acme/web-01": "flows.acme.example", "rival/web-01": "rival.example" };
  const cwd = tempPlatform(tenants(wishes));
  const counted = "2 warnings: woow validate prints them\n";
  for (const args of [["estimate"], ["estimate", "-o", "name"], ["estimate", "-o", "json"]])
    expect(await runWoow(args, { cwd })).toMatchObject({ status: 0, stderr: counted });
  const events = (await runWoow(["estimate", "--json"], { cwd })).stdout.trim().split("\n");
  expect(events.filter((line) => line.includes("unverified-domain"))).toHaveLength(2);
  for (const args of [["validate"], ["synth", "--without-secrets"]])
    expect((await runWoow(args, { cwd })).stderr.match(/\[unverified-domain\]/g)).toHaveLength(2);

  const unplaced = edit(samplePlatform(), "platform.yaml", ["    node_cidrs: [192.0.2.0/28]\n", ""]);
  const listed = await runWoow(["catalog", "list", "-o", "name"], { cwd: tempPlatform(unplaced) });
  expect(listed).toMatchObject({ status: 0, stderr: "1 warning: woow validate prints it\n" });
});

test("beside a counted warning an error is printed in full", () => {
  const { context, printed } = recorder();
  printProblemsBriefly([problem(1, "warning"), problem(2)], { context, json: false });
  expect(printed()).toBe("x.yaml:2:1: error: made up [wrong-type]\n1 warning: woow validate prints it\n");
});

test("control characters are shown, other text stays as it is", () => {
  expect(escapeControls(evil)).toBe(escaped);
  expect(escapeLines("a\tb\nc\u001bd\r\n")).toBe("a\tb\nc\\u{1b}d\\u{d}\n");
  const plain = "Ünïcode 資料 👩‍👩‍👧 \\u{1b} [0m";
  expect(escapeControls(plain)).toBe(plain);
});

test.each<readonly [string, (context: CliContext) => void, number]>([
  [
    "problems",
    (context) =>
      printProblems([{ ...problem(1), file: evil, message: evil, hint: evil }], { context, json: false }),
    3,
  ],
  [
    "errors",
    (context) =>
      printError(new OperationError("usage", evil, { subject: evil, hint: evil }), { context, json: false }),
    2,
  ],
  [
    "files",
    (context) =>
      printFiles([{ path: evil, unit: evil, outcome: "kept" }], { context, json: false, target: evil }),
    3,
  ],
])("%s are printed harmless", (_, print, times) => {
  const { context, printed } = recorder();
  print(context);
  expectHarmless(printed());
  expect(printed().split(escaped).length - 1).toBe(times);
});

test("tables are printed harmless", () => {
  const table = formatTable([evil], [{ title: "NAME", text: (name) => name }]);
  expectHarmless(table);
  expect(table).toContain("\\u{1b}[2J");
});

test("through the CLI: names of files, keys, texts of templates, flags", async () => {
  const words = JSON.stringify(evil);
  const named = edit(samplePlatform(), "catalog/web.yaml", ["name: Web", `name: ${words}`]);
  const text = edit(named, "catalog/web.yaml", [
    "description: A small web application",
    `description: ${words}\nfull_description: ${words}`,
  ]);
  const labelled = edit(text, "catalog/database.yaml", ["name: Database", `name: ${words}`]);
  const good = tempPlatform(labelled);
  const bad = tempPlatform({
    ...labelled,
    [`workspaces/acme/${evil.replace("\u009b", "")}.yaml`]: "kind: CloudService\n",
    "workspaces/acme/web-01.yaml": `${labelled["workspaces/acme/web-01.yaml"] ?? ""}${words}: 1\n`,
  });
  const runs: (readonly [string, readonly string[]])[] = [
    [bad, ["validate"]],
    [bad, ["synth"]],
    [good, ["catalog", "list"]],
    [good, ["catalog", "list", "-o", "wide"]],
    [good, ["create", "service", "web", "-w", "acme"]],
    [good, ["create", "service", evil, "-w", "acme"]],
    [good, ["synth", "-o", evil.replaceAll("/", "")]],
    [good, ["secrets", "set", evil, "x"]],
    [good, [`--${evil.replaceAll(/[\r\n]/g, "")}`]],
  ];
  for (const [cwd, args] of runs) {
    const ran = await runWoow(args, { cwd });
    const printed = ran.stdout + ran.stderr;
    expect(printed, args.join(" ")).toContain("\\u{1b}[2J");
    expectHarmless(printed);
  }
  // a description of several lines keeps them; only its own text can begin a line
  const shown = await runWoow(["catalog", "show", "web"], { cwd: good });
  expect(shown.stdout).not.toContain("\u001b");
});

test("a hundred problems are printed, errors first; a program gets them all", async () => {
  const many = [...Array.from({ length: 120 }, (_, index) => problem(index + 1, "warning")), problem(500)];
  const { context, printed } = recorder();
  printProblems(many, { context, json: false });
  const lines = printed().trimEnd().split("\n");
  expect(lines).toHaveLength(101);
  expect(lines[0]).toContain("x.yaml:500:1: error");
  expect(lines.at(-1)).toMatch(/^and 21 more; --json/);
  const all = recorder();
  printProblems(many.slice(0, 100), { context: all.context, json: false });
  expect(all.printed()).not.toContain("more");

  const services = Array.from({ length: 130 }, (_, index) => [
    `workspaces/acme/none-${index + 10}.yaml`,
    'kind: CloudService\ntemplate_id: none\nname: None\nchart_version: "1.2.3"\n',
  ]);
  const cwd = tempPlatform({ ...samplePlatform(), ...(Object.fromEntries(services) as object) });
  const text = await runWoow(["validate"], { cwd });
  expect(text.status).toBe(1);
  expect(text.stderr).toMatch(/^and 30 more; --json prints all$/m);
  expect(text.stdout).toContain("130 errors");
  const json = await runWoow(["validate", "--json"], { cwd });
  expect(json.stdout.match(/"type":"problem"/g)).toHaveLength(130);
});
