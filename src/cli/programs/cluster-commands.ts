import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import type { ApplyFlags } from "../commands/apply.ts";
import type { PlanFlags } from "../commands/plan.ts";
import type { ShowFlags } from "../commands/show.ts";
import { addCommand, collect } from "./add-command.ts";
import type { ProgramParts } from "./add-command.ts";
import { addReconcileCommand } from "./reconcile-command.ts";

/** Every command that talks to a cluster. */
export function addClusterCommands(program: Command, { context, setStatus }: ProgramParts): void {
  const plan = addCommand(program, "plan", {
    summary: "Show what apply would change in a cluster, why, and what it costs. Never writes.",
    example:
      "woow plan\nwoow plan --out plan.json --detailed-exitcode\nwoow plan -w 123 --objects\nwoow plan --render",
  });
  addConnection(addSelection(addDecisions(plan)))
    .option("--out <file>", "save the plan, for woow apply FILE and woow show FILE")
    .option("--markdown", "for a pull request: Markdown instead of text")
    .option("--objects", "show every object and field, not only services")
    .option("--render", "also show which objects the charts would add, remove and change; needs helm")
    .option("--helm <path>", "the helm program for --render (default: $WOOW_HELM, else helm)")
    .option("--without-secrets", "placeholders stand for secrets; needs no key, and cannot be saved")
    .option("--detailed-exitcode", "exit status 2 when something would change")
    .action(async (_, command: Command) => {
      const { runPlan } = await import("../commands/plan.ts");
      setStatus(await runPlan(command.optsWithGlobals<PlanFlags>(), context));
    });

  addCommand(program, "show <file>", {
    summary: "Show a saved plan as it was when it was made. Needs neither cluster nor repository.",
    example: "woow show plan.json\nwoow show plan.json --objects\nwoow show plan.json --markdown",
  })
    .option("--objects", "show every object and field, not only services")
    .option("--markdown", "for a pull request: Markdown instead of text")
    .action(async (file: string, _, command: Command) => {
      const { runShow } = await import("../commands/show.ts");
      setStatus(runShow(file, command.optsWithGlobals<ShowFlags>(), context));
    });

  const apply = addCommand(program, "apply [file]", {
    summary: "Bring a cluster to what the definitions say, wait until it runs, and record it.",
    example: "woow apply\nwoow apply -s 123/n8n-01 --yes\nwoow apply plan.json",
  });
  addWaiting(addWriting(addConnection(addSelection(addDecisions(apply))))).action(
    async (file: string | undefined, _, command: Command) => {
      const { runApply } = await import("../commands/apply.ts");
      setStatus(await runApply(file, command.optsWithGlobals<ApplyFlags>(), context));
    },
  );
  addReconcileCommand(program, { context, setStatus });
}

/** Which units: the same flags on every command. */
export function addSelection(command: Command): Command {
  return command
    .option("-w, --workspace <id>", "only this workspace and its services (repeatable)", collect)
    .option("-s, --service <workspace/reference>", "only this service (repeatable)", collect)
    .option("--template <id>", "only services made from this catalog entry (repeatable)", collect);
}

/** Which cluster and how it is reached. */
export function addConnection(command: Command): Command {
  return command
    .option("--cluster <name>", "the cluster of platform.yaml, where there are several")
    .option("--all-clusters", "every cluster of platform.yaml, one after the other")
    .option(
      "--kubeconfig <file>",
      "kubeconfig to use (default: KUBECONFIG, then ~/.kube/config, then in-cluster)",
    )
    .option("--context <name>", "kubeconfig context (default: the cluster's in platform.yaml)");
}

/** What a person decides where plan would refuse. */
function addDecisions(command: Command): Command {
  return command
    .option(
      "--take <path>",
      "put back what another manager set: FIELD, KIND/[NAMESPACE/]NAME:FIELD or all (repeatable)",
      collect,
    )
    .option("--keep <path>", "leave a field to the manager that set it, this time (repeatable)", collect)
    .option("--adopt", "take over objects that exist already and are nobody's")
    .option("--replace", "allow what deletes and creates again: a rename, a move, a field that cannot change")
    .option("--prune-budget <n>", "allow the removal of this many services", parseCount)
    .option(
      "--remove-workspace <id>",
      "allow the removal of this workspace's namespace (repeatable)",
      collect,
    )
    .option(...overQuotaFlag);
}

/** For whoever knows better than the sum of what services ask for. */
export const overQuotaFlag = [
  "--allow-over-quota",
  "go on although services do not fit into their workspace's quota",
] as const;

/** How a command that writes asks and waits its turn. */
export function addWriting(command: Command): Command {
  return command
    .option("-y, --yes", "do not ask")
    .option("--auto-approve", "the same as --yes")
    .option("--lock-timeout <seconds>", "wait this long for another run to end (default 60)", parseCount);
}

/** How long a command waits until everything runs. */
export function addWaiting(command: Command): Command {
  return command
    .option("--wait <bool>", "false: do not wait until everything runs", parseBoolean)
    .option("--timeout <seconds>", "give up waiting after this long (default 600)", parseCount);
}

function parseBoolean(text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new InvalidArgumentError("say true or false");
}

function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("a whole number is needed");
  return value;
}
