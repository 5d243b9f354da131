import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openDefinitionWriter } from "../../edges/definition-writer.ts";
import { createWorkspace } from "../../operations/create/create-workspace.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { printProblems } from "../print/print-problems.ts";
import { createPainter } from "../print/style.ts";

export interface CreateWorkspaceFlags extends GlobalFlags {
  readonly name?: string;
  readonly cluster?: string;
  readonly member?: readonly string[];
  readonly recipient?: readonly string[];
}

/** woow create workspace: its file, and its rule in .sops.yaml. */
export function runCreateWorkspace(id: string, flags: CreateWorkspaceFlags, context: CliContext): number {
  const json = flags.json === true;
  const root = findRoot(flags, context);
  const result = createWorkspace(
    { tree: openDefinitionTree(root), writer: openDefinitionWriter(root) },
    {
      id,
      name: flags.name,
      cluster: flags.cluster,
      members: flags.member ?? [],
      recipients: flags.recipient ?? [],
    },
  );
  if (!result.ok) {
    printProblems(result.problems, { context, json });
    if (!json) context.stderr("nothing was written\n");
    return exitStatus.failed;
  }
  const { path, recipients, warnings } = result;
  printProblems(warnings, { context, json });
  if (json) {
    printEvent(context, { type: "workspace", id, path, recipients } as { type: string });
    return exitStatus.done;
  }
  const paint = createPainter(context.colors.stdout);
  context.stdout(`${paint("green", "created")} ${escapeControls(path)}\n`);
  if (recipients !== undefined) {
    context.stdout(`${paint("yellow", "changed")} .sops.yaml: its secrets can be read with\n`);
    for (const recipient of recipients) context.stdout(`  ${escapeControls(recipient)}\n`);
  }
  context.stdout(`next: woow create service TEMPLATE -w ${id}\n`);
  return exitStatus.done;
}
