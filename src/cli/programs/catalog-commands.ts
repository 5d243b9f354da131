import type { Command } from "commander";
import type { CatalogListFlags } from "../commands/catalog-list.ts";
import type { CatalogShowFlags } from "../commands/catalog-show.ts";
import type { CatalogVerifyFlags } from "../commands/catalog-verify.ts";
import { addCommand, collect } from "./add-command.ts";
import type { ProgramParts } from "./add-command.ts";

/** catalog list, show and verify. */
export function addCatalogCommands(program: Command, { context, setStatus }: ProgramParts): void {
  const catalog = addCommand(program, "catalog", {
    summary: "The apps one can order: list them, show one, hold them against their charts.",
    example: "woow catalog list --category database",
  });

  addCommand(catalog, "list", {
    summary: "List the apps of the catalog.",
    example: "woow catalog list\nwoow catalog list --search sql --tag relational\nwoow catalog list -o json",
  })
    .option("--search <text>", "only apps with this in id, name or a tag")
    .option("--tag <tag>", "only apps with this tag (repeatable: with all of them)", collect)
    .option("--category <category>", "only this category")
    .option("--all", "inactive apps too")
    .option("-o, --output <format>", "table, wide, json, yaml or name", "table")
    .action(async (_, command: Command) => {
      const { runCatalogList } = await import("../commands/catalog-list.ts");
      setStatus(runCatalogList(command.optsWithGlobals<CatalogListFlags>(), context));
    });

  addCommand(catalog, "show <id>", {
    summary: "Show one app: what it is, what it asks for, how to order it.",
    example: "woow catalog show postgresql\nwoow catalog show n8n -o yaml",
  })
    .option("-o, --output <format>", "text, json or yaml", "text")
    .action(async (id: string, _, command: Command) => {
      const { runCatalogShow } = await import("../commands/catalog-show.ts");
      setStatus(runCatalogShow(id, command.optsWithGlobals<CatalogShowFlags>(), context));
    });

  addCommand(catalog, "verify [ids...]", {
    summary:
      "Render each app's chart at its pinned version with the real helm and check what the catalog says of it.",
    example:
      "woow catalog verify\nwoow catalog verify postgresql n8n --charts-dir ./charts-cache\nwoow catalog verify --write-lock",
  })
    .option(
      "--charts-dir <dir>",
      "take charts from here (DIR/NAME/ or DIR/NAME-VERSION.tgz), not from the network",
    )
    .option("--helm <path>", "the helm program (default: $WOOW_HELM, else helm)")
    .option("--write-lock", "write catalog.lock.yaml and charts/.verified; without it they are only compared")
    .option("--digests-only", "lock digests without the charts' bytes: chart jobs download by themselves")
    .option("--accept-changed", "lock other bytes under a version that was locked before")
    .action(async (ids: string[], _, command: Command) => {
      const { runCatalogVerify } = await import("../commands/catalog-verify.ts");
      setStatus(await runCatalogVerify(ids, command.optsWithGlobals<CatalogVerifyFlags>(), context));
    });
}
