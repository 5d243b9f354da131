import type { Json } from "../definitions/convert.ts";
import type { ServiceFile } from "../definitions/definition.ts";
import { getValue, walkValues } from "./helm-values.ts";
import type { HelmValues } from "./helm-values.ts";
import { findIsolationFaults, findTemplateText } from "./isolation-values.ts";
import type { ProblemList } from "./problem-list.ts";
import type { Template } from "./template.ts";

/** Checks the escape hatch: it may change the chart, never what keeps tenants apart. */
export function checkRawValues(
  file: ServiceFile,
  raw: HelmValues,
  context: {
    readonly template: Template;
    readonly namespace: string;
    readonly hostOwners: ReadonlyMap<string, string>;
    readonly list: ProblemList;
  },
): void {
  const { template, namespace, hostOwners, list } = context;
  const at = (path: readonly string[]) => ["raw_values", ...path];
  for (const fault of [...findIsolationFaults(raw as Json, namespace), ...findTemplateText(raw as Json)]) {
    list.add(file.source, at(fault.path), {
      code: "isolation-value",
      target: "key",
      message: fault.message,
      hint: fault.hint,
    });
  }
  for (const { path, value } of walkValues(raw as Json)) {
    if (typeof value !== "string") continue;
    for (const host of value.toLowerCase().match(hostLike) ?? []) {
      const owner = hostOwners.get(host);
      if (owner === undefined || owner === file.workspaceId) continue;
      list.add(file.source, at(path), {
        code: "foreign-host",
        message: `raw_values.${path.join(".")} names ${host}, which belongs to another workspace`,
        hint: "remove it; an address the app only calls belongs in helm_values or secret_values",
      });
    }
  }
  for (const spec of template.specs) {
    const value = getValue(raw, spec.steps);
    if (value === undefined) continue;
    list.add(
      file.source,
      at(spec.steps),
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
    if (getValue(raw, steps) === undefined) continue;
    list.add(file.source, at(steps), {
      code: "conflicting-values",
      message: `raw_values.${steps.join(".")} would bypass the service's resources`,
      hint: "write resources: { vcpu, ram_gb, storage_gb } instead",
    });
  }
}

const hostLike = /[a-z0-9][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)+/g;
