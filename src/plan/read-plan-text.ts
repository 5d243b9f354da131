import { OperationError } from "../errors.ts";
import { isMap } from "./field-place.ts";
import { noDecisions } from "./plan-decisions.ts";
import { planFormat } from "./plan-file.ts";
import type { PlanFile } from "./plan-file.ts";

/** Larger files are no plans: one of 5,000 services has about 20 MB. */
export const maxPlanBytes = 64 * 1024 * 1024;

const textFields = ["version", "createdAt", "platform", "cluster", "clusterUid", "salt"] as const;

/**
 * A plan file from its text. Errors: `unreadable` for what is none, `usage` for a format of another woow.
 */
export function readPlanText(text: string, subject: string): PlanFile {
  const value = parseJson(text);
  if (!isMap(value)) throw damaged(subject);
  const { format } = value;
  if (typeof format === "number" && format !== planFormat) {
    throw new OperationError(
      "usage",
      `${subject} has plan format ${format}, and this woow reads ${planFormat}`,
      {
        subject,
        hint: `apply it with the woow that made it (${String(value["version"])}), or make a new plan`,
      },
    );
  }
  if (format !== planFormat || !isPlanFile(value)) throw damaged(subject);
  return value as unknown as PlanFile;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isPlanFile(value: Readonly<Record<string, unknown>>): boolean {
  const { units, plan, selection, decisions } = value;
  return (
    textFields.every((key) => typeof value[key] === "string") &&
    isSelection(selection) &&
    isDecisions(decisions) &&
    isList(units, isSavedUnit) &&
    isMap(plan) &&
    isList(plan["units"], isPrintedUnit) &&
    isList(plan["refusals"], isMap) &&
    isList(plan["notes"], isText) &&
    isMap(plan["summary"])
  );
}

function isSelection(value: unknown): boolean {
  return (
    isMap(value) &&
    ["clusters", "workspaces", "services"].every((key) => isList(value[key], isText)) &&
    (value["templates"] === undefined || isList(value["templates"], isText))
  );
}

/** The same keys with the same kinds of values: a decision that is misread could overwrite somebody. */
function isDecisions(value: unknown): boolean {
  if (!isMap(value)) return false;
  const known = noDecisions as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(known).every(([key, sample]) => {
    const given = value[key];
    if (Array.isArray(sample)) return isList(given, isText);
    if (sample === undefined) return given === undefined || typeof given === "number";
    return typeof given === typeof sample;
  });
}

function isSavedUnit(value: unknown): boolean {
  if (!isMap(value) || !isText(value["unit"]) || !isMap(value["objects"])) return false;
  return Object.values(value["objects"]).every((object) => isMap(object) && isMap(object["ref"]));
}

function isPrintedUnit(value: unknown): boolean {
  return (
    isMap(value) &&
    isText(value["unit"]) &&
    isList(value["notes"], isText) &&
    isList(
      value["changes"],
      (change) => isMap(change) && isMap(change["ref"]) && isList(change["fields"], isMap),
    )
  );
}

function isList(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => isItem(item));
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function damaged(subject: string): OperationError {
  return new OperationError("unreadable", `${subject} is not a plan that woow saved`, {
    subject,
    hint: "woow plan --out FILE makes one; a file that was edited or cut short is none",
  });
}
