import { refOf } from "../cluster/object-ref.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import { namespaceName } from "../model/names.ts";
import type { Refusal, UnitPlan } from "./change.ts";
import type { DesiredUnit } from "./desired-unit.ts";
import { isMap } from "./field-place.ts";
import type { PlanInput } from "./plan-input.ts";

interface ChartLike {
  readonly chart: unknown;
  /** Both texts with the names of the unit taken out. */
  readonly values: string;
}

/**
 * A service that is gone here and a new one there with the same chart and the same values: renamed or moved. To the
 * cluster that is a removal and an installation, and the data does not follow, so it must be said.
 */
export function findRenames(plans: readonly UnitPlan[], input: PlanInput): Refusal[] {
  if (input.decisions.replace) return [];
  const named = new Set(input.decisions.removeUnits);
  const gone = plans.filter(
    ({ intent, address }) => intent === "remove" && address.includes("/") && !named.has(address),
  );
  if (gone.length === 0) return [];
  const fresh = new Map(
    plans
      .filter(({ changes }) =>
        changes.some(({ action, ref }) => action === "create" && ref.kind === "HelmChart"),
      )
      .map(({ address }) => [address, input.units.find((unit) => unit.address === address)]),
  );
  return gone.flatMap((old) => {
    const before = describeRemoved(old);
    if (before === undefined) return [];
    for (const [address, unit] of fresh) {
      const after = unit === undefined ? undefined : describeDesired(unit);
      if (after === undefined || after.chart !== before.chart || after.values !== before.values) continue;
      fresh.delete(address);
      return [renameRefusal(old, address)];
    }
    return [];
  });
}

function renameRefusal(old: UnitPlan, address: string): Refusal {
  const chart = old.changes.find(({ ref }) => ref.kind === "HelmChart");
  return {
    code: "rename",
    unit: address,
    ref: chart?.ref,
    message: `${old.address} is gone and ${address} is new with the same chart and values: it looks renamed or moved`,
    hint: `its data does not follow: rename it back, or say --replace to remove ${old.address} (its volumes are kept) and install ${address} empty`,
  };
}

function describeRemoved({ address, changes }: UnitPlan): ChartLike | undefined {
  const objects = changes.flatMap((change) => (change.action === "prune" ? [change.live] : []));
  return describeChart(address, objects);
}

function describeDesired({ address, manifests }: DesiredUnit): ChartLike | undefined {
  return describeChart(address, manifests);
}

function describeChart(
  address: string,
  objects: readonly (LiveObject | DesiredUnit["manifests"][number])[],
): ChartLike | undefined {
  const chart = objects.find(({ kind }) => kind === "HelmChart");
  const secret = objects.find(({ kind }) => kind === "Secret");
  const spec = chart?.["spec"];
  const data = secret?.["data"];
  if (chart === undefined || !isMap(spec) || !isMap(data)) return undefined;
  const encoded = data["values.yaml"];
  const values = typeof encoded === "string" ? Buffer.from(encoded, "base64").toString("utf8") : "";
  const texts = [spec["valuesContent"], values].map((text) =>
    withoutNames(typeof text === "string" ? text : "", { address, release: refOf(chart).name }),
  );
  return { chart: JSON.stringify([spec["chart"], spec["repo"]]), values: JSON.stringify(texts) };
}

function withoutNames(
  text: string,
  { address, release }: { readonly address: string; readonly release: string },
): string {
  const [workspace = "", reference = ""] = address.split("/");
  return text
    .replaceAll(release, "{release_name}")
    .replaceAll(namespaceName(workspace), "{namespace}")
    .replaceAll(
      new RegExp(`(?<=: ["']?)(${escape(workspace)}|${escape(reference)})(?=["']?$)`, "gm"),
      "{id}",
    );
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
