import type { Plan, Refusal } from "../../plan/change.ts";
import { describePlan } from "../../plan/file/printed-plan.ts";
import type { PrintedPlan, PrintedUnit } from "../../plan/file/printed-plan.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import {
  changeSigns,
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
import { printEvent } from "./print-json.ts";
import { formatPlanMarkdown } from "./print-plan-markdown.ts";
import { quotaColumns, quotaLines } from "./quota-table.ts";
import { createPainter } from "./style.ts";
import { displayWidth, formatTable } from "./table.ts";

export interface PlanPrintOptions {
  readonly context: CliContext;
  readonly format: "text" | "json" | "markdown";
  /** Every object and field, not only units. */
  readonly objects: boolean;
}

type Paint = ReturnType<typeof createPainter>;

const signColors = {
  create: "green",
  update: "yellow",
  recover: "magenta",
  remove: "red",
  hold: "cyan",
  blocked: "red",
  none: "dim",
  replace: "red",
  prune: "red",
} as const;

/** Longer unit names do not push the rest of every line away. */
const maxNameWidth = 40;

/** What would change, why, and what it costs; secrets are stand-ins already. */
export function printPlan(plan: Plan, options: PlanPrintOptions): void {
  printDescribedPlan(describePlan(plan), options);
}

/** The same for a plan that was saved. */
export function printDescribedPlan(plan: PrintedPlan, { context, format, objects }: PlanPrintOptions): void {
  if (format === "json") printEvent(context, { type: "plan", ...plan });
  else if (format === "markdown") context.stdout(formatPlanMarkdown(plan));
  else context.stdout(formatPlan(plan, { paint: createPainter(context.colors.stdout), objects }));
}

/** Why nothing may be written, and what to do. */
export function printRefusals(
  refusals: readonly Refusal[],
  { context, json }: { readonly context: CliContext; readonly json: boolean },
): void {
  if (json) {
    for (const refusal of refusals) {
      printEvent(context, { type: "refusal", ...refusal });
    }
    return;
  }
  context.stderr(formatRefusals(refusals, createPainter(context.colors.stderr)));
}

function formatPlan(
  plan: PrintedPlan,
  { paint, objects }: { readonly paint: Paint; readonly objects: boolean },
): string {
  const { summary, refusals, notes, currency } = plan;
  const units = toldUnits(plan);
  const nameWidth = Math.min(maxNameWidth, Math.max(0, ...units.map(({ unit }) => displayWidth(unit))));
  const prices = new Map(units.map((unit) => [unit, costWords(unit, currency) ?? ""]));
  const priceWidth = Math.max(0, ...[...prices.values()].map(displayWidth));
  const lines = units.flatMap((unit) => {
    const name = unit.unit + " ".repeat(Math.max(0, nameWidth - displayWidth(unit.unit)));
    const price = prices.get(unit) ?? "";
    const column = priceWidth === 0 ? "" : `${" ".repeat(priceWidth - displayWidth(price))}${price}  `;
    const sign = paint(signColors[unit.action], unitSigns[unit.action]);
    return [
      `${sign} ${paint("bold", escapeControls(name))}  ${column}${escapeControls(unitWords(unit))}`.trimEnd(),
      ...hintLines(unit, paint),
      ...unit.notes.map((note) => `    ${paint("cyan", "note")}: ${escapeControls(note)}`),
      ...(objects ? objectLines(unit, paint) : []),
    ];
  });
  const text = lines.map((line) => `${line}\n`).join("");
  const told = notes.map((note) => `${paint("cyan", "note")}: ${escapeControls(note)}\n`).join("");
  const counts = summary.hasChanges ? countWords(summary) : `nothing to do: ${countWords(summary)}`;
  const end = `${counts}; ${monthlyWords(summary, currency)}`;
  const gap = text === "" ? "" : "\n";
  const quota = quotaLines(plan.workspaces ?? []);
  const table = quota.length === 0 ? "" : `${formatTable(quota, quotaColumns(currency))}\n`;
  return `${text}${gap}${table}${told}${formatRefusals(refusals, paint)}${paint("bold", end)}\n`;
}

function hintLines({ blocked }: PrintedUnit, paint: Paint): string[] {
  return blocked?.hint === undefined ? [] : [`    ${paint("cyan", "hint")}: ${escapeControls(blocked.hint)}`];
}

function objectLines({ changes }: PrintedUnit, paint: Paint): string[] {
  return changes.flatMap((change) => [
    `    ${paint(signColors[change.action], changeSigns[change.action])} ${escapeControls(changeWords(change))}`,
    ...change.fields.flatMap((field) => {
      const { title, removed, added } = fieldLines(field);
      const [before = "", after = ""] = [removed[0], added[0]].map((line) => escapeControls(line ?? ""));
      if (removed.length <= 1 && added.length <= 1) {
        const old = removed.length === 0 ? "" : paint("red", before);
        const next = added.length === 0 ? "(gone)" : paint("green", after);
        return [`        ${escapeControls(title)}: ${old === "" ? next : `${old} -> ${next}`}`];
      }
      return [
        `        ${escapeControls(title)}:`,
        ...removed.map((line) => `          ${paint("red", `- ${escapeControls(line)}`)}`),
        ...added.map((line) => `          ${paint("green", `+ ${escapeControls(line)}`)}`),
      ];
    }),
    ...change.kept.map((field) => `        ${escapeControls(field)}: left to its manager`),
  ]);
}

function formatRefusals(refusals: readonly Refusal[], paint: Paint): string {
  return distinctRefusals(refusals)
    .map(({ code, message, hint }) => {
      const line = `${paint(["red", "bold"], "refused")}: ${escapeControls(message)} ${paint("dim", `[${code}]`)}\n`;
      return hint === undefined ? line : `${line}  ${paint("cyan", "hint")}: ${escapeControls(hint)}\n`;
    })
    .join("");
}
