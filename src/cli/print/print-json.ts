import type { CliContext } from "../context.ts";

/** Version of the events that `--json` writes; raised when a field changes its meaning or goes. */
const eventVersion = 1;

/** Writes one event as one line. */
export function printEvent(context: CliContext, event: { readonly type: string }): void {
  context.stdout(`${JSON.stringify({ version: eventVersion, ...event })}\n`);
}
