import { readSecretHistory } from "../../edges/secret-history.ts";
import { findExposedSecrets } from "../../operations/secrets/find-exposed-secrets.ts";
import type { ExposedSecret, ExposedSecrets } from "../../operations/secrets/find-exposed-secrets.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { findRoot } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printEvent } from "../print/print-json.ts";
import { plural } from "../print/print-problems.ts";
import { formatTable } from "../print/table.ts";
import { createSecretDeps, printNote, printRefusal } from "./secrets-deps.ts";
import type { SecretOutput } from "./secrets-deps.ts";

export interface SecretsExposedFlags extends GlobalFlags {
  readonly workspace?: readonly string[];
}

/** woow secrets exposed: what a key may have read and is in use still. Fails while there is anything. */
export async function runSecretsExposed(
  recipient: string,
  flags: SecretsExposedFlags,
  context: CliContext,
): Promise<number> {
  const output = { context, json: flags.json === true };
  const root = findRoot(flags, context);
  const deps = { ...createSecretDeps(flags, context), history: () => readSecretHistory(root) };
  const result = await findExposedSecrets(deps, { recipient, workspaces: flags.workspace ?? [] });
  if (!result.ok) return printRefusal(result.problems, output);
  const { exposed } = result;
  if (output.json) {
    for (const secret of exposed) {
      printEvent(context, { type: "exposed", ...secret, command: commandFor(secret) } as { type: string });
    }
  } else if (exposed.length > 0) {
    context.stdout(
      formatTable(exposed, [
        { title: "SERVICE", text: ({ unit }) => unit },
        { title: "SECRET", text: ({ key }) => key },
        { title: "CHANGE IT WITH", text: adviceFor },
      ]),
    );
  }
  printDoubts(result, output);
  const isDone = exposed.length === 0 && result.closed.length === 0 && result.history === "whole";
  if (!output.json && exposed.length > 0) {
    context.stderr(`${plural(exposed.length, "secret")} in use may be known to whoever has this key\n`);
  } else if (!output.json && isDone) {
    context.stdout("no value of today stands in any version that this key opens\n");
    context.stdout("new values count once they are applied, and set inside apps that take them only once\n");
  }
  return isDone ? exitStatus.done : exitStatus.failed;
}

function commandFor({ unit, key, isGenerated, isInApp }: ExposedSecret): string {
  const command = `woow secrets ${isGenerated ? "regenerate" : "set"} ${unit} ${key}`;
  return isInApp ? `${command} --force` : command;
}

function adviceFor(secret: ExposedSecret): string {
  return secret.isInApp ? `${commandFor(secret)}, and inside the app` : commandFor(secret);
}

function printDoubts({ stillOpen, closed, history }: ExposedSecrets, output: SecretOutput): void {
  for (const path of stillOpen) {
    const message = `${path} is sealed for this key as it stands`;
    const hint = "first woow secrets recipients remove, or whoever has it reads the new values too";
    printNote({ code: "still-open", message, hint }, output);
  }
  for (const path of closed) {
    const message = `versions of ${path} that this key opens are sealed for none of yours: what they held cannot be compared`;
    printNote({ code: "closed-version", message, hint: "run it with a key that opens them too" }, output);
  }
  if (history === "whole") return;
  const message =
    history === "none"
      ? "there is no git repository here, so only the files as they stand were looked at"
      : "this is a shallow clone, so what older commits held was not looked at";
  const hint = history === "none" ? "run it in a clone" : "git fetch --unshallow";
  printNote({ code: "no-history", message, hint }, output);
}
