import { writePrivateFile } from "../../edges/private-file.ts";
import { OperationError } from "../../errors.ts";
import { getRevision, listRevisions } from "../../operations/cluster/list-revisions.ts";
import type { RevisionList } from "../../operations/cluster/list-revisions.ts";
import { unitFile } from "../../operations/cluster/unit-file.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeJson } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import {
  describeRevision,
  printRevision,
  printRevisionEvents,
  printRevisions,
  revisionFormats,
} from "../print/print-revisions.ts";
import type { RevisionFormat } from "../print/print-revisions.ts";
import { printDocument } from "../print/print-rows.ts";
import { formatDiff } from "../print/unified-diff.ts";
import { wireClusterDeps } from "./cluster-deps.ts";
import type { ConnectionFlags } from "./cluster-deps.ts";
import { listClusters } from "./cluster-selection.ts";

export interface RevisionsFlags extends ConnectionFlags {
  readonly output?: string;
}

export interface ExportFlags extends ConnectionFlags {
  readonly unit?: string;
}

/** woow revisions: a unit's history, or the newest revision of every unit. */
export async function runRevisions(
  unit: string | undefined,
  flags: RevisionsFlags,
  context: CliContext,
): Promise<number> {
  const format = readFormat(flags.output ?? "table");
  const newest = unit === undefined ? 1 : undefined;
  const lists = await readLists(flags, { context, unit, newest });
  if (flags.json === true) printRevisionEvents(lists, context);
  else printRevisions(lists, { context, format });
  return exitStatus.done;
}

/** woow revisions show: one revision with its definition, secrets still encrypted. */
export async function runRevisionsShow(
  target: { readonly unit: string; readonly number: string },
  flags: RevisionsFlags,
  context: CliContext,
): Promise<number> {
  const format = readFormat(flags.output ?? "table");
  const revision = await readOne(target, flags, context);
  const document = describeRevision(revision, { withFiles: true });
  if (flags.json === true) printEvent(context, { type: "revision", ...document } as { type: string });
  else if (format === "json" || format === "yaml") printDocument(context, { format, document });
  else if (format === "name") context.stdout(`${revision.unit} ${revision.number}\n`);
  else printRevision(revision, context);
  return exitStatus.done;
}

/** woow revisions diff: what two revisions' files of a unit say. */
export async function runRevisionsDiff(
  { unit, from, to }: { readonly unit: string; readonly from: string; readonly to: string },
  flags: ConnectionFlags,
  context: CliContext,
): Promise<number> {
  const path = unitFile(unit);
  const [before, after] = [
    await readOne({ unit, number: from }, flags, context),
    await readOne({ unit, number: to }, flags, context),
  ].map(({ definition }) => definition.files[path] ?? "");
  if (before !== after) {
    const texts = { before: before ?? "", after: after ?? "" };
    context.stdout(formatDiff(texts, { path, colors: context.colors.stdout, escapes: context.stdoutIsTty }));
  }
  return exitStatus.done;
}

/** woow revisions export: the whole history as JSON, one revision a line. */
export async function runRevisionsExport(
  file: string,
  flags: ExportFlags,
  context: CliContext,
): Promise<number> {
  const lists = await readLists(flags, { context, unit: flags.unit, newest: undefined });
  const lines = lists
    .flatMap(({ revisions }) => revisions)
    .map(
      (revision) =>
        `${escapeJson(JSON.stringify({ version: 1, ...describeRevision(revision, { withFiles: true }) }))}\n`,
    );
  if (file === "-") for (const line of lines) context.stdout(line);
  else {
    writePrivateFile(file, lines.join(""));
    context.stderr(`${lines.length} revisions in ${file}, secrets still encrypted\n`);
  }
  return exitStatus.done;
}

async function readLists(
  flags: ConnectionFlags,
  {
    context,
    unit,
    newest,
  }: {
    readonly context: CliContext;
    readonly unit: string | undefined;
    readonly newest: number | undefined;
  },
): Promise<readonly RevisionList[]> {
  const { deps, end } = wireClusterDeps(findRoot(flags, context), { flags, context });
  try {
    const lists: RevisionList[] = [];
    for (const cluster of listClusters(deps, flags)) {
      lists.push(await listRevisions(deps, { unit, cluster, newest }));
    }
    return lists;
  } finally {
    end();
  }
}

async function readOne(
  { unit, number }: { readonly unit: string; readonly number: string },
  flags: ConnectionFlags,
  context: CliContext,
) {
  const { deps, end } = wireClusterDeps(findRoot(flags, context), { flags, context });
  try {
    return await getRevision(deps, { unit, number: readNumber(number), cluster: flags.cluster });
  } finally {
    end();
  }
}

/** Errors: `usage`. */
export function readNumber(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new OperationError("usage", `${text} is not the number of a revision`, {
    subject: text,
    hint: "woow revisions UNIT lists them; the number is woow's, not Helm's",
  });
}

function readFormat(output: string): RevisionFormat {
  const format = revisionFormats.find((known) => known === output);
  if (format !== undefined) return format;
  throw new OperationError("usage", `there is no output format ${output}`, {
    subject: output,
    hint: `known: ${revisionFormats.join(", ")}`,
  });
}
