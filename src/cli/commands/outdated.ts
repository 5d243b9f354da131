import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openShippedFiles } from "../../edges/shipped-files.ts";
import { listOutdated } from "../../operations/catalog/list-outdated.ts";
import type {
  OutdatedReport,
  OutdatedService,
  OutdatedTemplate,
} from "../../operations/catalog/list-outdated.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { plural } from "../print/print-problems.ts";
import { printDocument } from "../print/print-rows.ts";
import type { OutputFormat } from "../print/print-rows.ts";
import { formatTable } from "../print/table.ts";
import type { Column } from "../print/table.ts";

export interface OutdatedFlags extends GlobalFlags {
  readonly output?: OutputFormat;
  readonly workspace?: readonly string[];
  readonly service?: readonly string[];
  readonly template?: readonly string[];
}

/** woow outdated: pins that are not the catalog's version. A report, so it always ends well. */
export function runOutdated(flags: OutdatedFlags, context: CliContext): number {
  const report = listOutdated(
    { tree: openDefinitionTree(findRoot(flags, context)), shipped: openShippedFiles().list("catalog") },
    {
      selection: {
        workspaces: flags.workspace ?? [],
        services: flags.service ?? [],
        templates: flags.template ?? [],
      },
    },
  );
  if (flags.json === true) printEvents(report, context);
  else if (flags.output === "json" || flags.output === "yaml")
    printDocument(context, { format: flags.output, document: report });
  else if (flags.output === "name")
    for (const { unit } of report.services) context.stdout(`${escapeControls(unit)}\n`);
  else printText(report, context);
  return exitStatus.done;
}

function printEvents(report: OutdatedReport, context: CliContext): void {
  const { services, templates, unread, current } = report;
  for (const service of services) printEvent(context, { type: "outdated-service", ...service });
  for (const template of templates) printEvent(context, { type: "outdated-template", ...template });
  for (const unit of unread) printEvent(context, { type: "unread-service", unit } as { type: string });
  const counts = { current, services: services.length, templates: templates.length, unread: unread.length };
  printEvent(context, { type: "summary", ...counts } as { type: string });
}

const serviceColumns: readonly Column<OutdatedService>[] = [
  { title: "SERVICE", text: ({ unit }) => unit },
  { title: "TEMPLATE", text: ({ template }) => template },
  { title: "PIN", text: ({ pin }) => pin },
  { title: "CATALOG", text: ({ catalog }) => catalog },
  { title: "STATE", text: ({ relation }) => relation },
];

const templateColumns: readonly Column<OutdatedTemplate>[] = [
  { title: "TEMPLATE", text: ({ template }) => template },
  { title: "CATALOG", text: ({ version }) => version },
  { title: "SHIPPED", text: ({ shipped }) => shipped },
  { title: "STATE", text: ({ relation }) => relation },
];

function printText({ services, templates, unread, current }: OutdatedReport, context: CliContext): void {
  if (services.length > 0) context.stdout(formatTable(services, serviceColumns));
  if (services.length > 0 && templates.length > 0) context.stdout("\n");
  if (templates.length > 0) context.stdout(formatTable(templates, templateColumns));
  if (services.length === 0) {
    const all = current === 1 ? "the one service is" : `all ${current} services are`;
    context.stdout(current === 0 ? "no service to compare\n" : `${all} at the catalog's version\n`);
  } else {
    const behind = services.filter(({ relation }) => relation === "behind").length;
    const rest = behind === services.length ? "" : `, ${services.length - behind} ahead or different`;
    context.stdout(`${plural(behind, "service")} behind${rest}; ${current} current\n`);
    if (behind > 0) context.stdout("woow upgrade SERVICE, or woow upgrade --all, edits the pins\n");
  }
  if (templates.length > 0) context.stdout("woow catalog update shows what the newer templates change\n");
  if (unread.length > 0) {
    context.stderr(
      `not compared, because of problems that woow validate shows: ${escapeControls(unread.join(", "))}\n`,
    );
  }
}
