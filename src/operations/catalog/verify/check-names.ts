import { maxWorkloadNameLength } from "../../../model/names.ts";
import type { CheckContext } from "./check-context.ts";
import { describeObject } from "./rendered-objects.ts";

/** Kinds whose names must leave room for what their controller adds (K3s facts, tried: no pod otherwise). */
const suffixedKinds: ReadonlySet<string> = new Set(["StatefulSet", "CronJob"]);
/** Kinds whose name is a DNS label or becomes the value of a label. */
const labelKinds: ReadonlySet<string> = new Set(["Service", "Job"]);
const maxLabelLength = 63;

/** longest_name_suffix must cover what the chart adds to the release name. */
export function checkNameSuffix({ template, sample, rendering, findings }: CheckContext): void {
  const declared = template.longestNameSuffix.length;
  let longest: { suffix: string; name: string } | undefined;
  for (const object of rendering.objects) {
    if (!suffixedKinds.has(object.kind)) continue;
    const added = object.name.length - sample.releaseName.length;
    if (added <= Math.max(declared, longest?.suffix.length ?? 0)) continue;
    // a name that does not begin with the release counts by its length alone
    const suffix = object.name.startsWith(sample.releaseName)
      ? object.name.slice(sample.releaseName.length)
      : object.name.slice(-added);
    longest = { suffix, name: describeObject(object) };
  }
  if (longest === undefined) return;
  findings.add({
    code: "name-suffix-too-short",
    path: ["longest_name_suffix"],
    message: `${longest.name} adds ${longest.suffix.length} characters to the release name, longest_name_suffix allows ${declared}`,
    hint: `write longest_name_suffix: "${longest.suffix}"`,
  });
}

/** With the longest release name that synth lets through, every name must still be one. */
export function checkNameLengths({ sample, rendering, findings }: CheckContext): void {
  const suffixReported = findings.has(["name-suffix-too-short"]);
  for (const object of rendering.objects) {
    if (suffixReported && suffixedKinds.has(object.kind)) continue;
    const limit = suffixedKinds.has(object.kind)
      ? maxWorkloadNameLength
      : labelKinds.has(object.kind)
        ? maxLabelLength
        : undefined;
    if (limit === undefined || object.name.length <= limit) continue;
    findings.add({
      code: "name-too-long",
      path: ["longest_name_suffix"],
      message: `for the release ${sample.releaseName} ${describeObject(object)} has ${object.name.length} characters; ${limit} fit`,
      hint: `raise longest_name_suffix by ${object.name.length - limit} characters, or shorten the name in default_values`,
    });
  }
}
