import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import type { UnitPlan } from "../../plan/change.ts";
import type { RecordedDefinition } from "../../record/revision.ts";
import type { DesiredCluster } from "./load-desired.ts";

/** The files a unit is made from, as written: what a rollback synthesizes again. */
export function recordDefinition(
  unit: UnitPlan,
  { desired, tree }: { readonly desired: DesiredCluster; readonly tree: DefinitionTree },
): RecordedDefinition {
  const files: Record<string, string> = {};
  for (const path of listFiles(unit, desired)) {
    const read = tree.read(path);
    if ("bytes" in read) files[path] = new TextDecoder().decode(read.bytes);
  }
  return { files };
}

function listFiles({ address, workspaceId, intent }: UnitPlan, { services }: DesiredCluster): string[] {
  if (intent === "remove") return [];
  if (workspaceId === undefined) return ["platform.yaml"];
  const workspace = `workspaces/${workspaceId}/workspace.yaml`;
  if (!address.includes("/")) return [workspace, "platform.yaml"];
  const template = services.find(({ unit }) => unit === address)?.template.id;
  return [
    `workspaces/${address}.yaml`,
    workspace,
    ...(template === undefined ? [] : [`catalog/${template}.yaml`]),
    "platform.yaml",
  ];
}
