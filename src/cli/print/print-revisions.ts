import { unitFile } from "../../operations/cluster/unit-file.ts";
import type { RevisionList } from "../../operations/cluster/list-revisions.ts";
import type { RecordedChange, Revision } from "../../record/revision.ts";
import type { CliContext } from "../context.ts";
import { escapeControls, escapeLines } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { printDocument } from "./print-rows.ts";
import { createPainter } from "./style.ts";
import { formatTable } from "./table.ts";
import type { Column } from "./table.ts";

/** How the history can be printed. */
export const revisionFormats = ["table", "wide", "json", "yaml", "name"] as const;
export type RevisionFormat = (typeof revisionFormats)[number];

type Row = Revision & { readonly cluster: string };

const changesWidth = 48;
const shortCommit = 10;

const base: readonly Column<Row>[] = [
  { title: "UNIT", text: ({ unit }) => unit },
  { title: "NUMBER", text: ({ number }) => String(number), right: true },
  { title: "TIME", text: ({ startedAt }) => startedAt.replace(/\.\d+Z$/, "Z") },
  { title: "ACTOR", text: ({ origin }) => origin.actor },
  { title: "COMMIT", text: commitOf },
  { title: "COMMAND", text: commandOf },
  { title: "CHART", text: ({ chartVersion }) => chartVersion ?? "-" },
  { title: "HELM", text: ({ end }) => String(end?.helmRevision ?? "-"), right: true },
  { title: "OUTCOME", text: outcomeOf },
  { title: "CHANGES", text: ({ changes }) => summarizeChanges(changes), maxWidth: changesWidth },
];
const wide: readonly Column<Row>[] = [
  ...base.slice(0, -1),
  { title: "CHANGES", text: ({ changes }) => summarizeChanges(changes) },
  { title: "CLUSTER", text: ({ cluster }) => cluster },
  { title: "FINISHED", text: ({ end }) => end?.finishedAt ?? "-" },
  { title: "MESSAGE", text: ({ end }) => end?.message ?? "" },
];

/** The history of one or several clusters. */
export function printRevisions(
  lists: readonly RevisionList[],
  { context, format }: { readonly context: CliContext; readonly format: RevisionFormat },
): void {
  const rows = lists.flatMap(({ revisions }) => revisions);
  switch (format) {
    case "json":
    case "yaml":
      printDocument(context, { format, document: rows.map((row) => describeRevision(row)) });
      return;
    case "name":
      for (const { unit, number } of rows) context.stdout(`${unit} ${number}\n`);
      return;
    case "table":
    case "wide":
      context.stdout(
        rows.length === 0 ? "nothing is recorded yet\n" : formatTable(rows, format === "wide" ? wide : base),
      );
  }
}

export function printRevisionEvents(lists: readonly RevisionList[], context: CliContext): void {
  for (const { revisions } of lists) {
    for (const revision of revisions)
      printEvent(context, { type: "revision", ...describeRevision(revision) } as { type: string });
  }
}

/** One revision for people: what is known of it, what it changed, and the unit's file as it was. */
export function printRevision(revision: Revision, context: CliContext): void {
  const paint = createPainter(context.colors.stdout);
  const { unit, number, origin, end, definition } = revision;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["time", revision.startedAt],
    ["actor", origin.actor],
    ["commit", commitOf(revision, Infinity)],
    ["command", commandOf(revision)],
    ["chart", revision.chartVersion],
    ["outcome", outcomeOf(revision)],
    ["finished", end?.finishedAt],
    ["Helm's revision", end?.helmRevision?.toString()],
    ["message", end?.message],
    ["dropped release", end?.droppedRelease === undefined ? undefined : describeDropped(end.droppedRelease)],
    ["manifests", revision.manifestDigest],
  ];
  context.stdout(`${paint("bold", `${unit} revision ${number}`)}\n`);
  for (const [name, value] of facts) {
    if (value !== undefined) context.stdout(`  ${name}: ${escapeControls(value)}\n`);
  }
  context.stdout(`\n${paint("bold", "changes")}\n`);
  for (const change of revision.changes) context.stdout(`  ${escapeControls(describeChange(change))}\n`);
  if (revision.changes.length === 0) context.stdout("  none\n");
  const path = unitFile(unit);
  const text = definition.files[path];
  context.stdout(`\n${paint("bold", path)}\n${text === undefined ? "  not kept\n" : escapeLines(text)}`);
}

/** One revision for programs; definitions only when asked for, they are long. */
export function describeRevision(
  revision: Revision,
  { withFiles = false }: { readonly withFiles?: boolean } = {},
): object {
  const { origin, end, definition } = revision;
  return {
    unit: revision.unit,
    cluster: revision.cluster,
    number: revision.number,
    started_at: revision.startedAt,
    actor: origin.actor,
    git_commit: origin.gitCommit,
    git_dirty: origin.gitDirty,
    command: origin.command,
    rollback_to: revision.rollbackTo,
    chart_version: revision.chartVersion,
    manifest_digest: revision.manifestDigest,
    outcome: end?.outcome ?? "interrupted",
    finished_at: end?.finishedAt,
    helm_revision: end?.helmRevision,
    message: end?.message,
    dropped_release: end?.droppedRelease,
    changes: revision.changes.map(({ action, ref, fields }) => ({
      action,
      api_version: ref.apiVersion,
      kind: ref.kind,
      namespace: ref.namespace,
      name: ref.name,
      fields,
    })),
    ...(withFiles ? { files: definition.files } : {}),
  };
}

function commitOf({ origin }: Revision, length: number = shortCommit): string {
  if (origin.gitCommit === undefined) return "-";
  return `${origin.gitCommit.slice(0, length)}${origin.gitDirty ? "+dirty" : ""}`;
}

function commandOf({ origin, rollbackTo }: Revision): string {
  return rollbackTo === undefined ? origin.command : `${origin.command} to ${rollbackTo}`;
}

function outcomeOf({ end }: Revision): string {
  return end?.outcome ?? "interrupted";
}

function describeDropped({
  name,
  version,
  status,
}: {
  name: string;
  version: string;
  status: string;
}): string {
  return `${name}, version ${version}, ${status}`;
}

function describeChange({ action, ref, fields }: RecordedChange): string {
  const name = ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
  return `${action} ${ref.kind} ${name}${fields.length === 0 ? "" : `: ${fields.join(", ")}`}`;
}

/** Updates by field, which is what people look for; the rest by number. */
function summarizeChanges(changes: readonly RecordedChange[]): string {
  const fields = changes
    .filter(({ action }) => action === "update")
    .map(({ ref, fields: paths }) => `${ref.kind} ${paths.join(", ")}`.trim());
  const others = Map.groupBy(
    changes.filter(({ action }) => action !== "update"),
    ({ action }) => action,
  );
  const counts = [...others].map(([action, list]) => `${action} ${list.length}`);
  return [...counts, ...fields].join("; ") || "-";
}
