import type { Json } from "../../../definitions/convert.ts";
import { formatHelmPath } from "../../../model/helm-values.ts";
import type { HelmValues } from "../../../model/helm-values.ts";
import type { SizeKey } from "../../../model/template.ts";
import { replaceValue } from "./chart-run.ts";
import type { ValueCheck } from "./check-values.ts";
import { listContainers, listPods } from "./pods.ts";
import { describeObject, listAt, mapAt, textAt } from "./rendered-objects.ts";
import type { RenderedObject, Rendering } from "./rendered-objects.ts";

/** Odd amounts, found again in a rendering; each key gets its own. */
const markCpu = (index: number) => `${101 + index}m`;
const markStorage = (index: number) => `${1011 + index}Gi`;

/**
 * resource_keys must reach a container's requests and limits, or a claim that a pod mounts. One rendering with a
 * mark for every key answers for all; a key that does not show is tried again with each switch of the specs.
 */
export async function checkSizes(check: ValueCheck): Promise<void> {
  const { template, baseline, run } = check;
  const marked = markSizes(baseline.values, template);
  const result = await run.render(baseline.sample, marked);
  if (!result.ok) {
    check.findings.add({
      code: "size-without-effect",
      path: ["resource_keys"],
      message: `the chart refuses a service's sizes under resource_keys: ${result.message}`,
    });
    return;
  }
  for (const group of ["containers", "storage"] as const) {
    const keys = group === "containers" ? template.containerKeys : template.storageKeys;
    for (const [index, key] of keys.entries())
      await checkKey(check, { group, index, key, marked, rendering: result.rendering });
  }
  noteUnsized(check, result.rendering);
  if (template.storageKeys.length > 0) noteEmptyDirs(check, result.rendering);
}

function markSizes(values: HelmValues, template: ValueCheck["template"]): HelmValues {
  let marked = values;
  for (const [index, { steps }] of template.containerKeys.entries()) {
    const amounts: Json = { cpu: markCpu(index), memory: "301Mi" };
    marked = replaceValue(marked, steps, { requests: amounts, limits: { cpu: "901m", memory: "901Mi" } });
  }
  for (const [index, { steps }] of template.storageKeys.entries())
    marked = replaceValue(marked, steps, markStorage(index));
  return marked;
}

interface KeyQuestion {
  readonly group: "containers" | "storage";
  readonly index: number;
  readonly key: SizeKey;
  readonly marked: HelmValues;
  readonly rendering: Rendering;
}

async function checkKey(check: ValueCheck, question: KeyQuestion): Promise<void> {
  const { group, index, key, rendering } = question;
  const { findings, chartValues } = check;
  const path = ["resource_keys", group, index, "path"];
  const name = formatHelmPath(key.steps);
  const shown = shows(rendering, question);
  if (shown) {
    if (group === "storage") checkMounted(check, question);
    return;
  }
  const what = group === "containers" ? "no container gets what" : "no volume claim gets the size that";
  const switched = await findSwitch(check, question);
  if (switched !== undefined) {
    findings.add({
      code: "size-without-effect",
      severity: "note",
      path,
      message: `${what} ${name} says, unless ${switched}`,
    });
    return;
  }
  const isKnown = chartValues.knows(key.steps) !== "unknown";
  findings.add({
    code: isKnown ? "size-without-effect" : "unknown-chart-value",
    path,
    message: isKnown ? `${what} ${name} says` : `the chart has no value ${name}: ${what} it says`,
    hint: "take the key from the chart's values.yaml; the service's size would be ignored",
  });
}

/** The spec that has to be switched for the key to count, as "key is value". */
async function findSwitch(check: ValueCheck, question: KeyQuestion): Promise<string | undefined> {
  for (const spec of check.template.specs) {
    if (spec.type !== "boolean" && spec.type !== "select") continue;
    const choices = spec.type === "boolean" ? [true, false] : (spec.options ?? []);
    for (const value of choices) {
      const values = replaceValue(question.marked, spec.steps, value);
      const result = await check.run.render(check.baseline.sample, values);
      if (result.ok && shows(result.rendering, question)) return `${spec.key} is ${String(value)}`;
    }
  }
  return undefined;
}

function shows({ objects }: Rendering, { group, index }: KeyQuestion): boolean {
  if (group === "storage") return listClaims(objects).some(({ size }) => size === markStorage(index));
  return listContainers(objects).some(({ body }) => {
    const resources = mapAt(body, "resources");
    return (
      textAt(mapAt(resources, "requests"), "cpu") === markCpu(index) &&
      textAt(mapAt(resources, "limits"), "memory") !== undefined
    );
  });
}

interface Claim {
  /** Of the claim, or of the StatefulSet's template. */
  readonly name: string;
  readonly size: string;
  /** The StatefulSet whose template it is; its pods mount it by itself. */
  readonly owner: RenderedObject | undefined;
}

function listClaims(objects: readonly RenderedObject[]): Claim[] {
  return objects.flatMap((object): Claim[] => {
    if (object.kind === "PersistentVolumeClaim")
      return [{ name: object.name, size: sizeOf(object.body), owner: undefined }];
    if (object.kind !== "StatefulSet") return [];
    return listAt(mapAt(object.body, "spec"), "volumeClaimTemplates").map((body) => ({
      name: textAt(mapAt(body, "metadata"), "name") ?? "",
      size: sizeOf(body),
      owner: object,
    }));
  });
}

function sizeOf(claim: RenderedObject["body"]): string {
  return textAt(mapAt(mapAt(mapAt(claim, "spec"), "resources"), "requests"), "storage") ?? "";
}

/** A chart can make a claim and still let its pod use an emptyDir (K3s facts, F2). */
function checkMounted({ findings }: ValueCheck, { index, key, rendering }: KeyQuestion): void {
  const claims = listClaims(rendering.objects).filter(({ size }) => size === markStorage(index));
  const containers = listContainers(rendering.objects);
  const isMounted = claims.some(({ name, owner }) =>
    containers.some(({ pod, body }) => {
      const volumes = listAt(pod.spec, "volumes").filter(
        (volume) => textAt(mapAt(volume, "persistentVolumeClaim"), "claimName") === name,
      );
      const names = owner === pod.owner ? [name] : volumes.map((volume) => textAt(volume, "name"));
      return listAt(body, "volumeMounts").some((mount) => names.includes(textAt(mount, "name")));
    }),
  );
  if (isMounted) return;
  findings.add({
    code: "claim-not-mounted",
    path: ["resource_keys", "storage", index, "path"],
    message: `the claim that ${formatHelmPath(key.steps)} sizes is mounted by no container: data would be lost with the pod`,
    hint: "look for the switch that makes the chart's pod use the claim, and set it in default_values",
  });
}

function noteUnsized({ template, findings }: ValueCheck, { objects }: Rendering): void {
  const marks = new Set(template.containerKeys.map((_, index) => markCpu(index)));
  for (const { pod, name, body } of listContainers(objects)) {
    const cpu = textAt(mapAt(mapAt(body, "resources"), "requests"), "cpu");
    if (cpu !== undefined && marks.has(cpu)) continue;
    findings.add({
      code: "unsized-container",
      severity: "note",
      path: ["resource_keys"],
      message: `container ${name} of ${describeObject(pod.owner)} is sized by ${cpu === undefined ? "the workspace's LimitRange" : "the chart itself"}`,
      hint: "add the chart value that takes its requests and limits to resource_keys, if there is one",
    });
  }
}

/** Places that are made to be thrown away. */
const scratchPath = /^\/(tmp|run|var\/run|var\/tmp|var\/cache|dev\/shm)(\/|$)|cache|tmp/;

function noteEmptyDirs({ findings }: ValueCheck, { objects }: Rendering): void {
  for (const { owner, spec } of listPods(objects)) {
    const emptyDirs = listAt(spec, "volumes")
      .filter((volume) => volume["emptyDir"] !== undefined)
      .map((volume) => textAt(volume, "name"));
    const mounts = listAt(spec, "containers").flatMap((body) => listAt(body, "volumeMounts"));
    for (const mount of mounts) {
      const at = textAt(mount, "mountPath") ?? "";
      if (!emptyDirs.includes(textAt(mount, "name")) || scratchPath.test(at)) continue;
      findings.add({
        code: "empty-dir",
        severity: "note",
        path: ["resource_keys"],
        message: `${describeObject(owner)} keeps ${at} in an emptyDir, which goes with the pod`,
      });
    }
  }
}
