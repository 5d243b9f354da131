import type { Command } from "commander";
import type { CopyFlags } from "../commands/copy.ts";
import type { CreateServiceFlags } from "../commands/create-service.ts";
import type { CreateWorkspaceFlags } from "../commands/create-workspace.ts";
import type { InitFlags } from "../commands/init.ts";
import { addCommand, collect } from "./add-command.ts";
import type { ProgramParts } from "./add-command.ts";

/** init, create workspace, create service and copy. */
export function addCreateCommands(program: Command, { context, setStatus }: ProgramParts): void {
  addCommand(program, "init [dir]", {
    summary: "Make a platform repository of your own, with the catalog and an age key outside of it.",
    example: "woow init my-platform --domain apps.example.com --context k3s-prod",
  })
    .option("--domain <domain>", "the domain below which apps are reached")
    .option("--context <name>", "the kubeconfig context of the cluster")
    .option("--name <name>", "the platform's name (default: the folder's)")
    .option("--recovery-recipient <recipient>", "age1...: public half of a key that is kept offline")
    .option("--key-file <file>", "where the private key lies (default: ~/.config/woow/NAME.agekey)")
    .action(async (folder: string | undefined, _, command: Command) => {
      const { runInit } = await import("../commands/init.ts");
      setStatus(await runInit(folder, command.optsWithGlobals<InitFlags>(), context));
    });

  const create = addCommand(program, "create", {
    summary: "Write a new workspace or service.",
    example: "woow create workspace acme\nwoow create service postgresql -w acme",
  });
  addCommand(create, "workspace <id>", {
    summary: "Write a new workspace (a tenant), and who can read its secrets.",
    example: 'woow create workspace acme --name "Acme Ltd" --member alice@acme.example=owner',
  })
    .option("--name <name>", "its name, for people (default: the id)")
    .option("--cluster <name>", "the cluster it runs on, from platform.yaml")
    .option("--member <user=role>", "owner, admin, member or viewer (repeatable)", collect)
    .option("--recipient <recipient>", "age1...: who else can read its secrets (repeatable)", collect)
    .action(async (id: string, _, command: Command) => {
      const { runCreateWorkspace } = await import("../commands/create-workspace.ts");
      setStatus(runCreateWorkspace(id, command.optsWithGlobals<CreateWorkspaceFlags>(), context));
    });

  addCommand(create, "service [template]", {
    summary: "Write a new service: pinned, commented, passwords generated and encrypted.",
    example:
      'woow create service postgresql -w acme --name "Orders" --set auth.database=orders\nwoow create service n8n -w acme --subdomain flows\nwoow create service   # in a terminal: asks',
  })
    .option("-w, --workspace <id>", "the workspace it belongs to")
    .option("--name <name>", "its name, for people (default: the app's)")
    .option("--reference-id <id>", "its id in the workspace, for good (default: TEMPLATE-01, 02, ...)")
    .option("--subdomain <name>", "its address below the platform's domain")
    .option("--custom-domain <domain>", "a domain of the customer's own, served once it is verified")
    .option("--private", "reached from the private network only")
    .option("--set <key=value>", "a value of the app; woow catalog show lists them (repeatable)", collect)
    .action(async (templateId: string | undefined, _, command: Command) => {
      const { runCreateService } = await import("../commands/create-service.ts");
      setStatus(await runCreateService(templateId, command.optsWithGlobals<CreateServiceFlags>(), context));
    });

  addCommand(program, "copy <service> <new>", {
    summary: "Write a new service with the settings of another: fresh passwords, no host, no data.",
    example: "woow copy acme/n8n-01 n8n-02 --subdomain flows2\nwoow copy acme/n8n-01 beta/n8n-01",
  })
    .option("--name <name>", "the copy's name, for people (default: the original's)")
    .option("--subdomain <name>", "the copy's address below the platform's domain")
    .option("--keep-secrets", "take over secrets that cannot be generated; needs a key that opens them")
    .action(async (...[from, to, , command]: [string, string, unknown, Command]) => {
      const { runCopy } = await import("../commands/copy.ts");
      setStatus(await runCopy({ from, to }, command.optsWithGlobals<CopyFlags>(), context));
    });
}
