import type { Volume } from "../../apply/volumes/volume.ts";
import type { Destruction, DestroyReport } from "../../operations/cluster/destroy.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { printApplyReport } from "./print-apply-report.ts";
import { printEvent } from "./print-json.ts";
import { printPlan } from "./print-plan.ts";
import { createPainter } from "./style.ts";
import { formatTable } from "./table.ts";
import type { Column } from "./table.ts";

const columns: readonly Column<Volume>[] = [
  { title: "VOLUME", text: ({ name }) => name },
  { title: "CLAIM", text: ({ claim }) => claim?.name ?? "-" },
  { title: "SIZE", text: ({ size }) => size, right: true },
];

/** What a destroy would do, before it asks. */
export function printDestruction(what: Destruction, context: CliContext): void {
  const { plan, volumes, files, domains, mode } = what;
  const paint = createPainter(context.colors.stdout);
  if (plan !== undefined) printPlan(plan, { context, format: "text", objects: false });
  for (const file of files) context.stdout(`${paint("red", "-")} ${escapeControls(file)}\n`);
  for (const domain of domains) context.stdout(`${paint("red", "-")} ${domain} in domains.yaml\n`);
  if (volumes.length === 0) return;
  const verb = mode === "keep-data" ? "kept" : paint(["red", "bold"], "deleted with all data");
  context.stdout(`\nvolumes that are ${verb}:\n${formatTable(volumes, columns)}\n`);
}

/** What came of it, and what is left for a person to do. */
export function printDestroyReport(
  { apply, files, domains }: DestroyReport,
  { unit, context, json }: { readonly unit: string; readonly context: CliContext; readonly json: boolean },
): void {
  if (json) {
    for (const file of files)
      printEvent(context, { type: "file", path: file, outcome: "removed" } as { type: string });
    for (const domain of domains)
      printEvent(context, { type: "domain-forgotten", domain } as { type: string });
  } else {
    for (const file of files) context.stdout(`removed ${escapeControls(file)}\n`);
    for (const domain of domains) context.stdout(`removed ${domain} from domains.yaml\n`);
  }
  if (apply !== undefined) printApplyReport(apply, { context, json });
  else if (json)
    printEvent(context, { type: "summary", ok: true, outcome: "done", exit_status: 0 } as { type: string });
  else context.stdout("the cluster had nothing of it\n");
  if (json || files.length === 0) return;
  context.stdout(
    `commit and push the removal: whoever applies from a git that still has ${unit} makes it again\n`,
  );
}
