import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { listUnits, unitAddress } from "../../manifests/unit.ts";
import type { Plan } from "../../plan/change.ts";
import type { DesiredCluster } from "./load-desired.ts";

/**
 * What is selected by name must be defined, or be in the cluster: then it is planned to go.
 * Errors: `not-found`, with the nearest name.
 */
export function checkNamed({ platform, selection }: DesiredCluster, plan: Plan): void {
  const known = [
    ...[...listUnits(platform)].map(unitAddress),
    ...plan.units.map(({ address }) => address),
    ...plan.units.flatMap(({ workspaceId }) => workspaceId ?? []),
  ];
  for (const [what, names] of [
    ["workspace", selection.workspaces],
    ["service", selection.services],
  ] as const) {
    const missing = names.find((name) => !known.includes(name));
    if (missing === undefined) continue;
    const others = known.filter((name) => name.includes("/") === (what === "service"));
    throw new OperationError("not-found", `there is no ${what} ${missing}`, {
      subject: missing,
      hint: suggestHint(missing, others) ?? "neither git nor the cluster knows it",
    });
  }
}
