import type { Refusal, UnitPlan } from "../change.ts";
import { describeTraits, looksLike } from "./compare-services.ts";
import type { ServiceTraits } from "./compare-services.ts";
import type { PlanIndex } from "../plan-index.ts";
import type { PlanInput } from "../plan-input.ts";

/**
 * A service that is gone here and a new one there that looks like it: renamed or moved. To the
 * cluster that is a removal and an installation, and the data does not follow, so it must be said.
 */
export function findRenames(
  plans: readonly UnitPlan[],
  { input, index }: { readonly input: PlanInput; readonly index: PlanIndex },
): Refusal[] {
  if (input.decisions.replace) return [];
  const named = new Set(input.decisions.removeUnits);
  const gone = plans.filter(
    ({ intent, address }) => intent === "remove" && address.includes("/") && !named.has(address),
  );
  if (gone.length === 0) return [];
  const { secretPlaceholder } = input;
  const fresh = new Map<string, ServiceTraits>();
  for (const { address, changes } of plans) {
    if (!changes.some(({ action, ref }) => action === "create" && ref.kind === "HelmChart")) continue;
    const unit = input.units.find((one) => one.address === address);
    const secretKeys = unit?.service?.secretKeys ?? [];
    const traits = describeTraits({ address, objects: unit?.manifests ?? [], secretKeys, secretPlaceholder });
    if (traits !== undefined) fresh.set(address, traits);
  }
  return gone.flatMap((old) => {
    const { address } = old;
    const objects = old.changes.flatMap((change) => (change.action === "prune" ? [change.live] : []));
    const secretKeys = index.records.get(address)?.secretKeys ?? [];
    const before = describeTraits({ address, objects, secretKeys, secretPlaceholder });
    const found = [...fresh].find(([, after]) => before !== undefined && looksLike(before, after));
    if (found === undefined) return [];
    fresh.delete(found[0]);
    return [renameRefusal(old, found[0])];
  });
}

function renameRefusal(old: UnitPlan, address: string): Refusal {
  const chart = old.changes.find(({ ref }) => ref.kind === "HelmChart");
  return {
    code: "rename",
    unit: address,
    ref: chart?.ref,
    message: `${old.address} is gone and ${address} is new with the same chart and the same host, secrets or values: it looks renamed or moved`,
    hint: `its data does not follow: rename it back, or say --replace to remove ${old.address} (its volumes are kept) and install ${address} empty`,
  };
}
