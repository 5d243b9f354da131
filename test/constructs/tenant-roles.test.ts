import { App, Chart } from "cdk8s";
import { expect, test } from "vitest";
import { clusterRoleName, TenantRoles } from "../../src/constructs/tenant-roles.ts";
import { roles } from "../../src/model/workspace.ts";
import { cellKey, readRoleTable } from "../support/role-table.ts";

interface ClusterRole {
  readonly metadata: { readonly name: string };
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
  readonly aggregationRule?: unknown;
}

const chart = new Chart(new App(), "roles");
new TenantRoles(chart, "roles");
const made = chart.toJson() as ClusterRole[];

test.each(roles)("ClusterRole woow-%s holds what docs/roles.md says, no more and no less", (role) => {
  const found = made.find(({ metadata }) => metadata.name === clusterRoleName(role));
  expect(found?.aggregationRule).toBeUndefined();
  const held = (found?.rules ?? []).flatMap(({ apiGroups, resources, verbs, resourceNames }) => {
    expect(resourceNames).toBeUndefined();
    return apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => cellKey({ group, resource, verb }))),
    );
  });
  expect(new Set(held)).toEqual(readRoleTable().get(role));
});
