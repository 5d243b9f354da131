import type { Change, UnitPlan } from "./change.ts";
import type { PlanInput } from "./plan-input.ts";

/** One edit in the catalog is worth a word when it changes this many services. */
const manyServices = 2;

/** What a person should know about the plan as a whole. */
export function planNotes(units: readonly UnitPlan[], input: PlanInput): string[] {
  const templates = new Map(input.units.map(({ address, service }) => [address, service?.templateId]));
  const touched = new Map<string, number>();
  for (const { address, changes } of units) {
    const template = templates.get(address);
    if (template === undefined || !changes.some(isCatalogChange)) continue;
    touched.set(template, (touched.get(template) ?? 0) + 1);
  }
  return [...touched]
    .filter(([, count]) => count >= manyServices)
    .map(([template, count]) => `the edit of catalog/${template}.yaml changes ${count} services`);
}

/** valuesContent holds only what comes from the catalog. */
function isCatalogChange(change: Change): boolean {
  if (change.action !== "update" || change.ref.kind !== "HelmChart" || change.reason !== "definition")
    return false;
  return change.fields.some(({ path }) => path.startsWith("spec.valuesContent"));
}
