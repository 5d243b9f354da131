import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openDefinitionWriter } from "../../edges/definition-writer.ts";
import { sealTools } from "../../edges/seal-tools.ts";
import { copyService } from "../../operations/create/copy-service.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { printNewService } from "../print/print-new-service.ts";
import { createSampleKeyWatch } from "../print/sample-key-warning.ts";

export interface CopyFlags extends GlobalFlags {
  readonly name?: string;
  readonly subdomain?: string;
  readonly keepSecrets?: boolean;
}

/** woow copy: a new service with the settings of another one; no data, no host, fresh passwords. */
export async function runCopy(
  units: { readonly from: string; readonly to: string },
  flags: CopyFlags,
  context: CliContext,
): Promise<number> {
  const json = flags.json === true;
  const root = findRoot(flags, context);
  const watch = createSampleKeyWatch(context);
  const deps = {
    tree: openDefinitionTree(root),
    writer: watch.watchWriter(openDefinitionWriter(root)),
    tools: sealTools,
    identities: () => watch.loadIdentities(root),
  };
  const { name, subdomain } = flags;
  const result = await copyService(deps, {
    ...units,
    name,
    subdomain,
    keepSecrets: flags.keepSecrets === true,
  });
  return printNewService(result, { context, json });
}
