import type { TemplateCard } from "../../operations/catalog/template-card.ts";
import type { CliContext } from "../context.ts";
import { plural } from "./print-problems.ts";
import { printDocument } from "./print-rows.ts";
import { formatTable } from "./table.ts";
import type { Column } from "./table.ts";

/** The apps of a catalog in one of the formats every list knows. */
export function printCatalog(
  cards: readonly TemplateCard[],
  { context, format }: { context: CliContext; format: "table" | "wide" | "json" | "yaml" | "name" },
): void {
  switch (format) {
    case "json":
    case "yaml":
      printDocument(context, { format, document: cards });
      return;
    case "name":
      for (const { id } of cards) context.stdout(`${id}\n`);
      return;
    case "table":
    case "wide":
      if (cards.length === 0) context.stdout("no app of the catalog fits\n");
      else context.stdout(formatTable(cards, format === "wide" ? wideColumns : columns));
      if (context.stdoutIsTty && cards.length > 0)
        context.stdout(`${plural(cards.length, "app")}; woow catalog show ID says more\n`);
  }
}

/** "15 USD", as a month costs. */
export function formatPrice({ monthly_price: price, currency }: TemplateCard): string {
  return `${price ?? 0} ${currency}`;
}

/** "1 vCPU, 2 Gi, 10 Gi storage" */
export function formatResources({ min_resources: least }: TemplateCard): string {
  const { vcpu, ram_gb: ram, storage_gb: storage } = least ?? {};
  return `${vcpu} vCPU, ${ram} Gi${storage === 0 ? "" : `, ${storage} Gi storage`}`;
}

const descriptionWidth = 60;
const base: readonly Column<TemplateCard>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "NAME", text: ({ name }) => name },
  { title: "CATEGORY", text: ({ category }) => category },
  { title: "MONTHLY", text: formatPrice, right: true },
  { title: "CHART", text: ({ helm_chart: chart }) => chart.chart_version },
];
const columns: readonly Column<TemplateCard>[] = [
  ...base,
  { title: "DESCRIPTION", text: ({ description }) => description, maxWidth: descriptionWidth },
];
const wideColumns: readonly Column<TemplateCard>[] = [
  ...base,
  { title: "ACTIVE", text: ({ is_active: active }) => (active === false ? "no" : "yes") },
  { title: "LEAST", text: formatResources },
  { title: "TAGS", text: ({ tags }) => (tags ?? []).join(",") },
  {
    title: "SOURCE",
    text: ({ helm_chart: chart }) =>
      `${chart.repository}${chart.repository.startsWith("file:") ? "/" : " "}${chart.chart_name}`,
  },
  { title: "DESCRIPTION", text: ({ description }) => description },
];
