import { labelRef } from "../../cluster/object-ref.ts";
import type { RenderedChange, ServiceRendering } from "../../operations/cluster/render/service-rendering.ts";
import type { FieldChange, Plan } from "../../plan/change.ts";
import { describePlan } from "../../plan/file/printed-plan.ts";
import type { CliContext } from "../context.ts";
import { escapeControls, escapeLines } from "./escape-controls.ts";
import { fieldLines } from "./plan-words.ts";
import { printEvent } from "./print-json.ts";
import { block, code, formatPlanMarkdown } from "./print-plan-markdown.ts";
import { plural } from "./print-problems.ts";
import { createPainter } from "./style.ts";
import { formatDiff } from "./unified-diff.ts";

const signs = { create: "+", update: "~", delete: "-" } as const;
const colors = { create: "green", update: "yellow", delete: "red" } as const;
/** A diff starts with two lines of names; we have a title. */
const diffHeadLines = 2;

export interface RenderPrintOptions {
  readonly context: CliContext;
  readonly format: "text" | "json" | "markdown";
  /** The plan that was printed before: in a comment both share the room. */
  readonly plan: Plan;
}

/** What the charts render, below the plan. One event a service with `--json`. */
export function printRenderings(
  renderings: readonly ServiceRendering[],
  { context, format, plan }: RenderPrintOptions,
): void {
  if (format === "json") {
    for (const rendering of renderings) printEvent(context, { type: "rendering", ...rendering });
  } else if (format === "markdown") {
    const room = longestComment - formatPlanMarkdown(describePlan(plan)).length;
    context.stdout(formatMarkdown(renderings, room));
  } else context.stdout(formatText(renderings, context.colors.stdout));
}

function formatText(renderings: readonly ServiceRendering[], hasColors: boolean): string {
  const paint = createPainter(hasColors);
  const lines = renderings.flatMap((rendering) => {
    const { unit, failure, notes, changes } = rendering;
    if (failure !== undefined) {
      return [
        `${paint(["red", "bold"], "error")}: ${escapeControls(`${unit}: ${failure.message}`)} ${paint("dim", `[${failure.code}]`)}`,
        `  ${paint("cyan", "hint")}: ${failure.hint}`,
      ];
    }
    return [
      `${paint("bold", escapeControls(unit))}  ${escapeControls(summaryWords(rendering))}`,
      ...notes.map((note) => `    ${paint("cyan", "note")}: ${escapeControls(note)}`),
      ...changes.flatMap((change) => [
        `    ${paint(colors[change.action], signs[change.action])} ${escapeControls(objectWords(change))}`,
        ...change.fields.flatMap((field) => fieldText(field, hasColors)),
      ]),
    ];
  });
  const title = renderings.length === 0 ? "charts: no service changes" : "what the charts render:";
  return `\n${paint("bold", title)}\n${lines.map((line) => `${line}\n`).join("")}`;
}

function fieldText(field: FieldChange, hasColors: boolean): string[] {
  const paint = createPainter(hasColors);
  const { removed, added } = fieldLines(field);
  const title = `        ${escapeControls(field.path)}:`;
  if (removed.length <= 1 && added.length <= 1) {
    const old = removed.length === 0 ? "" : `${paint("red", escapeControls(removed[0] ?? ""))} -> `;
    return [
      `${title} ${old}${added.length === 0 ? "(gone)" : paint("green", escapeControls(added[0] ?? ""))}`,
    ];
  }
  return [title, ...hunkLines(field, hasColors).map((line) => `          ${line}`)];
}

/** Of a long text, a script or a configuration file, only what is near a change. */
function hunkLines({ path, before = "", after = "" }: FieldChange, hasColors: boolean): string[] {
  // a text that comes or goes as a whole needs no places
  const isWhole = before === "" || after === "";
  const end = (text: string) => (text === "" ? "" : `${text}\n`);
  const texts = { before: end(before), after: end(after) };
  return formatDiff(texts, { path, colors: hasColors, escapes: true })
    .trimEnd()
    .split("\n")
    .slice(diffHeadLines)
    .filter((_, index) => !isWhole || index > 0);
}

/** "web 1.0.0 -> 1.1.0: 1 added, 2 changed, 3 unchanged". */
function summaryWords({ chartBefore, chartAfter, changes, unchanged }: ServiceRendering): string {
  const count = (action: RenderedChange["action"]) => changes.filter((one) => one.action === action).length;
  const counts = [
    [count("create"), "added"],
    [count("update"), "changed"],
    [count("delete"), "removed"],
    [unchanged, "unchanged"],
  ] as const;
  const told = counts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  const chart =
    chartBefore === undefined || chartBefore === chartAfter ? chartAfter : `${chartBefore} -> ${chartAfter}`;
  return told.length === 0 ? chart : `${chart}: ${told.join(", ")}`;
}

function objectWords({ ref, file, hooks, keeps }: RenderedChange): string {
  const marks = [
    file.slice(file.indexOf("/") + 1),
    ...(hooks.length > 0 ? [`hook ${hooks.join(", ")}`] : []),
    ...(keeps ? ["Helm leaves it in the cluster"] : []),
  ].filter((mark) => mark !== "");
  return marks.length === 0 ? labelRef(ref) : `${labelRef(ref)} (${marks.join("; ")})`;
}

/** What GitHub takes, less what is said when something is left out; a plan leaves some of it free. */
const longestComment = 65_000;

function formatMarkdown(renderings: readonly ServiceRendering[], room: number): string {
  const failures = renderings.flatMap(({ unit, failure }) =>
    failure === undefined ? [] : [`${unit}: ${failure.message}`, `  ${failure.hint}`],
  );
  const text = ["\n### What the charts render\n"];
  let [length, hidden] = [text.join("").length, 0];
  const add = (part: string): boolean => {
    if (length + part.length > room) return false;
    text.push(part);
    length += part.length;
    return true;
  };
  if (failures.length > 0) {
    const part = `**The upgrade would fail:**\n\n${block("text", failures)}`;
    if (!add(part)) add(`**The upgrade would fail** for ${plural(failures.length / 2, "service")}.\n`);
  }
  if (renderings.length === 0) add("No service changes.\n");
  for (const rendering of renderings) {
    if (rendering.failure === undefined && !add(markdownDetails(rendering))) hidden += 1;
  }
  if (hidden > 0) text.push(`\nToo long for a comment: ${plural(hidden, "service")} left out.\n`);
  return text.join("");
}

function markdownDetails(rendering: ServiceRendering): string {
  const diffSigns = { create: "+", update: "!", delete: "-" } as const;
  const lines = [
    ...rendering.notes.map((note) => `# ${note}`),
    ...rendering.changes.flatMap((change) => [
      `${diffSigns[change.action]} ${objectWords(change)}`,
      ...change.fields.flatMap((field) => [
        `  ${field.path}`,
        ...hunkLines(field, false).filter((line) => !line.startsWith("@@")),
      ]),
    ]),
  ].map(escapeLines);
  const summary = `${code(rendering.unit)} ${code(summaryWords(rendering))}`;
  return `<details><summary>${summary}</summary>\n\n${block("diff", lines)}\n</details>\n`;
}
