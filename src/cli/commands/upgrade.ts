import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openDefinitionWriter } from "../../edges/definition-writer.ts";
import { OperationError } from "../../errors.ts";
import { upgradeServices } from "../../operations/catalog/upgrade-services.ts";
import type { PinChange } from "../../operations/catalog/upgrade-services.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { plural, printProblems } from "../print/print-problems.ts";
import { createPainter } from "../print/style.ts";

export interface UpgradeFlags extends GlobalFlags {
  readonly template?: readonly string[];
  readonly workspace?: readonly string[];
  readonly to?: string;
  readonly limit?: number;
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

/** woow upgrade: edits `chart_version` in the services' files. The next synth and apply bring it to the cluster. */
export function runUpgrade(service: string | undefined, flags: UpgradeFlags, context: CliContext): number {
  const json = flags.json === true;
  const isNamed = service !== undefined || flags.template !== undefined || flags.workspace !== undefined;
  checkFlags(flags, isNamed);
  const root = findRoot(flags, context);
  const write = flags.dryRun !== true && (isNamed || flags.all === true);
  const result = upgradeServices(
    { tree: openDefinitionTree(root), writer: openDefinitionWriter(root) },
    {
      selection: {
        workspaces: flags.workspace ?? [],
        services: service === undefined ? [] : [service],
        templates: flags.template ?? [],
      },
      to: flags.to,
      limit: flags.limit,
      write,
    },
  );
  if (!result.ok) {
    printProblems(result.problems, { context, json });
    if (!json) context.stderr("nothing was written: with these versions the platform would not be valid\n");
    return exitStatus.failed;
  }
  const { changes, remaining, ahead } = result;
  const mustConfirm = !write && flags.dryRun !== true && changes.length > 0;
  if (json) {
    for (const change of changes) printEvent(context, { type: "pin", ...change });
    const summary = { type: "summary", written: write, changed: changes.length, remaining, ahead };
    printEvent(context, summary as { type: string });
  } else printText({ changes, remaining, ahead, write }, context);
  if (!mustConfirm) return exitStatus.done;
  throw new OperationError("usage", "nothing was written: this concerns every service", {
    hint: "name a SERVICE, --workspace or --template, or add --all",
  });
}

function checkFlags(flags: UpgradeFlags, isNamed: boolean): void {
  if (flags.to === undefined || isNamed) return;
  throw new OperationError("usage", "--to needs a SERVICE, a --template or a --workspace", {
    hint: "one version fits the services of one template: woow upgrade --template ID --to VERSION",
  });
}

interface Upgraded {
  readonly changes: readonly PinChange[];
  readonly remaining: number;
  readonly ahead: readonly string[];
  readonly write: boolean;
}

function printText({ changes, remaining, ahead, write }: Upgraded, context: CliContext): void {
  const paint = createPainter(context.colors.stdout);
  for (const { file, from, to, direction } of changes) {
    const note = direction === "downgrade" ? ` (${paint("yellow", "downgrade")})` : "";
    context.stdout(`${escapeControls(`${file}: ${from}`)} -> ${paint("green", escapeControls(to))}${note}\n`);
  }
  if (changes.some(({ direction }) => direction === "downgrade")) {
    context.stderr("warning: an app may not read the data that its newer version wrote\n");
  }
  const files = plural(changes.length, "file");
  context.stdout(
    changes.length === 0 ? "nothing to upgrade\n" : write ? `${files} changed\n` : `${files} would change\n`,
  );
  if (remaining > 0) {
    const verb = remaining === 1 ? "remains" : "remain";
    context.stdout(`${plural(remaining, "service")} ${verb}: run again for the next\n`);
  }
  if (ahead.length > 0) {
    context.stdout(
      `left alone, ahead of the catalog: ${escapeControls(ahead.join(", "))} (--to VERSION takes a pin back)\n`,
    );
  }
}
