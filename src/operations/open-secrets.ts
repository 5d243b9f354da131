import { problemAt } from "../definitions/problem.ts";
import type { Problem } from "../definitions/problem.ts";
import type { Json } from "../definitions/convert.ts";
import { isMapValue, parseHelmPath, setValue } from "../model/helm-values.ts";
import type { HelmValues } from "../model/helm-values.ts";
import { findForeignHosts } from "../model/foreign-hosts.ts";
import type { HostOwners } from "../model/foreign-hosts.ts";
import { findIsolationFaults, findUnsafeText } from "../model/isolation-values.ts";
import { allowsLines } from "../model/value-spec.ts";
import type { Service } from "../model/service.ts";
import type { AgeIdentity } from "../secrets/age-identity.ts";
import { openSecretValues } from "../secrets/open-secrets.ts";

/** What stands for a secret in manifests that were made without a key. */
export const secretPlaceholder = "woow-placeholder-secret-not-decrypted";

/** Decrypted secrets as nested chart values, or the problem that stands in the way. */
export type ServiceSecrets =
  { readonly ok: true; readonly values: HelmValues } | { readonly ok: false; readonly problem: Problem };

/** Opens a service's secrets. What they say is checked like raw_values: a cipher must not hide what is forbidden. */
export async function openServiceSecrets(
  service: Service,
  {
    identities,
    hostOwners,
  }: { readonly identities: readonly AgeIdentity[]; readonly hostOwners: HostOwners },
): Promise<ServiceSecrets> {
  const { secrets, source } = service;
  if (secrets === undefined) return { ok: true, values: {} };
  const opened = await openSecretValues({
    secretValues: secrets.values,
    sops: secrets.sops,
    identities,
    bind: service.unit,
  });
  if (!opened.ok) {
    const { code, message, hint, path } = opened.error;
    const place = source.locate(path.length > 0 ? path : ["secret_values"], "key");
    return { ok: false, problem: problemAt(place, { code, message: `${service.unit}: ${message}`, hint }) };
  }
  const values = nestValues(opened.values as { [key: string]: Json });
  // finding the place reads the file again, so only where there is something to say
  const place = () => source.locate(["secret_values"], "key");
  const [foreign] = findForeignHosts(values as Json, {
    owners: hostOwners,
    workspaceId: service.workspaceId,
  });
  if (foreign !== undefined) {
    const message = `secret_values: ${foreign.path.join(".")} names a host that belongs to another workspace`;
    return { ok: false, problem: problemAt(place(), { code: "foreign-host", message, hint: "remove it" }) };
  }
  const [fault] = [
    ...findIsolationFaults(values as Json, service.namespace),
    ...findUnsafeText(values as Json, allowsLines(service.template.specs)),
  ];
  if (fault === undefined) return { ok: true, values };
  const message = `secret_values: ${fault.message}`;
  return { ok: false, problem: problemAt(place(), { code: "isolation-value", message, hint: fault.hint }) };
}

/** The same shape with a placeholder in every place, for manifests that are made without a key. */
export function placeholderSecrets(service: Service): HelmValues {
  const values: { [key: string]: Json } = {};
  for (const path of service.secrets?.paths ?? [])
    setValue(values, parseHelmPath(path) ?? [path], secretPlaceholder);
  return values;
}

function nestValues(map: { [key: string]: Json }): HelmValues {
  const values: { [key: string]: Json } = {};
  const visit = (level: { [key: string]: Json }, head: readonly string[]): void => {
    for (const [key, item] of Object.entries(level)) {
      const steps = [...head, ...(parseHelmPath(key) ?? [key])];
      if (isMapValue(item)) visit(item as { [key: string]: Json }, steps);
      else setValue(values, steps, item);
    }
  };
  visit(map, []);
  return values;
}
