import type { ValueSpec } from "../../model/value-spec.ts";
import type { ShownTemplate } from "../../operations/catalog/show-template.ts";
import type { CliContext } from "../context.ts";
import { escapeControls, escapeLines } from "./escape-controls.ts";
import { formatPrice, formatResources } from "./print-catalog.ts";
import { createPainter } from "./style.ts";
import { formatTable } from "./table.ts";

/** One app for a person: the card, its chart, its values, how to order it. */
export function printTemplate(shown: ShownTemplate, context: CliContext): void {
  const { card, entry, required, optional, order } = shown;
  const paint = createPainter(context.colors.stdout);
  const heading = (text: string) => `\n${paint("bold", text)}\n`;
  const chart = card.helm_chart;
  const facts: [string, string | undefined][] = [
    ["id", `${card.id}${entry.template.isActive ? "" : " (inactive: takes no new services)"}`],
    ["category", card.category],
    ["tags", (card.tags ?? []).join(", ") || undefined],
    ["price", `${formatPrice(card)} a month`],
    ["least", formatResources(card)],
    ["chart", `${chart.chart_name} ${chart.chart_version} from ${chart.repository}`],
    ["service", `${card.service_name}, port ${card.service_port}`],
    [
      "address",
      card.ingress_enabled === false
        ? "none: it is reached within the workspace only"
        : "a subdomain or a domain of one's own",
    ],
    ["documentation", card.documentation_url],
  ];
  context.stdout(`${paint("bold", escapeControls(card.name))}: ${escapeControls(card.description)}\n\n`);
  if (card.full_description !== undefined)
    context.stdout(`${escapeLines(card.full_description.trimEnd())}\n\n`);
  for (const [name, text] of facts)
    if (text !== undefined) context.stdout(`${name.padEnd(15)}${escapeControls(text)}\n`);
  if (required.length > 0) context.stdout(heading("Required values") + formatValues(required));
  if (optional.length > 0) context.stdout(heading("Optional values") + formatValues(optional));
  context.stdout(`${heading("Order")}  ${escapeControls(order)}\n`);
}

function formatValues(specs: readonly ValueSpec[]): string {
  const table = formatTable(specs, [
    { title: "KEY", text: ({ key }) => key },
    { title: "LABEL", text: ({ label }) => label },
    { title: "TYPE", text: ({ type, generate }) => (generate === undefined ? type : `${type}, generated`) },
    {
      title: "DEFAULT",
      text: ({ defaultValue }) => (defaultValue === undefined ? "-" : JSON.stringify(defaultValue)),
    },
    { title: "OPTIONS", text: ({ options }) => options?.join(" | ") ?? "-" },
    { title: "CHANGES", text: describeLifecycle },
  ]);
  return table.replaceAll(/^/gm, "  ").trimEnd().concat("\n");
}

function describeLifecycle({ lifecycle }: ValueSpec): string {
  switch (lifecycle) {
    case "any":
      return "any time";
    case "create_only":
      return "only at creation";
    case "expand_only":
      return "only larger";
  }
}
