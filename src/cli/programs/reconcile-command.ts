import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import type { ReconcileFlags } from "../commands/reconcile.ts";
import { addCommand } from "./add-command.ts";
import type { ProgramParts } from "./add-command.ts";

const minuteMs = 60_000;

/** reconcile: the one command that does not end by itself. */
export function addReconcileCommand(program: Command, { context, setStatus }: ProgramParts): void {
  addCommand(program, "reconcile", {
    summary: "Keep a cluster at what a folder or a branch says; repair or report what others change.",
    example:
      "woow reconcile\nwoow reconcile --git ssh://git@git.example.com/platform.git --branch main --interval 1m\nwoow reconcile --once",
  })
    .option("--git <url>", "follow a branch of this repository instead of watching a folder")
    .option("--branch <name>", "the branch that is followed (default: main)")
    .option("--git-dir <dir>", "keep the clone here, for this process alone (default: a temporary folder)")
    .option("--git-key <file>", "private key of a deploy key, for ssh")
    .option("--git-known-hosts <file>", "the server's public keys, for ssh")
    .option("--git-token-file <file>", "a token, for https")
    .option("--accept-rewritten <commit>", "follow a branch that was rewritten, from this commit on")
    .option("--interval <time>", "look for new definitions so often (default: 1m)", parseTime)
    .option(
      "--resync <time>",
      "plan everything anew so often, although nothing told of a change (default: 10m)",
      parseTime,
    )
    .option("--once", "one pass, then the end")
    .option("--listen <address>", "serve /metrics, /healthz and /readyz, for example on 127.0.0.1:9464")
    .option("--cluster <name>", "the cluster of platform.yaml, where there are several")
    .option(
      "--kubeconfig <file>",
      "kubeconfig to use (default: KUBECONFIG, then ~/.kube/config, then in-cluster)",
    )
    .option("--context <name>", "kubeconfig context (default: the cluster's in platform.yaml)")
    .option("--lock-timeout <seconds>", "wait this long for another run to end (default 60)", parseSeconds)
    .action(async (_, command: Command) => {
      const { runReconcile } = await import("../commands/reconcile.ts");
      setStatus(await runReconcile(command.optsWithGlobals<ReconcileFlags>(), context));
    });
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: minuteMs, h: 60 * minuteMs };

/** `30s`, `1m`, `2h` in milliseconds. */
function parseTime(text: string): number {
  const match = /^([0-9]+)(ms|s|m|h)$/.exec(text);
  const ms = Number(match?.[1]) * (unitMs[match?.[2] ?? ""] ?? Number.NaN);
  if (!(ms > 0) || ms > 24 * 60 * minuteMs) throw new InvalidArgumentError("write it as 30s, 1m or 2h");
  return ms;
}

function parseSeconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("a whole number is needed");
  return value;
}
