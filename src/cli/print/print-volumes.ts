import type { KeptVolume } from "../../operations/cluster/kept-volumes.ts";
import type { DeleteVolumesReport, VolumeList } from "../../operations/cluster/volumes.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { printDocument } from "./print-rows.ts";
import { createPainter } from "./style.ts";
import { formatTable } from "./table.ts";
import type { Column } from "./table.ts";

/** How the list can be printed. */
export const volumeFormats = ["table", "wide", "json", "yaml", "name"] as const;

type Row = KeptVolume & { readonly cluster: string };

const base: readonly Column<Row>[] = [
  { title: "VOLUME", text: ({ volume }) => volume.name },
  { title: "SERVICE", text: ({ volume }) => volume.unit ?? `${volume.perhapsOf ?? ""}?` },
  { title: "CLAIM", text: describeClaim },
  { title: "SIZE", text: ({ volume }) => volume.size, right: true },
  { title: "STATE", text: ({ state }) => state },
  { title: "SINCE", text: ({ volume }) => volume.keptSince ?? "-" },
];
const wide: readonly Column<Row>[] = [
  ...base,
  { title: "CLASS", text: ({ volume }) => volume.storageClass ?? "-" },
  { title: "POLICY", text: ({ volume }) => volume.policy },
  { title: "NODE", text: ({ volume }) => volume.node ?? "-" },
  { title: "PATH", text: ({ volume }) => volume.path ?? "-" },
  { title: "CLUSTER", text: ({ cluster }) => cluster },
];

/** With its namespace where that is not the service's own. */
function describeClaim({ volume: { claim }, state }: Row): string {
  if (claim === undefined) return "-";
  return state === "foreign" ? `${claim.namespace}/${claim.name}` : claim.name;
}

/** The volumes of one or several clusters. */
export function printVolumes(
  lists: readonly VolumeList[],
  { context, format }: { readonly context: CliContext; readonly format: (typeof volumeFormats)[number] },
): void {
  const rows = rowsOf(lists);
  switch (format) {
    case "json":
    case "yaml":
      printDocument(context, { format, document: rows.map(describe) });
      return;
    case "name":
      for (const { volume } of rows) context.stdout(`${volume.name}\n`);
      return;
    case "table":
    case "wide":
      context.stdout(
        rows.length === 0 ? "no data is kept\n" : formatTable(rows, format === "wide" ? wide : base),
      );
  }
}

export function printVolumeEvents(lists: readonly VolumeList[], context: CliContext): void {
  for (const row of rowsOf(lists))
    printEvent(context, { type: "volume", ...describe(row) } as { type: string });
}

function rowsOf(lists: readonly VolumeList[]): readonly Row[] {
  return lists.flatMap(({ cluster, volumes }) => volumes.map((volume) => ({ ...volume, cluster })));
}

function describe({ volume, state, pod, cluster }: Row): object {
  return {
    name: volume.name,
    cluster,
    service: volume.unit,
    perhaps_of: volume.perhapsOf,
    namespace: volume.claim?.namespace,
    claim: volume.claim?.name,
    size: volume.size,
    state,
    mounted_by: pod,
    kept_since: volume.keptSince,
    storage_class: volume.storageClass,
    reclaim_policy: volume.policy,
    node: volume.node,
    path: volume.path,
  };
}

/** What came of a deletion. */
export function printDeletedVolumes(
  report: DeleteVolumesReport,
  { context, json }: { readonly context: CliContext; readonly json: boolean },
): void {
  if (report.type === "declined") {
    if (!json) context.stderr("stopped; nothing was deleted\n");
    return;
  }
  const { deleted, stuck } = report;
  if (json) {
    printEvent(context, {
      type: "summary",
      ok: stuck.size === 0,
      deleted,
      stuck: Object.fromEntries(stuck),
    } as {
      type: string;
    });
    return;
  }
  for (const name of deleted) context.stdout(`${name} deleted\n`);
  const paint = createPainter(context.colors.stderr);
  for (const { message, hint } of stuck.values()) {
    context.stderr(`${paint(["red", "bold"], "error")}: ${escapeControls(message)}\n`);
    context.stderr(`  ${paint("cyan", "hint")}: ${escapeControls(hint)}\n`);
  }
}
