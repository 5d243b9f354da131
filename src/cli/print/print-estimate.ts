import { formatAmount } from "../../model/quota-use.ts";
import type { Estimate, ServiceEstimate, WorkspaceEstimate } from "../../operations/estimate.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { plural } from "./print-problems.ts";
import { printDocument } from "./print-rows.ts";
import { toSnakeCase } from "./snake-case.ts";
import { formatTable } from "./table.ts";
import type { Column } from "./table.ts";

export const estimateFormats = ["table", "wide", "json", "yaml", "name"] as const;

/** The cost of every service, of every workspace, and in all. */
export function printEstimate(
  estimate: Estimate,
  {
    context,
    format,
  }: { readonly context: CliContext; readonly format: (typeof estimateFormats)[number] | "events" },
): void {
  const { services, workspaces, currency, monthlyPrice } = estimate;
  switch (format) {
    case "json":
    case "yaml":
      printDocument(context, { format, document: toSnakeCase(estimate) as object });
      return;
    case "events":
      for (const one of services) printEvent(context, Object.assign({ type: "service-estimate" }, one));
      for (const one of workspaces) printEvent(context, Object.assign({ type: "workspace-estimate" }, one));
      printEvent(context, Object.assign({ type: "summary" }, { currency, monthlyPrice }));
      return;
    case "name":
      for (const { unit } of services) context.stdout(`${escapeControls(unit)}\n`);
      return;
    case "table":
    case "wide":
      context.stdout(formatEstimate(estimate, format === "wide"));
  }
}

function formatEstimate({ services, workspaces, currency, monthlyPrice }: Estimate, wide: boolean): string {
  const price = (amount: number) => `${amount} ${currency}`;
  const monthly = { title: "MONTHLY", text: (row: Priced) => price(row.monthlyPrice), right: true };
  const sizes = wide ? sizeColumns : [];
  const serviceColumns: readonly Column<ServiceEstimate>[] = [
    { title: "SERVICE", text: ({ unit }) => unit },
    { title: "TEMPLATE", text: ({ template, isActive }) => `${template}${isActive ? "" : " (inactive)"}` },
    ...sizes,
    monthly,
    ...(wide ? [{ title: "NAME", text: (row: ServiceEstimate) => row.name }] : []),
  ];
  const workspaceColumns: readonly Column<WorkspaceEstimate>[] = [
    { title: "WORKSPACE", text: ({ workspace }) => workspace },
    { title: "SERVICES", text: (row) => String(row.services), right: true },
    ...sizes,
    monthly,
    ...(wide
      ? [
          { title: "CLUSTER", text: (row: WorkspaceEstimate) => row.cluster },
          { title: "NAME", text: (row: WorkspaceEstimate) => row.name },
        ]
      : []),
  ];
  const first = services.length === 0 ? "" : `${formatTable(services, serviceColumns)}\n`;
  const second = workspaces.length === 0 ? "" : `${formatTable(workspaces, workspaceColumns)}\n`;
  const counts = `${plural(services.length, "service")} in ${plural(workspaces.length, "workspace")}`;
  return `${first}${second}${counts}: ${price(monthlyPrice)} a month\n`;
}

type Priced = Pick<ServiceEstimate, "monthlyPrice" | "asked">;

const sizeColumns: readonly Column<Priced>[] = [
  { title: "VCPU", text: ({ asked }) => formatAmount(asked.vcpu), right: true },
  { title: "RAM_GB", text: ({ asked }) => formatAmount(asked.ramGb), right: true },
  { title: "STORAGE_GB", text: ({ asked }) => formatAmount(asked.storageGb), right: true },
];
