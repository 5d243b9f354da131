import { stripVTControlCharacters } from "node:util";
import { OperationError } from "../../errors.ts";
import { readLogs } from "../../operations/cluster/service/read-logs.ts";
import type { LogLine } from "../../operations/cluster/service/read-logs.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { wireClusterDeps } from "./cluster-deps.ts";
import type { ConnectionFlags } from "./cluster-deps.ts";

export interface LogsFlags extends ConnectionFlags {
  readonly follow?: boolean;
  /** `all`, or a number of lines. */
  readonly tail?: string;
  /** `30s`, `10m`, `2h`, `1d`. */
  readonly since?: string;
  readonly container?: string;
  readonly previous?: boolean;
  readonly job?: boolean;
}

const defaultTailLines = 100;

/** woow logs: what a service's pods, or the job that runs its chart, say. */
export async function runLogs(unit: string, flags: LogsFlags, context: CliContext): Promise<number> {
  const options = {
    unit,
    cluster: flags.cluster,
    job: flags.job === true,
    follow: flags.follow === true,
    tailLines: readTail(flags.tail),
    sinceSeconds: readSince(flags.since),
    container: flags.container,
    previous: flags.previous === true,
  };
  if (options.follow && options.previous) {
    throw new OperationError("usage", "--previous is over and cannot be followed", {
      hint: "leave out --follow or --previous",
    });
  }
  const { deps, end } = wireClusterDeps(findRoot(flags, context), { flags, context });
  try {
    for await (const line of readLogs(deps, options)) {
      if (flags.json === true) printEvent(context, { type: "log", ...line } as { type: string });
      else context.stdout(formatLine(line));
    }
    return exitStatus.done;
  } finally {
    end();
  }
}

/** An app's own colours are not worth a terminal that it can steer. */
function formatLine({ pod, container, text, isOneOfSeveral }: LogLine): string {
  const prefix = isOneOfSeveral ? `[${pod}/${container}] ` : "";
  const plain = stripVTControlCharacters(text).replaceAll("\t", "    ");
  return `${prefix}${escapeControls(plain.replace(/\r$/, ""))}\n`;
}

function readTail(text: string | undefined): number | undefined {
  if (text === undefined) return defaultTailLines;
  if (text === "all") return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new OperationError("usage", `--tail ${text} is neither a number of lines nor "all"`, {
    hint: "for example --tail 500",
  });
}

const secondsPer: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

function readSince(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, amount, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount === undefined) {
    throw new OperationError("usage", `--since ${text} is no span of time`, {
      hint: "for example --since 30s, 10m, 2h or 1d",
    });
  }
  return Number(amount) * (secondsPer[unit] ?? 1);
}
