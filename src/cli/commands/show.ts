import { readPlanFile } from "../../edges/plan-file.ts";
import { OperationError } from "../../errors.ts";
import type { PlanFile } from "../../plan/file/plan-file.ts";
import { summarizeUnits } from "../../plan/file/printed-plan.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { decisionWords } from "../print/plan-words.ts";
import { printEvent } from "../print/print-json.ts";
import { code } from "../print/print-plan-markdown.ts";
import { printDescribedPlan } from "../print/print-plan.ts";

export interface ShowFlags extends GlobalFlags {
  readonly markdown?: boolean;
  readonly objects?: boolean;
}

/** woow show: a saved plan, as it was when it was made. Needs neither cluster nor repository. */
export function runShow(file: string, flags: ShowFlags, context: CliContext): number {
  const json = flags.json === true;
  if (json && flags.markdown === true) {
    throw new OperationError("usage", "--markdown and --json exclude each other", { hint: "leave out one" });
  }
  const saved = readPlanFile(file);
  const format = json ? "json" : flags.markdown === true ? "markdown" : "text";
  const plan = { ...saved.plan, summary: summarizeUnits(saved.plan.units) };
  const words = decisionWords(saved.decisions);
  if (format === "json") {
    const { selection, decisions } = saved;
    printEvent(context, Object.assign({ type: "plan" }, plan, { selection, decisions }));
    return exitStatus.done;
  }
  if (format === "text") {
    const decided = words === "" ? "" : `decided when it was made: ${escapeControls(words)}\n`;
    context.stdout(`${escapeControls(describeOrigin(saved))}\n${decided}\n`);
  }
  printDescribedPlan(plan, { context, format, objects: flags.objects === true });
  if (format === "markdown" && words !== "") context.stdout(`\nDecided when it was made: ${code(words)}\n`);
  return exitStatus.done;
}

function describeOrigin({ platform, cluster, createdAt, gitCommit, gitDirty, version }: PlanFile): string {
  const commit = gitCommit === undefined ? "" : ` from commit ${gitCommit.slice(0, 12)}`;
  const dirty = gitDirty ? " and changes that no commit holds" : "";
  return `plan for ${platform} on ${cluster}, made ${createdAt}${commit}${dirty} by woow ${version}`;
}
