import { fillText } from "../../model/placeholders.ts";
import type { CopiedService } from "../../operations/create/copy-service.ts";
import type { CreatedService } from "../../operations/create/create-service.ts";
import { namePlaceholders } from "../../operations/create/write-service-yaml.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { createPainter } from "./style.ts";

/** A new service: where it is, what it costs, how it is reached, and what is left to do. */
export function printService(
  service: CreatedService | CopiedService,
  { context, json }: { context: CliContext; json: boolean },
): void {
  const { unit, path, template, url, monthlyPrice, currency, generated, open, needsLock } = service;
  const copied = "from" in service ? service : undefined;
  if (json) {
    const event = {
      type: "service",
      unit,
      path,
      template: template.id,
      chart_version: template.chart.version,
      url,
      monthly_price: monthlyPrice,
      currency,
      generated,
      open,
      needs_lock: needsLock,
      ...(copied === undefined
        ? {}
        : { copied_from: copied.from, kept: copied.kept, dropped_hosts: copied.droppedHosts }),
    };
    printEvent(context, event);
    return;
  }
  const paint = createPainter(context.colors.stdout);
  const rows: (readonly [string, string])[] = [
    [
      "app",
      copied === undefined
        ? `${template.name}, chart ${template.chart.version}`
        : `${template.name}, as ${copied.from}`,
    ],
    ["cost", `${monthlyPrice} ${currency} a month`],
    ["address", url ?? insideAddress(service)],
  ];
  if (generated.length > 0) rows.push(["secrets", `${generated.join(", ")}: generated and encrypted`]);
  if (copied !== undefined) {
    if (copied.kept.length > 0) rows.push(["", `${copied.kept.join(", ")}: taken over, encrypted anew`]);
    if (copied.droppedHosts.length > 0)
      rows.push(["not copied", `${copied.droppedHosts.join(", ")}: a host belongs to one service`]);
    rows.push([
      copied.droppedHosts.length > 0 ? "" : "not copied",
      `the data of ${copied.from}: the copy starts empty`,
    ]);
  }
  context.stdout(`${paint("green", "created")} ${escapeControls(path)}\n`);
  for (const [label, text] of rows)
    context.stdout(`  ${paint("dim", label.padEnd(10))} ${escapeControls(text)}\n`);
  // before validate, which refuses the chart until then
  const lock = "next: woow catalog verify --write-lock, as only verified charts run here";
  if (open.length === 0) {
    const then = `then commit ${escapeControls(path)}`;
    context.stdout(
      needsLock ? `${lock}; woow validate, ${then} with what that wrote\n` : `next: woow validate, ${then}\n`,
    );
    return;
  }
  context.stdout(`${paint("yellow", "still required")}; woow validate complains until then:\n`);
  for (const { key, label, hint } of open)
    context.stdout(`  ${escapeControls(`${key} (${label}): ${hint}`)}\n`);
  if (needsLock) context.stdout(`${lock}\n`);
}

function insideAddress({ template, unit }: CreatedService): string {
  const [workspaceId = "", referenceId = ""] = unit.split("/");
  const name = fillText(template.serviceName, namePlaceholders(workspaceId, referenceId));
  return `none outside; ${name}:${template.servicePort} inside its workspace`;
}
