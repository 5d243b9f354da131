/** The file a unit is written in. */
export function unitFile(unit: string): string {
  if (unit === "platform") return "platform.yaml";
  return unit.includes("/") ? `workspaces/${unit}.yaml` : `workspaces/${unit}/workspace.yaml`;
}
