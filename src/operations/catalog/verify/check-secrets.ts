import type { Json } from "../../../definitions/convert.ts";
import { walkValues } from "../../../model/helm-values.ts";
import { formatHelmPath } from "../../../model/helm-values.ts";
import type { CheckContext } from "./check-context.ts";
import type { RenderedObject } from "./rendered-objects.ts";
import { describeObject } from "./rendered-objects.ts";

/** A made-up password that went into a rendering. */
export interface PlantedSecret {
  readonly key: string;
  readonly value: string;
  /** Where its spec stands in the template's file. */
  readonly path: readonly (string | number)[];
}

/** A password may stand in a Secret's data and nowhere else: the rest is readable by whoever may read workloads. */
export function checkSecrets(
  { rendering, findings }: Pick<CheckContext, "rendering" | "findings">,
  planted: readonly PlantedSecret[],
): void {
  for (const { key, value, path } of planted) {
    const encoded = Buffer.from(value, "utf8").toString("base64").replace(/=+$/, "");
    for (const object of rendering.objects) {
      const place = findText(object, [value, encoded]);
      if (place === undefined) continue;
      findings.add({
        code: "exposed-secret",
        path: [...path, "key"],
        message: `the password ${key} stands in ${describeObject(object)} at ${formatHelmPath(place)}`,
        hint: "hand it over through a Secret (the chart's existingSecret or the like), or use another key",
      });
    }
  }
}

function findText(object: RenderedObject, texts: readonly string[]): readonly string[] | undefined {
  for (const { path, value } of walkValues(object.body as Json)) {
    if (object.kind === "Secret" && (path[0] === "data" || path[0] === "stringData")) continue;
    const held = typeof value === "string" ? [value, path.at(-1) ?? ""] : [path.at(-1) ?? ""];
    if (held.some((text) => texts.some((wanted) => text.includes(wanted)))) return path;
  }
  return undefined;
}
