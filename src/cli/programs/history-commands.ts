import type { Command } from "commander";
import type { SuspendFlags } from "../commands/hold.ts";
import type { ExportFlags, RevisionsFlags } from "../commands/revisions.ts";
import type { RollbackFlags } from "../commands/rollback.ts";
import type { ConnectionFlags } from "../commands/cluster-deps.ts";
import type { WritingFlags } from "../commands/apply.ts";
import { addCommand } from "./add-command.ts";
import type { ProgramParts } from "./add-command.ts";
import { addConnection, addWaiting, addWriting, overQuotaFlag } from "./cluster-commands.ts";

/** revisions, rollback, suspend and resume. */
export function addHistoryCommands(program: Command, parts: ProgramParts): void {
  addRevisionsCommand(program, parts);
  const { context, setStatus } = parts;

  const rollback = addCommand(program, "rollback <unit> <number>", {
    summary: "Bring a unit back to one of its revisions, in the cluster and in its file.",
    example: "woow rollback acme/n8n-01 3",
  });
  addWaiting(addWriting(addConnection(rollback.option(...overQuotaFlag)))).action(
    async (...given: readonly unknown[]) => {
      const [unit, number, , command] = given as [string, string, unknown, Command];
      const { runRollback } = await import("../commands/rollback.ts");
      setStatus(await runRollback({ unit, number }, command.optsWithGlobals<RollbackFlags>(), context));
    },
  );

  const suspend = addCommand(program, "suspend <unit>", {
    summary: "Put a unit on hold: apply and reconcile leave it alone until it is resumed.",
    example: 'woow suspend acme/n8n-01 --reason "migrating its data by hand"',
  });
  addWriting(addConnection(suspend))
    .requiredOption("--reason <text>", "why; the next person reads it in woow status")
    .action(async (unit: string, _, command: Command) => {
      const { runSuspend } = await import("../commands/hold.ts");
      setStatus(await runSuspend(unit, command.optsWithGlobals<SuspendFlags>(), context));
    });

  const resume = addCommand(program, "resume <unit>", {
    summary: "Lift the hold of a unit, whether it was suspended or rolled back.",
    example: "woow resume acme/n8n-01",
  });
  addWriting(addConnection(resume)).action(async (unit: string, _, command: Command) => {
    const { runResume } = await import("../commands/hold.ts");
    setStatus(await runResume(unit, command.optsWithGlobals<WritingFlags>(), context));
  });
}

function addRevisionsCommand(program: Command, { context, setStatus }: ProgramParts): void {
  const format = ["-o, --output <format>", "table, wide, json, yaml or name"] as const;
  const revisions = addCommand(program, "revisions", {
    summary: "List the revisions of a unit, or the newest one of every unit.",
    example: "woow revisions\nwoow revisions acme/n8n-01 -o wide",
  });
  addConnection(revisions)
    .argument("[unit]", "WORKSPACE/REFERENCE_ID, a workspace, or platform")
    .option(...format)
    .action(async (unit: string | undefined, _, command: Command) => {
      const { runRevisions } = await import("../commands/revisions.ts");
      setStatus(await runRevisions(unit, command.optsWithGlobals<RevisionsFlags>(), context));
    });

  addCommand(revisions, "show <unit> <number>", {
    summary: "Print one revision: who, when, what changed, and its definition with secrets still encrypted.",
    example: "woow revisions show acme/n8n-01 3",
  })
    .option(...format)
    .action(async (...given: readonly unknown[]) => {
      const [unit, number, , command] = given as [string, string, unknown, Command];
      const { runRevisionsShow } = await import("../commands/revisions.ts");
      setStatus(await runRevisionsShow({ unit, number }, command.optsWithGlobals<RevisionsFlags>(), context));
    });

  addCommand(revisions, "diff <unit> <from> <to>", {
    summary: "Print how the definition differs between two revisions of a unit.",
    example: "woow revisions diff acme/n8n-01 2 3",
  }).action(async (...given: readonly unknown[]) => {
    const [unit, from, to, , command] = given as [string, string, string, unknown, Command];
    const { runRevisionsDiff } = await import("../commands/revisions.ts");
    const flags = command.optsWithGlobals<ConnectionFlags>();
    setStatus(await runRevisionsDiff({ unit, from, to }, flags, context));
  });

  addCommand(revisions, "export [file]", {
    summary: "Write the history as JSON, one revision a line, secrets still encrypted.",
    example: "woow revisions export history.jsonl\nwoow revisions export - --unit acme/n8n-01",
  })
    .option("--unit <unit>", "only the history of this unit")
    .action(async (file: string | undefined, _, command: Command) => {
      const { runRevisionsExport } = await import("../commands/revisions.ts");
      setStatus(await runRevisionsExport(file ?? "-", command.optsWithGlobals<ExportFlags>(), context));
    });
}
