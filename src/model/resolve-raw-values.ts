import type { Json } from "../definitions/convert.ts";
import type { ServiceFile } from "../definitions/definition.ts";
import { findForeignHosts } from "./foreign-hosts.ts";
import type { HostOwners } from "./foreign-hosts.ts";
import { getValue, isMapValue, walkValues } from "./helm-values.ts";
import type { HelmValues } from "./helm-values.ts";
import { findIsolationFaults, findUnsafeText } from "./isolation-values.ts";
import type { ProblemList } from "./problem-list.ts";
import type { Template } from "./template.ts";

/** Checks the escape hatch: it may change the chart, never what keeps tenants apart. */
export function checkRawValues(
  file: ServiceFile,
  raw: HelmValues,
  context: {
    readonly template: Template;
    readonly namespace: string;
    readonly hostOwners: HostOwners;
    readonly list: ProblemList;
  },
): void {
  const { template, namespace, hostOwners, list } = context;
  const at = (path: readonly string[]) => ["raw_values", ...path];
  const faults = [
    ...findIsolationFaults(raw as Json, namespace),
    ...findUnsafeText(raw as Json, () => false),
    ...findSwitchedOn(raw, template),
  ];
  for (const { path, message, hint } of faults) {
    list.add(file.source, at(path), { code: "isolation-value", target: "key", message, hint });
  }
  for (const { path, host } of findForeignHosts(raw as Json, {
    owners: hostOwners,
    workspaceId: file.workspaceId,
  })) {
    list.add(file.source, at(path), {
      code: "foreign-host",
      message: `raw_values.${path.join(".")} names ${host}, which belongs to another workspace`,
      hint: "remove it; an address the app only calls belongs in helm_values",
    });
  }
  for (const spec of template.specs) {
    const blocked = findBlocked(raw, spec.steps);
    if (blocked === undefined) continue;
    list.add(
      file.source,
      at(blocked),
      spec.type === "password"
        ? {
            code: "plain-text-password",
            message: `${spec.key} is a password in plain text`,
            hint: `set it encrypted: woow secrets set ${file.workspaceId}/${file.id} ${spec.key}`,
          }
        : {
            code: "conflicting-values",
            message: `${spec.key} is a value of the template`,
            hint: `write it under helm_values: ${spec.key}: ...`,
          },
    );
  }
  for (const { steps } of [...template.containerKeys, ...template.storageKeys]) {
    const blocked = findBlocked(raw, steps);
    if (blocked === undefined) continue;
    list.add(file.source, at(blocked), {
      code: "conflicting-values",
      message: `raw_values.${blocked.join(".")} would bypass the service's resources`,
      hint: "write resources: { vcpu, ram_gb, storage_gb } instead",
    });
  }
}

/** The path at which a raw value stands on a path that is not its to set: the value itself, or a parent that is no map. */
function findBlocked(raw: HelmValues, steps: readonly string[]): readonly string[] | undefined {
  for (let length = 1; length <= steps.length; length += 1) {
    const value = getValue(raw, steps.slice(0, length));
    if (value === undefined) return undefined;
    if (length === steps.length || !isMapValue(value)) return steps.slice(0, length);
  }
  return undefined;
}

/** What the catalog switched off stays off: sub-charts, cluster roles and exporters were left out for a reason. */
function findSwitchedOn(raw: HelmValues, template: Template) {
  const faults = [];
  for (const { path, value } of walkValues(raw as Json)) {
    if (path.length === 0 || isMapValue(value) || value === false) continue;
    if (getValue(template.defaultValues, path) !== false) continue;
    faults.push({
      path,
      message: `${path.join(".")} is switched off by the template ${template.id}`,
      hint: "remove it; a switch that tenants may use is a value spec of the template",
    });
  }
  return faults;
}
