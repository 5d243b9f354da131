import { Option } from "commander";
import type { Command } from "commander";
import type { DoctorFlags } from "../commands/doctor.ts";
import type { UnlockFlags } from "../commands/unlock.ts";
import { addCommand } from "./add-command.ts";
import type { ProgramParts } from "./add-command.ts";
import { addConnection } from "./cluster-commands.ts";

/** doctor and unlock: what is wrong with a cluster, and with its lock. */
export function addCareCommands(program: Command, { context, setStatus }: ProgramParts): void {
  const doctor = addCommand(program, "doctor", {
    summary: "Check this machine and the cluster: what is missing before the first apply. Only reads.",
    example: "woow doctor\nwoow doctor --context k3s-prod -o json",
  });
  addConnection(doctor)
    .addOption(
      new Option("-o, --output <format>", "how to print it")
        .choices(["table", "json", "yaml", "name"])
        .default("table"),
    )
    .action(async (_, command: Command) => {
      const { runDoctor } = await import("../commands/doctor.ts");
      setStatus(await runDoctor(command.optsWithGlobals<DoctorFlags>(), context));
    });

  const unlock = addCommand(program, "unlock", {
    summary: "Show who holds the lock of a cluster, and free it when that one is dead.",
    example: "woow unlock\nwoow unlock --yes --force",
  });
  addConnection(unlock)
    .option("-y, --yes", "do not ask")
    .option("--force", "also when the holder lives: it stops in the middle of its work")
    .action(async (_, command: Command) => {
      const { runUnlock } = await import("../commands/unlock.ts");
      setStatus(await runUnlock(command.optsWithGlobals<UnlockFlags>(), context));
    });
}
