import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { OperationError } from "../errors.ts";
import type { PlanFile } from "../plan/file/plan-file.ts";
import { maxPlanBytes, readPlanText } from "../plan/file/read-plan-text.ts";
import { fileError } from "./file-error.ts";

/** Reads a saved plan. Errors: `not-found`, `unreadable`, and `usage` for another format. */
export function readPlanFile(path: string): PlanFile {
  let text: string;
  try {
    if (statSync(path).size > maxPlanBytes) {
      throw new OperationError("unreadable", `${path} is too large for a plan`, { subject: path });
    }
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new OperationError("not-found", `there is no file ${path}`, {
        subject: path,
        hint: "woow plan --out FILE saves a plan",
      });
    }
    throw fileError(error, { subject: path, doing: "read" });
  }
  return readPlanText(text, path);
}

/** Saves a plan for its owner only, whole or not at all: written beside its place and renamed. */
export function writePlanFile(path: string, plan: PlanFile): void {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(plan)}\n`, { mode: 0o600, flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileError(error, { subject: path, doing: "write" });
  }
}
