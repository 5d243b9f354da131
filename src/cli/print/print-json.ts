import type { CliContext } from "../context.ts";
import { escapeJson } from "./escape-controls.ts";
import { toSnakeCase } from "./snake-case.ts";

/** Version of the events that `--json` writes; raised when a field changes its meaning or goes. */
const eventVersion = 1;

/** Writes one event as one line, its keys in snake_case as in YAML and the API. */
export function printEvent(context: CliContext, event: { readonly type: string }): void {
  const json = JSON.stringify(toSnakeCase({ version: eventVersion, ...event }));
  context.stdout(`${escapeJson(json)}\n`);
}
