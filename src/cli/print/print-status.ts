import type { ServiceReport } from "../../operations/cluster/status/service-report.ts";
import type { StatusReport } from "../../operations/cluster/status/read-status.ts";
import type { ServiceState } from "../../status/service-status.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { plural } from "./print-problems.ts";
import { printDocument } from "./print-rows.ts";
import { createPainter } from "./style.ts";
import { formatTable } from "./table.ts";
import type { Column } from "./table.ts";

export type StatusFormat = "table" | "wide" | "json" | "yaml" | "name" | "events";

const reasonWidth = 60;
/** More sentences than this help nobody; -o wide has them all. */
const mostSentences = 20;

/** The services of a report in one of the formats every list knows, and what could not be read. */
export function printStatus(
  report: StatusReport,
  { context, format }: { readonly context: CliContext; readonly format: StatusFormat },
): void {
  const { services, unread } = report;
  switch (format) {
    case "json":
    case "yaml":
      printDocument(context, { format, document: { services, unread } });
      return;
    case "events":
      for (const service of services)
        printEvent(context, { type: "service", ...service } as { type: string });
      for (const one of unread) printEvent(context, { type: "unread-cluster", ...one } as { type: string });
      return;
    case "name":
      for (const { unit } of services) context.stdout(`${unit}\n`);
      break;
    case "table":
    case "wide":
      context.stdout(formatStatus(report, { context, wide: format === "wide" }));
  }
  context.stderr(formatUnread(report));
}

/** The table and the sentences below it. */
export function formatStatus(
  { services, unread }: StatusReport,
  { context, wide }: { readonly context: CliContext; readonly wide: boolean },
): string {
  // of a cluster that cannot be read nobody knows
  if (services.length === 0) return unread.length > 0 ? "" : "no service\n";
  const several = new Set(services.map((one) => one.k8s_cluster)).size > 1;
  const columns = [...baseColumns(several), ...(wide ? wideColumns : narrowColumns)];
  const table = paintStates(formatTable(services, columns), { services, context });
  const down = services.filter(({ state }) => state !== "running");
  // that is told once, not for each of them
  const sick = down.filter(({ reason }) => reason?.code !== "not-applied");
  const sentences = wide ? [] : sick.slice(0, mostSentences).map((one) => formatSentence(one));
  const left = sick.length - sentences.length;
  const more =
    !wide && left > 0 ? [`${plural(left, "more service")} not running; -o wide has all reasons\n`] : [];
  const warnings = services.flatMap((one) =>
    one.warnings.map(({ message, hint }) => `${one.unit}: warning: ${message}\n  ${hint}\n`),
  );
  const below = [...sentences, ...more, ...warnings.slice(0, mostSentences)].map(escapeText);
  const running = services.length - down.length;
  const fresh = down.length - sick.length;
  const never = fresh === 0 ? "" : `, ${fresh} never applied (woow apply)`;
  const summary = `${running} of ${plural(services.length, "service")} running${never}\n`;
  return [table, ...(below.length > 0 ? ["\n", ...below, "\n"] : []), summary].join("");
}

function formatSentence({ unit, state, reason }: ServiceReport): string {
  return `${unit}: ${state}: ${reason?.message ?? ""}\n  ${reason?.hint ?? ""}\n`;
}

function formatUnread({ unread }: StatusReport): string {
  return unread
    .map(({ cluster, message, hint }) => {
      const advice = hint === undefined ? "" : `  hint: ${escapeControls(hint)}\n`;
      return `cluster ${cluster} cannot be read: ${escapeControls(message)}\n${advice}`;
    })
    .join("");
}

/** Our own line ends stay; what came from the cluster cannot add any. */
function escapeText(text: string): string {
  return `${text.trimEnd().split("\n").map(escapeControls).join("\n")}\n`;
}

function baseColumns(several: boolean): readonly Column<ServiceReport>[] {
  return [
    { title: "SERVICE", text: ({ unit }) => unit },
    ...(several ? [{ title: "CLUSTER", text: (one: ServiceReport) => one.k8s_cluster }] : []),
    { title: "STATE", text: formatState },
    { title: "CHART", text: (one) => one.helm_chart_version ?? "-" },
    { title: "REV", text: (one) => String(one.helm_revision ?? "-"), right: true },
    { title: "PODS", text: (one) => `${one.ready_pods}/${one.wanted_pods}`, right: true },
    { title: "URL", text: ({ url }) => url ?? "-" },
    { title: "TLS", text: formatCertificate },
  ];
}

const narrowColumns: readonly Column<ServiceReport>[] = [
  { title: "REASON", text: ({ reason }) => reason?.message ?? "", maxWidth: reasonWidth },
];

const wideColumns: readonly Column<ServiceReport>[] = [
  { title: "CERTIFICATES", text: formatHosts },
  { title: "ID", text: (one) => one.deployment_id ?? "-" },
  { title: "TEMPLATE", text: (one) => one.template_id ?? "-" },
  { title: "RELEASE", text: (one) => one.helm_release_name },
  { title: "DEPLOYED", text: (one) => one.deployed_at ?? "-" },
  { title: "UPGRADED", text: (one) => one.last_upgraded_at ?? "-" },
  { title: "CODE", text: ({ reason }) => reason?.code ?? "" },
  { title: "REASON", text: ({ reason }) => reason?.message ?? "" },
  { title: "WHAT TO DO", text: ({ reason }) => reason?.hint ?? "" },
];

/** A hold stands beside the state: nothing happens to the service until it is lifted. */
function formatState({ state, hold }: ServiceReport): string {
  if (hold === null) return state;
  return hold.type === "suspended" ? `${state}, suspended` : `${state}, held at revision ${hold.revision}`;
}

function formatCertificate({ certificate }: ServiceReport): string {
  switch (certificate.type) {
    case "none":
      return "-";
    case "unknown":
      return "unknown";
    case "pending":
      return "pending";
    case "ready":
      return certificate.not_after === null ? "ready" : `until ${certificate.not_after.slice(0, 10)}`;
  }
}

/** Each host by itself: `flows.acme.example until 2026-02-01, shop.apps.example.com pending`. */
function formatHosts({ certificate }: ServiceReport): string {
  const hosts = certificate.hosts.map(({ host, state, not_after: end }) =>
    end === null
      ? `${host} ${state}`
      : `${host} ${state === "ready" ? "" : `${state}, `}until ${end.slice(0, 10)}`,
  );
  return hosts.length === 0 ? "-" : hosts.join(", ");
}

const colors: Readonly<Record<ServiceState, "green" | "red" | "yellow" | "cyan">> = {
  running: "green",
  error: "red",
  pending: "yellow",
  deploying: "cyan",
  upgrading: "cyan",
  deleting: "yellow",
};

/** Paints the states of a finished table, so that colours do not count as width. */
function paintStates(
  table: string,
  { services, context }: { readonly services: readonly ServiceReport[]; readonly context: CliContext },
): string {
  if (!context.colors.stdout) return table;
  const paint = createPainter(true);
  const [title = "", ...lines] = table.split("\n");
  const from = title.indexOf("STATE");
  const painted = lines.map((line, index) => {
    const state = services[index]?.state;
    if (state === undefined) return line;
    // wide characters before the column would shift it, but units and clusters are plain
    return `${line.slice(0, from)}${paint(colors[state], state)}${line.slice(from + state.length)}`;
  });
  return [title, ...painted].join("\n");
}
