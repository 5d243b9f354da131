import { labelRef } from "../../cluster/object-ref.ts";
import type { ChangeReason, FieldChange, Refusal } from "../../plan/change.ts";
import type { Hold } from "../../plan/inventory.ts";
import type { PlanDecisions } from "../../plan/plan-decisions.ts";
import type { PlanSummary, PrintedChange, PrintedPlan, PrintedUnit } from "../../plan/file/printed-plan.ts";
import { plural } from "./print-problems.ts";
import { signedDifference } from "./quota-table.ts";

/** One sign per kind of change, for text and Markdown alike. */
export const unitSigns = {
  create: "+",
  update: "~",
  recover: "!",
  remove: "-",
  hold: "=",
  blocked: "x",
  none: " ",
} as const;
export const changeSigns = { create: "+", update: "~", replace: "±", prune: "-" } as const;

/** More names than this in one line nobody reads. */
const maxNames = 3;

/** Why an object changes, in a few words. */
export const reasonWords: Readonly<Record<ChangeReason, string>> = {
  definition: "changed in git",
  drift: "changed in the cluster",
  missing: "gone from the cluster",
  undefined: "no longer defined",
  foreign: "added by hand",
  adoption: "taken over",
};

/** Why a unit is on hold. */
export function holdWords(hold: Hold): string {
  if (hold.type === "rollback") return `on hold since ${hold.by} rolled back to revision ${hold.revision}`;
  return `on hold: suspended by ${hold.by}${hold.reason === "" ? "" : `, ${hold.reason}`}`;
}

/** What happens to a unit and why, in one line. */
export function unitWords(unit: PrintedUnit): string {
  const { action, changes, recovery, hold, blocked } = unit;
  const recover = recovery === undefined ? [] : [`recover: ${recovery.why}`];
  switch (action) {
    case "none":
      return "unchanged";
    case "hold":
      return hold === undefined ? "on hold" : holdWords(hold);
    case "blocked":
      return `left alone: ${blocked?.message ?? "nothing can be done now"}`;
    case "create":
      return [`new, ${plural(changes.length, "object")}`, ...recover].join("; ");
    case "remove":
      return unit.unit.includes("/")
        ? "removed; its volumes are kept unless their deletion was named"
        : "removed";
    case "recover":
      return recover.join("");
    case "update":
      return [...reasonGroups(changes), ...recover].join("; ");
  }
}

function reasonGroups(changes: readonly PrintedChange[]): string[] {
  const groups = new Map<ChangeReason, PrintedChange[]>();
  for (const change of changes) groups.set(change.reason, [...(groups.get(change.reason) ?? []), change]);
  return [...groups].map(([reason, group]) => {
    const names = group.flatMap(({ action, ref, fields }) =>
      fields.length > 0
        ? fields.map(({ path }) => shortPath(path))
        : [`${changeSigns[action]}${ref.kind} ${ref.name}`],
    );
    const managers = [
      ...new Set(
        group.flatMap((change) => change.fields.flatMap(({ changedBy }) => changedBy?.manager ?? [])),
      ),
    ];
    const by = reason === "drift" && managers.length > 0 ? ` by ${managers.join(", ")}` : "";
    return `${reasonWords[reason]}${by}: ${listNames(names)}`;
  });
}

/** Inside embedded YAML only what stands there: people know `image.tag`, not where we put it. */
function shortPath(path: string): string {
  return path.replace(/^(spec\.valuesContent|data\.values\.yaml):/, "");
}

function listNames(names: readonly string[]): string {
  const unique = [...new Set(names)];
  const rest = unique.length - maxNames;
  return unique.slice(0, maxNames).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** "HelmChart paas-charts/x (git)". */
export function changeWords({ ref, reason, predicted, force, action }: PrintedChange): string {
  const marks = [
    reasonWords[reason],
    ...(action === "replace" ? ["deleted and made again"] : []),
    ...(force ? ["taken from other managers"] : []),
    ...(predicted ? ["predicted"] : []),
  ];
  return `${labelRef(ref)} (${marks.join(", ")})`;
}

/** One field as lines of a diff, without signs of its own. */
export function fieldLines({ path, before, after, changedBy }: FieldChange): {
  readonly title: string;
  readonly removed: readonly string[];
  readonly added: readonly string[];
} {
  const by =
    changedBy === undefined
      ? ""
      : ` (set by ${changedBy.manager}${changedBy.at === undefined ? "" : `, ${changedBy.at}`})`;
  return { title: `${path}${by}`, removed: before?.split("\n") ?? [], added: after?.split("\n") ?? [] };
}

/** "3 to create, 1 to change, 2 unchanged". */
export function countWords({ units }: PlanSummary): string {
  const parts = [
    [units.create, "to create"],
    [units.update, "to change"],
    [units.recover, "to recover"],
    [units.remove, "to remove"],
    [units.hold, "on hold"],
    [units.blocked, "left alone"],
    [units.none, "unchanged"],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${count} ${words}`)
    .join(", ");
}

/** What concerns many objects in the same words is said once. */
export function distinctRefusals(refusals: readonly Refusal[]): readonly Refusal[] {
  return [...new Map(refusals.map((one) => [`${one.code} ${one.message} ${one.hint ?? ""}`, one])).values()];
}

/** What a person decided for a plan, as flags say it; empty when nothing was. */
export function decisionWords({
  take,
  keep,
  adopt,
  replace,
  pruneBudget,
  removeWorkspaces,
  overQuota,
}: PlanDecisions): string {
  const flags = [
    ...take.map((path) => `--take ${path}`),
    ...keep.map((path) => `--keep ${path}`),
    ...(adopt ? ["--adopt"] : []),
    ...(replace ? ["--replace"] : []),
    ...(pruneBudget === undefined ? [] : [`--prune-budget ${pruneBudget}`]),
    ...removeWorkspaces.map((id) => `--remove-workspace ${id}`),
    ...(overQuota === "allow" ? ["--allow-over-quota"] : []),
  ];
  return flags.join(" ");
}

/** "12 USD", or "10 -> 12 USD" when it changes; undefined for what costs nothing to know. */
export function costWords(
  {
    costBefore,
    costAfter,
  }: { readonly costBefore: number | undefined; readonly costAfter: number | undefined },
  currency: string,
): string | undefined {
  if (costBefore === undefined && costAfter === undefined) return undefined;
  if (costBefore === costAfter) return `${costAfter ?? 0} ${currency}`;
  return `${costBefore ?? 0} -> ${costAfter ?? 0} ${currency}`;
}

/** "9 -> 12 USD a month, +3" */
export function monthlyWords({ costBefore, costAfter }: PlanSummary, currency: string): string {
  const difference = costBefore === costAfter ? "" : `, ${signedDifference(costBefore, costAfter)}`;
  return `${costWords({ costBefore, costAfter }, currency) ?? ""} a month${difference}`;
}

/** What is worth a line: units that do not stay as they are, and those that have something to say. */
export function toldUnits({ units }: PrintedPlan): readonly PrintedUnit[] {
  return units.filter(({ action, notes }) => action !== "none" || notes.length > 0);
}
