import type { Command } from "commander";
import type { GlobalFlags } from "../context.ts";
import type { EstimateFlags } from "../commands/estimate.ts";
import type { SynthFlags } from "../commands/synth.ts";
import { addCommand, collect } from "./add-command.ts";
import type { ProgramParts } from "./add-command.ts";

/** validate, synth and estimate. */
export function addDefinitionCommands(program: Command, { context, setStatus }: ProgramParts): void {
  addCommand(program, "validate", {
    summary: "Check every definition and print every problem with its place. Needs no key and no cluster.",
    example: "woow validate",
  }).action(async (_, command: Command) => {
    const { runValidate } = await import("../commands/validate.ts");
    setStatus(await runValidate(command.optsWithGlobals<GlobalFlags>(), context));
  });

  addCommand(program, "synth", {
    summary: "Turn the definitions into manifests: dist/, standard output, or K3s' auto-deploy directory.",
    example:
      "woow synth\nwoow synth --stdout -s acme/podinfo-01\nwoow synth --without-secrets --output /tmp/check",
  })
    .option("-o, --output <dir>", "write here instead of dist/")
    .option("--stdout", "print the manifests instead of writing files")
    .option("-w, --workspace <id>", "only this workspace and its services (repeatable)", collect)
    .option("-s, --service <workspace/reference>", "only this service (repeatable)", collect)
    .option("--cluster <name>", "only this cluster (repeatable)", collect)
    .option("--without-secrets", "write placeholders for secrets; needs no key")
    .option("--no-cache", "render every unit, whatever an earlier run left in .woow/cache")
    .option("--manifests-dir <dir>", "publish into K3s' auto-deploy directory of one cluster")
    .option(
      "--remove-unit <unit>",
      "with --manifests-dir: remove this unit, its objects and volumes (repeatable)",
      collect,
    )
    .action(async (_, command: Command) => {
      const { runSynth } = await import("../commands/synth.ts");
      const flags = command.optsWithGlobals<Omit<SynthFlags, "secrets"> & { withoutSecrets?: boolean }>();
      setStatus(await runSynth({ ...flags, secrets: flags.withoutSecrets !== true }, context));
    });

  addCommand(program, "estimate", {
    summary: "Print what services and workspaces cost a month, by the prices in the catalog.",
    example: "woow estimate\nwoow estimate -w acme -o wide",
  })
    .option("-w, --workspace <id>", "only this workspace and its services (repeatable)", collect)
    .option("-o, --output <format>", "table, wide, json, yaml or name", "table")
    .action(async (_, command: Command) => {
      const { runEstimate } = await import("../commands/estimate.ts");
      setStatus(runEstimate(command.optsWithGlobals<EstimateFlags>(), context));
    });
}
