import { OperationError } from "../../errors.ts";
import { isMap } from "../compare/field-place.ts";
import { checkPlanShape } from "./plan-file-shape.ts";
import { planFormat } from "./plan-file.ts";
import type { PlanFile } from "./plan-file.ts";

/** Larger files are no plans: one of 5,000 services has about 20 MB. */
export const maxPlanBytes = 64 * 1024 * 1024;

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
  const wrong = checkPlanShape(value, "");
  if (wrong !== undefined) throw damaged(subject, wrong);
  return value as unknown as PlanFile;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function damaged(subject: string, wrong?: string): OperationError {
  const where = wrong === undefined ? "" : `: ${wrong} is not as woow writes it`;
  return new OperationError("unreadable", `${subject} is not a plan that woow saved${where}`, {
    subject,
    hint: "woow plan --out FILE makes one; a file that was edited or cut short is none",
  });
}
