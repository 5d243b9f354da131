import type { Command } from "commander";
import type { SecretsExposedFlags } from "../commands/secrets-exposed.ts";
import type { SecretsRebindFlags } from "../commands/secrets-rebind.ts";
import type { SecretsRecipientsFlags } from "../commands/secrets-recipients.ts";
import type { SecretsRegenerateFlags } from "../commands/secrets-regenerate.ts";
import type { SecretsRotateKeyFlags } from "../commands/secrets-rotate-key.ts";
import type { SecretsSetFlags } from "../commands/secrets-set.ts";
import type { SecretsShowFlags } from "../commands/secrets-show.ts";
import { addCommand, collect } from "./add-command.ts";
import type { ProgramParts } from "./add-command.ts";

/** secrets set, show, regenerate, rotate-key, rebind, exposed and recipients. UNIT is WORKSPACE/REFERENCE_ID. */
export function addSecretsCommands(program: Command, parts: ProgramParts): void {
  const secrets = addCommand(program, "secrets", {
    summary: "Passwords of services: encrypted in their files, readable and editable by sops too.",
    example: "woow secrets set acme/n8n-01 main.secret.n8n.encryption_key",
  });
  addValueCommands(secrets, parts);
  addKeyCommands(secrets, parts);
  addExposedCommand(secrets, parts);
  addRecipientCommands(secrets, parts);
}

function addValueCommands(secrets: Command, { context, setStatus }: ProgramParts): void {
  addCommand(secrets, "set <unit> <key>", {
    summary:
      "Encrypt one value, asked for twice without showing it, or read from standard input. Piped text loses one line end at its end, nothing else.",
    example:
      "woow secrets set acme/n8n-01 main.secret.n8n.encryption_key\npass show acme/smtp | woow secrets set acme/n8n-01 main.secret.smtp.password",
  })
    .option("--trim", "drop all space around the value, line ends too")
    .option("--allow-empty", "take an empty value")
    .option("--force", "replace a value that the app reads only when it is set up")
    .action(async (...given: [string, string, unknown, Command]) => {
      const [unit, key, , command] = given;
      const { runSecretsSet } = await import("../commands/secrets-set.ts");
      setStatus(await runSecretsSet({ unit, key }, command.optsWithGlobals<SecretsSetFlags>(), context));
    });

  addCommand(secrets, "show <unit> [key]", {
    summary: "Print a service's secrets decrypted, or one value alone. On a terminal only, unless forced.",
    example: "woow secrets show acme/n8n-01",
  })
    .option("--force", "print although standard output is no terminal")
    .action(async (...given: [string, string | undefined, unknown, Command]) => {
      const [unit, key, , command] = given;
      const { runSecretsShow } = await import("../commands/secrets-show.ts");
      setStatus(await runSecretsShow({ unit, key }, command.optsWithGlobals<SecretsShowFlags>(), context));
    });

  addCommand(secrets, "regenerate <unit> [keys...]", {
    summary:
      "Make the passwords that are missing, as the template says; one that is there only when it is named. Values are not printed.",
    example: "woow secrets regenerate acme/n8n-01\nwoow secrets regenerate acme/qdrant-01 apiKey",
  })
    .option("--force", "replace a value that the app reads only when it is set up")
    .action(async (...given: [string, readonly string[], unknown, Command]) => {
      const [unit, keys, , command] = given;
      const { runSecretsRegenerate } = await import("../commands/secrets-regenerate.ts");
      const flags = command.optsWithGlobals<SecretsRegenerateFlags>();
      setStatus(await runSecretsRegenerate({ unit, keys }, flags, context));
    });
}

function addKeyCommands(secrets: Command, { context, setStatus }: ProgramParts): void {
  addCommand(secrets, "rotate-key [units...]", {
    summary: "Give files a new data key, for those whom .sops.yaml names; values stay.",
    example: "woow secrets rotate-key acme/n8n-01\nwoow secrets rotate-key -w acme",
  })
    .option("-w, --workspace <id>", "every service of this workspace that has secrets (repeatable)", collect)
    .action(async (units: readonly string[], _, command: Command) => {
      const { runSecretsRotateKey } = await import("../commands/secrets-rotate-key.ts");
      setStatus(await runSecretsRotateKey(units, command.optsWithGlobals<SecretsRotateKeyFlags>(), context));
    });

  addCommand(secrets, "rebind <unit>", {
    summary:
      "Tie secrets that were copied or moved from another service to this one, for those who may read them here.",
    example: "woow secrets rebind acme/n8n-02",
  })
    .option("-y, --yes", "do not ask")
    .action(async (unit: string, _, command: Command) => {
      const { runSecretsRebind } = await import("../commands/secrets-rebind.ts");
      setStatus(await runSecretsRebind(unit, command.optsWithGlobals<SecretsRebindFlags>(), context));
    });
}

function addExposedCommand(secrets: Command, { context, setStatus }: ProgramParts): void {
  addCommand(secrets, "exposed <recipient>", {
    summary:
      "Which secrets in use a key may have read, now or in any commit, and how each is changed. Exit status 1 while there is one.",
    example: "woow secrets exposed age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa",
  })
    .option("-w, --workspace <id>", "only services of this workspace (repeatable)", collect)
    .action(async (recipient: string, _, command: Command) => {
      const { runSecretsExposed } = await import("../commands/secrets-exposed.ts");
      const flags = command.optsWithGlobals<SecretsExposedFlags>();
      setStatus(await runSecretsExposed(recipient, flags, context));
    });
}

function addRecipientCommands(secrets: Command, { context, setStatus }: ProgramParts): void {
  const recipients = addCommand(secrets, "recipients", {
    summary: "Who may open a workspace's secrets: age public keys in .sops.yaml and in every file.",
    example: "woow secrets recipients list -w acme",
  });
  const workspace = ["-w, --workspace <id>", "the workspace"] as const;
  const all = ["--all-workspaces", "every workspace, and those still to come"] as const;

  addCommand(recipients, "list", {
    summary: "Print the recipients, and files that are sealed for others.",
    example: "woow secrets recipients list -w acme",
  })
    .option(...workspace)
    .option(...all)
    .action(async (_, command: Command) => {
      const { runRecipientsList } = await import("../commands/secrets-recipients.ts");
      setStatus(runRecipientsList(command.optsWithGlobals<SecretsRecipientsFlags>(), context));
    });

  addCommand(recipients, "add <recipient>", {
    summary: "Let one more key open every secret of a workspace, or of all.",
    example:
      "woow secrets recipients add -w acme age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa",
  })
    .option(...workspace)
    .option(...all)
    .action(async (recipient: string, _, command: Command) => {
      const { runRecipientsChange } = await import("../commands/secrets-recipients.ts");
      const flags = command.optsWithGlobals<SecretsRecipientsFlags>();
      setStatus(await runRecipientsChange({ action: "add", recipient }, flags, context));
    });

  addCommand(recipients, "remove <recipient>", {
    summary:
      "Take a key out and give every file a new data key. Older versions in git stay readable with it: change the passwords too.",
    example:
      "woow secrets recipients remove -w acme age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa",
  })
    .option(...workspace)
    .option(...all)
    .option("--force", "although no key at hand would open the files afterwards")
    .action(async (recipient: string, _, command: Command) => {
      const { runRecipientsChange } = await import("../commands/secrets-recipients.ts");
      const flags = command.optsWithGlobals<SecretsRecipientsFlags>();
      setStatus(await runRecipientsChange({ action: "remove", recipient }, flags, context));
    });
}
