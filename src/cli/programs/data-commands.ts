import { Option } from "commander";
import type { Command } from "commander";
import type { DestroyFlags } from "../commands/destroy.ts";
import type { VolumesDeleteFlags } from "../commands/volumes-delete.ts";
import type { VolumesListFlags } from "../commands/volumes-list.ts";
import { addCommand } from "./add-command.ts";
import type { ProgramParts } from "./add-command.ts";
import { addConnection, addWriting } from "./cluster-commands.ts";

/** Commands that take services away, and what is left of them. */
export function addDataCommands(program: Command, { context, setStatus }: ProgramParts): void {
  const destroy = addCommand(program, "destroy <unit>", {
    summary:
      "Take a service or a workspace out of git and out of the cluster; its data stays unless you say so.",
    example: "woow destroy 123/n8n-01\nwoow destroy 123/n8n-01 --delete-data --confirm 123/n8n-01",
  });
  addWriting(addConnection(destroy))
    .option("--keep-data", "volumes stay, and come back with a service of the same name (default)")
    .option("--delete-data", "volumes are deleted for good; needs the unit's name typed")
    .option("--confirm <unit>", "the unit's name, instead of being asked")
    .action(async (unit: string, _, command: Command) => {
      const { runDestroy } = await import("../commands/destroy.ts");
      setStatus(await runDestroy(unit, command.optsWithGlobals<DestroyFlags>(), context));
    });

  const volumes = program.command("volumes").description("Data that outlived its service.");
  const list = addCommand(volumes, "list", {
    summary: "List volumes that are kept: of which service, how large, since when, and who uses them.",
    example: "woow volumes list\nwoow volumes list -o wide",
  });
  addConnection(list)
    .addOption(new Option("-o, --output <format>", "table, wide, json, yaml or name").default("table"))
    .action(async (_, command: Command) => {
      const { runVolumesList } = await import("../commands/volumes-list.ts");
      setStatus(await runVolumesList(command.optsWithGlobals<VolumesListFlags>(), context));
    });
  const remove = addCommand(volumes, "delete <name...>", {
    summary: "Delete kept volumes and their data for good.",
    example: "woow volumes delete pvc-0c5fa1e2-9a53-4f6c-8d0e-2b7c7c0c7a11 --confirm",
  });
  addWriting(addConnection(remove))
    .option("--confirm", "the names given are meant; do not ask")
    .action(async (names: readonly string[], _, command: Command) => {
      const { runVolumesDelete } = await import("../commands/volumes-delete.ts");
      setStatus(await runVolumesDelete(names, command.optsWithGlobals<VolumesDeleteFlags>(), context));
    });
}
