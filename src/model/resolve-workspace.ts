import type { Definition } from "../definitions/definition.ts";
import { suggestHint } from "../definitions/suggest.ts";
import type { HostPlan } from "./hosts.ts";
import { namespaceName } from "./names.ts";
import type { ProblemList } from "./problem-list.ts";
import { formatAmount, quotaKeys, sumSizes } from "./quota-use.ts";
import { mergeQuota } from "./resolve-platform.ts";
import type { PlatformSettings } from "./resolve-platform.ts";
import type { Service } from "./service.ts";
import { roles } from "./workspace.ts";
import type { Quota, Role, Workspace } from "./workspace.ts";

/** Fills a workspace's defaults and compares its quota with what its services ask for. */
export function resolveWorkspace(
  definition: Definition<"Workspace">,
  context: {
    readonly settings: PlatformSettings;
    readonly hosts: HostPlan;
    readonly list: ProblemList;
    readonly services: readonly Service[];
    readonly clusters: readonly string[];
  },
): Workspace {
  const { settings, hosts, list, clusters } = context;
  const { value, source, id } = definition;
  const cluster = value.cluster ?? "default";
  if (!clusters.includes(cluster)) {
    list.add(source, value.cluster === undefined ? [] : ["cluster"], {
      code: "unknown-cluster",
      message:
        value.cluster === undefined
          ? `workspace ${id} names no cluster and platform.yaml has none called default`
          : `there is no cluster ${cluster} in platform.yaml`,
      hint: suggestHint(cluster, clusters),
    });
  }
  const quota = mergeQuota(settings.defaultQuota, value.quota);
  checkMaxQuota(definition, { settings, list });
  const services = [...context.services].sort((a, b) => (a.referenceId < b.referenceId ? -1 : 1));
  warnQuota(definition, { quota, services, list });
  return {
    id,
    name: value.name,
    cluster,
    namespace: namespaceName(id),
    quota,
    drift: value.drift ?? settings.drift,
    members: groupMembers(definition, list),
    hosts: services
      .flatMap((service) => hosts.byUnit.get(service.unit) ?? [])
      .map(({ host }) => host)
      .sort(),
    services,
  };
}

function groupMembers(definition: Definition<"Workspace">, list: ProblemList): Map<Role, string[]> {
  const byUser = new Map<string, Role>();
  for (const [index, member] of (definition.value.members ?? []).entries()) {
    if (byUser.has(member.user)) {
      list.add(definition.source, ["members", index, "user"], {
        code: "conflicting-values",
        message: `${member.user} is listed twice`,
        hint: "one role per person: the roles include each other (owner > admin > member > viewer)",
      });
    } else byUser.set(member.user, member.role);
  }
  const grouped = new Map<Role, string[]>();
  for (const role of roles) {
    const users = [...byUser].filter(([, has]) => has === role).map(([user]) => user);
    if (users.length > 0) grouped.set(role, users.sort());
  }
  return grouped;
}

/** What the file itself says; a default above the ceiling is a problem of platform.yaml. */
function checkMaxQuota(
  { value, source, id }: Definition<"Workspace">,
  { settings, list }: { settings: PlatformSettings; list: ProblemList },
): void {
  for (const { key, name } of quotaKeys) {
    const asked = value.quota?.[name];
    const most = settings.maxQuota[key];
    if (asked === undefined || most === undefined || asked <= most) continue;
    list.add(source, ["quota", name], {
      code: "quota-above-maximum",
      message: `${name} ${asked} of workspace ${id} is more than a workspace may have (${most})`,
      hint: `write ${most} or less; max_quota in platform.yaml says so`,
    });
  }
}

/** A warning only: plan refuses what adds to it, and needs the cluster to know what runs already. */
function warnQuota(
  definition: Definition<"Workspace">,
  { quota, services, list }: { quota: Quota; services: readonly Service[]; list: ProblemList },
): void {
  const asked = sumSizes(services.map(({ allocated }) => allocated));
  const over = quotaKeys
    .filter(({ key }) => asked[key] > quota[key])
    .map(({ key, name }) => [name, asked[key], quota[key]] as const);
  if (over.length === 0) return;
  const numbers = over
    .map(([key, asked, has]) => `${key} ${formatAmount(asked)} of ${formatAmount(has)}`)
    .join(", ");
  list.add(definition.source, definition.value.quota === undefined ? [] : ["quota"], {
    code: "quota-exceeded",
    severity: "warning",
    message: `the ${services.length} services of workspace ${definition.id} ask for more than its quota: ${numbers}`,
    hint: `raise it: quota: { ${over.map(([key, asked]) => `${key}: ${Math.ceil(asked)}`).join(", ")} }`,
  });
}
