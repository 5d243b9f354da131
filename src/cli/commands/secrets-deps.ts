import type { Problem } from "../../definitions/problem.ts";
import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openDefinitionWriter } from "../../edges/definition-writer.ts";
import { sealTools } from "../../edges/seal-tools.ts";
import { OperationError } from "../../errors.ts";
import type { SecretDeps, SecretNote } from "../../operations/secrets/secret-file.ts";
import type { AgeIdentity } from "../../secrets/age-identity.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { printProblems } from "../print/print-problems.ts";
import { createSampleKeyWatch } from "../print/sample-key-warning.ts";
import { createPainter } from "../print/style.ts";

/** The world for commands on secrets: files on disk, keys from the environment, real randomness and time. */
export function createSecretDeps(flags: GlobalFlags, context: CliContext): SecretDeps {
  const root = findRoot(flags, context);
  const tree = openDefinitionTree(root);
  if (!tree.entries.some(({ path }) => path === "platform.yaml")) {
    throw new OperationError("not-found", `there is no platform.yaml in ${root}`, {
      subject: root,
      hint: "run woow in the platform's repository (or with -C DIR), or make one with woow init",
    });
  }
  const watch = createSampleKeyWatch(context);
  let identities: readonly AgeIdentity[] | undefined;
  return {
    tree,
    writer: watch.watchWriter(openDefinitionWriter(root)),
    identities: () => (identities ??= watch.loadIdentities(root)),
    tools: sealTools,
  };
}

/** Where and how a command on secrets prints. */
export interface SecretOutput {
  readonly context: CliContext;
  readonly json: boolean;
}

/** Problems, and that they stopped everything. */
export function printRefusal(problems: readonly Problem[], { context, json }: SecretOutput): number {
  printProblems(problems, { context, json });
  if (!json) context.stderr("nothing was written\n");
  return exitStatus.failed;
}

/** A note on standard error, or as an event. */
export function printNote(note: SecretNote, { context, json }: SecretOutput): void {
  if (json) {
    printEvent(context, { type: "note", ...note });
    return;
  }
  const paint = createPainter(context.colors.stderr);
  context.stderr(`${paint(["yellow", "bold"], "warning")}: ${escapeControls(note.message)}\n`);
  if (note.hint !== undefined) context.stderr(`  ${paint("cyan", "hint")}: ${escapeControls(note.hint)}\n`);
}

/** One file and what became of it. */
export function printFile(
  file: { readonly path: string; readonly outcome: "configured" | "unchanged" },
  { context, json }: SecretOutput,
): void {
  if (json) {
    printEvent(context, { type: "file", ...file });
    return;
  }
  const paint = createPainter(context.colors.stdout);
  const { path, outcome } = file;
  context.stdout(
    `${outcome === "configured" ? paint("yellow", outcome) : outcome} ${escapeControls(path)}\n`,
  );
}
