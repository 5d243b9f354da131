import { expect, test } from "vitest";
import { checkValues } from "../../src/plan/service/check-values.ts";
import type { ValuesPair } from "../../src/plan/service/check-values.ts";

function codesFor(before: string, after: string): string[] {
  const service = { createOnlyKeys: [], expandOnlyKeys: ["data.size"], storageKeys: ["data.size"] };
  const pair = {
    unit: "acme/db-01",
    ref: { apiVersion: "helm.cattle.io/v1", kind: "HelmChart", namespace: "paas-charts", name: "made-up" },
    service,
    live: { data: { size: before } },
    desired: { data: { size: after } },
  };
  return checkValues(pair as unknown as ValuesPair).map(({ code }) => code);
}

test.each([
  ["900Pi", "1Ei"],
  ["1E", "1Ei"],
  ["8Gi", "1e12"],
  ["8589934592", "8Gi"],
])("a volume may grow from %s to %s, in whatever units both are written", (small, large) => {
  expect(codesFor(small, large)).toEqual([]);
});

test.each([
  ["1Ei", "900Pi"],
  ["1e12", "8Gi"],
])("and does not shrink from %s to %s", (large, small) => {
  expect(codesFor(large, small)).toEqual(["shrink"]);
});
