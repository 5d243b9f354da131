import { expect, test } from "vitest";
import { readDefinitions } from "../../src/definitions/read-definitions.ts";
import { resolveModel } from "../../src/model/resolve.ts";
import { samplePlatform } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";

/** A service of a chart with one or two volumes whose sizes are values of the template. */
function resolve(keys: readonly string[], { values, more = "" }: { values: object; more?: string }) {
  const storage = keys.map((path) => ({ path, share: 1 / keys.length }));
  const specs = keys.map((key) => ({ key, label: "Size", type: "text" }));
  const files = {
    ...samplePlatform(),
    "catalog/probe.yaml": `kind: CloudAppTemplate
name: Probe
description: Volumes
category: database
helm_chart:
  repository: https://charts.example.com
  chart_name: probe
  chart_version: "1.0.0"
min_resources: { vcpu: 1, ram_gb: 1, storage_gb: 6 }
resource_keys: { storage: ${JSON.stringify(storage)} }
optional_values: ${JSON.stringify(specs)}
`,
    "workspaces/acme/probe-01.yaml": `kind: CloudService
template_id: probe
name: Probe
chart_version: "1.0.0"
helm_values: ${JSON.stringify(values)}
${more}`,
  };
  const read = readDefinitions(memoryTree(files));
  const { platform, problems } = resolveModel(read.definitions);
  const found = problems.filter(({ file }) => file === "workspaces/acme/probe-01.yaml");
  const service = platform?.clusters
    .flatMap(({ workspaces }) => workspaces.flatMap(({ services }) => services))
    .find(({ referenceId }) => referenceId === "probe-01");
  return {
    yaml: read.problems,
    problems: found.map(({ code, message }) => `${code}: ${message}`),
    storageGb: service?.allocated.storageGb,
    values: service?.serviceValues,
  };
}

test.each([
  ["900Pi", 900 * 1024 ** 2],
  ["9000G", 9e12 / 2 ** 30],
  ["9663676416", 9],
  ["2Ei", 2 * 1024 ** 3],
  ["1e12", 1e12 / 2 ** 30],
  ["8Gi", 8],
])("the size %s in helm_values counts as what Kubernetes reads in it", (text, storageGb) => {
  const found = resolve(["data.size"], { values: { "data.size": text } });
  expect(found).toMatchObject({ yaml: [], problems: [], storageGb, values: { data: { size: text } } });
});

test.each(["plenty", "8gi", "-1Gi", ""])("a size in helm_values that is none (%j) is a problem", (text) => {
  expect(resolve(["data.size"], { values: { "data.size": text } }).problems).toEqual([
    `bad-format: data.size is ${JSON.stringify(text)}, which is no size of a volume`,
  ]);
});

test("of several volumes the one whose size is in helm_values counts with it, the others with their share", () => {
  const keys = ["a.size", "b.size"];
  expect(resolve(keys, { values: { "a.size": "900Pi" } })).toMatchObject({
    problems: [],
    storageGb: 900 * 1024 ** 2 + 3,
    values: { a: { size: "900Pi" }, b: { size: "3Gi" } },
  });
  expect(resolve(keys, { values: { "a.size": "1Gi", "b.size": "2Gi" } }).storageGb).toBe(3);
  expect(resolve(keys, { values: {} }).storageGb).toBe(6);
  expect(resolve(keys, { values: { "b.size": "plenty" } }).problems).toEqual([
    'bad-format: b.size is "plenty", which is no size of a volume',
  ]);
  const both = { values: { "a.size": "900Pi" }, more: "resources: { storage_gb: 10 }\n" };
  expect(resolve(keys, both).problems).toEqual([
    "conflicting-values: storage_gb says 5 for a.size, helm_values a.size says 943718400",
  ]);
  expect(resolve(keys, { ...both, values: { "a.size": "5Gi" } })).toMatchObject({
    problems: [],
    storageGb: 10,
  });
});

test("a size that is written twice with different numbers is a problem", () => {
  const both = { values: { "data.size": "8Gi" }, more: "resources: { storage_gb: 10 }\n" };
  expect(resolve(["data.size"], both).problems).toEqual([
    "conflicting-values: storage_gb says 10, helm_values data.size says 8",
  ]);
});
