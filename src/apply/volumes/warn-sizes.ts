import { getValue, parseHelmPath } from "../../model/helm-values.ts";
import type { Change } from "../../plan/change.ts";
import { parseAmount } from "../../plan/service/check-values.ts";
import { mergedValues } from "../../plan/compare/live-values.ts";
import type { Volume } from "./volume.ts";

/**
 * Says where a chart asks for more than was kept: a claim takes no volume that is smaller than it asks for, so the
 * service would start with an empty one beside its data. Which key is which claim's only the chart knows.
 */
export function warnOfSizes(
  changes: readonly Change[],
  { storageKeys, volumes }: { readonly storageKeys: readonly string[]; readonly volumes: readonly Volume[] },
): readonly string[] {
  const desired = (kind: string) =>
    changes.flatMap((change) => ("desired" in change && change.ref.kind === kind ? [change.desired] : []))[0];
  const values = mergedValues({ chart: desired("HelmChart"), valuesSecret: desired("Secret") });
  return storageKeys.flatMap((key) => {
    const asked = getValue(values, parseHelmPath(key) ?? [key]);
    const amount = parseAmount(asked);
    if (amount === undefined || (typeof asked !== "string" && typeof asked !== "number")) return [];
    return volumes
      .filter(({ size }) => (parseAmount(size) ?? amount) < amount)
      .map(
        ({ name, size, claim }) =>
          `warning: ${key} asks for ${asked}, and the kept volume ${name} has ${size}: a claim takes no smaller volume, so ${claim?.name ?? "the service"} would start empty, and the data stay aside; ask for ${size} to get it back`,
      );
  });
}
