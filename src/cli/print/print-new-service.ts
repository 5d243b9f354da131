import type { CopyServiceResult } from "../../operations/create/copy-service.ts";
import type { CreateServiceResult } from "../../operations/create/create-service.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printProblems } from "./print-problems.ts";
import { printService } from "./print-service.ts";

/** How creating or copying a service ended, and the exit status that says so. */
export function printNewService(
  result: CreateServiceResult | CopyServiceResult,
  { context, json }: { context: CliContext; json: boolean },
): number {
  if (!result.ok) {
    printProblems(result.problems, { context, json });
    if (!json) context.stderr("nothing was written\n");
    return exitStatus.failed;
  }
  printService(result.service, { context, json });
  printProblems(result.service.warnings, { context, json });
  return exitStatus.done;
}
