import type { PrintedPlan, PrintedUnit } from "../../plan/file/printed-plan.ts";
import { escapeControls, escapeLines } from "./escape-controls.ts";
import {
  changeWords,
  costWords,
  countWords,
  distinctRefusals,
  fieldLines,
  monthlyWords,
  toldUnits,
  unitSigns,
  unitWords,
} from "./plan-words.ts";
import { plural } from "./print-problems.ts";
import { quotaColumns, quotaLines } from "./quota-table.ts";
import { formatTable } from "./table.ts";

/** GitHub takes 65,536 characters of a comment, and others less. */
const maxLength = 60_000;
/** Kept free for what is said when something had to be left out. */
const reserve = 400;
/** One huge value must not crowd out everything else. */
const maxBlockLength = 8_000;

/** What a diff is coloured by. */
const diffSigns = { create: "+", update: "!", replace: "!", prune: "-" } as const;

/** The plan for a pull request. Nothing in it that comes from a file or the cluster is read as Markdown or HTML. */
export function formatPlanMarkdown(plan: PrintedPlan): string {
  const { summary, refusals, notes, currency, cluster, platform } = plan;
  const units = toldUnits(plan);
  const counts = countWords(summary);
  const headline = summary.hasChanges ? counts : `nothing to do: ${counts}`;
  const parts = [
    `### Plan of ${code(platform)} on ${code(cluster)}\n`,
    `**${headline}** · ${monthlyWords(summary, currency)}\n`,
  ];
  if (refusals.length > 0) {
    const lines = distinctRefusals(refusals).flatMap(({ message, hint }) => [
      message,
      ...(hint === undefined ? [] : [`  ${hint}`]),
    ]);
    parts.push(`**Refused:** apply would write nothing.\n\n${block("text", lines)}`);
  }
  if (notes.length > 0) parts.push(block("text", notes));
  const text = [...parts];
  let length = text.join("\n").length;
  const add = (part: string): boolean => {
    if (length + part.length + 1 > maxLength - reserve) return false;
    text.push(part);
    length += part.length + 1;
    return true;
  };
  let shown = 0;
  const rows = units.map((unit) => row(unit, currency));
  if (rows.length > 0) add("| | unit | a month | what |\n|---|---|---|---|");
  // half for the overview, so that details come in as well
  for (const line of rows) {
    if (length > maxLength / 2 || !add(line)) break;
    shown += 1;
  }
  if (rows.length > 0) add("");
  if (shown < rows.length)
    add(`${plural(rows.length - shown, "unit")} more: \`woow show\` prints all of them.\n`);
  const quota = quotaLines(plan.workspaces ?? []);
  if (quota.length > 0) {
    const table = formatTable(quota, quotaColumns(currency)).trimEnd().split("\n");
    add(`Quota of what is worked on:\n\n${block("text", table)}`);
  }
  let hidden = 0;
  for (const unit of units) {
    const { changes, notes: told, blocked } = unit;
    if (changes.length === 0 && told.length === 0 && blocked?.hint === undefined) continue;
    if (hidden > 0 || !add(details(unit))) hidden += 1;
  }
  if (hidden > 0) {
    text.push(
      `\nThis is too long for a comment: the details of ${plural(hidden, "unit")} are left out; \`woow show\` prints them.`,
    );
  }
  return `${text.join("\n")}\n`;
}

function row(unit: PrintedUnit, currency: string): string {
  const price = costWords(unit, currency) ?? "";
  return `| ${code(unitSigns[unit.action])} | ${code(unit.unit)} | ${code(price)} | ${code(cut(unitWords(unit), 300))} |`;
}

function details(unit: PrintedUnit): string {
  const lines = [
    ...(unit.blocked?.hint === undefined ? [] : [`# ${unit.blocked.hint}`]),
    ...unit.notes.map((note) => `# ${note}`),
    ...unit.changes.flatMap((change) => [
      `${diffSigns[change.action]} ${changeWords(change)}`,
      ...change.fields.flatMap((field) => {
        const { title, removed, added } = fieldLines(field);
        return [`  ${title}`, ...removed.map((line) => `-   ${line}`), ...added.map((line) => `+   ${line}`)];
      }),
      ...change.kept.map((field) => `  ${field}: left to its manager`),
    ]),
  ];
  return `<details><summary>${code(unit.unit)}</summary>\n\n${block("diff", lines)}\n</details>\n`;
}

/** A fenced block that no line in it can end. */
export function block(language: string, lines: readonly string[]): string {
  const text = cut(lines.map((line) => escapeLines(line.replaceAll("\n", " "))).join("\n"), maxBlockLength);
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}\n`;
}

/** One line of text that is neither Markdown nor HTML, and mentions nobody. */
export function code(text: string): string {
  if (text === "") return "";
  const escaped = escapeControls(text).replaceAll(
    /[^A-Za-z0-9 ,;]/gu,
    (character) => `&#${character.codePointAt(0) ?? 0};`,
  );
  return `<code>${escaped}</code>`;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}\n… cut here`;
}
