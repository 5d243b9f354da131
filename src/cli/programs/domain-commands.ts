import { Option } from "commander";
import type { Command } from "commander";
import type { DomainStatusFlags } from "../commands/domain-status.ts";
import type { DomainVerifyFlags } from "../commands/domain-verify.ts";
import type { GlobalFlags } from "../context.ts";
import { addCommand, collect } from "./add-command.ts";
import type { ProgramParts } from "./add-command.ts";

/** domain status, verify and forget. */
export function addDomainCommands(program: Command, { context, setStatus }: ProgramParts): void {
  const domain = addCommand(program, "domain", {
    summary: "Custom domains: which DNS records to set, whether they are there, and whose they are.",
    example: "woow domain status",
  });

  addAsking(
    addCommand(domain, "status [domain...]", {
      summary: "Show how custom domains stand in domains.yaml and in DNS, and the records to set.",
      example: "woow domain status\nwoow domain status flows.acme.example --resolver 9.9.9.9",
    }),
  )
    .addOption(
      new Option("-o, --output <format>", "how to print it")
        .choices(["table", "wide", "json", "yaml", "name"])
        .default("table"),
    )
    .action(async (domains: readonly string[], _, command: Command) => {
      const { runDomainStatus } = await import("../commands/domain-status.ts");
      setStatus(await runDomainStatus(domains, command.optsWithGlobals<DomainStatusFlags>(), context));
    });

  addAsking(
    addCommand(domain, "verify [domain...]", {
      summary: "Look for the TXT record that proves a domain, and write what is proven into domains.yaml.",
      example: "woow domain verify flows.acme.example\nwoow domain verify -w acme\nwoow domain verify --all",
    }),
  )
    .option("--all", "every domain that a service wants or domains.yaml lists")
    .action(async (domains: readonly string[], _, command: Command) => {
      const { runDomainVerify } = await import("../commands/domain-verify.ts");
      setStatus(await runDomainVerify(domains, command.optsWithGlobals<DomainVerifyFlags>(), context));
    });

  addCommand(domain, "forget <domain>", {
    summary: "Take a domain out of domains.yaml: it is served no more, and whoever proves it next gets it.",
    example: "woow domain forget flows.acme.example",
  }).action(async (name: string, _, command: Command) => {
    const { runDomainForget } = await import("../commands/domain-forget.ts");
    setStatus(runDomainForget(name, command.optsWithGlobals<GlobalFlags>(), context));
  });
}

function addAsking(command: Command): Command {
  return command
    .option("-w, --workspace <id>", "the domains of this workspace (repeatable)", collect)
    .option(
      "--resolver <ip>",
      "ask this name server, IP or IP:PORT (repeatable; default: $WOOW_DNS, else this machine's)",
      collect,
    );
}
