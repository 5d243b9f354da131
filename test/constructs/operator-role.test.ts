import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { operatorName, operatorRules } from "../../src/constructs/operator-role.ts";
import { writeYaml } from "../../src/constructs/write-yaml.ts";
import { managedTypes } from "../../src/cluster/resource-types.ts";

const path = join(import.meta.dirname, "../../docs/operator-role.yaml");
const published = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name: operatorName },
  rules: operatorRules,
};

test("the published role is the one that is used (UPDATE_DOCS=1 writes it)", () => {
  const text = `# What woow apply and woow reconcile need: docs/reconcile.md, Rights.\n${writeYaml(published)}`;
  if (process.env["UPDATE_DOCS"] === "1" && process.env["CI"] !== "true") writeFileSync(path, text);
  expect(parse(readFileSync(path, "utf8"))).toEqual(JSON.parse(JSON.stringify(published)));
});

test("every kind we manage can be looked at and written", () => {
  for (const { apiVersion, plural } of managedTypes) {
    const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
    const verbs = operatorRules
      .filter(
        ({ apiGroups = [], resources = [], resourceNames }) =>
          resourceNames === undefined && apiGroups.includes(group) && resources.includes(plural),
      )
      .flatMap((rule) => rule.verbs);
    expect(verbs, plural).toEqual(
      expect.arrayContaining(["get", "list", "watch", "create", "patch", "delete"]),
    );
  }
});
