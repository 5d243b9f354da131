import { expect, test } from "vitest";
import {
  planCatalogUpdate,
  planSchemaUpdate,
  writeUpdate,
} from "../../src/operations/catalog/update-catalog.ts";
import { edit, samplePlatform } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";
import { memoryWriter } from "../support/memory-writer.ts";

type Texts = Record<string, string>;

const chart = (version: string) => `apiVersion: v2\nname: app\nversion: "${version}"\n`;
const bundled = (version: string): Texts => ({
  "catalog/bundled.yaml": (samplePlatform()["catalog/web.yaml"] ?? "")
    .replace("https://charts.example.com", "file:charts")
    .replace("chart_name: web", "chart_name: app")
    .replace("1.2.3", version),
  "charts/app/Chart.yaml": chart(version),
});

function plan(files: Texts, { shipped, items = [] }: { shipped: Texts; items?: readonly string[] }) {
  return planCatalogUpdate({ tree: memoryTree(files), shipped: new Map(Object.entries(shipped)) }, { items });
}

function write(files: Texts, { shipped, items = [] }: { shipped: Texts; items?: readonly string[] }) {
  const writer = memoryWriter(files);
  const result = writeUpdate({ tree: memoryTree(files), writer }, plan(files, { shipped, items }).changes);
  return { result, written: writer.written };
}

test("tells new, different and equal files apart, and what is not shipped", () => {
  const files = samplePlatform();
  const web = files["catalog/web.yaml"] ?? "";
  const shipped = { "catalog/web.yaml": `${web}# newer\n`, "catalog/fresh.yaml": web };
  expect(plan(files, { shipped })).toEqual({
    changes: [
      { path: "catalog/fresh.yaml", item: "fresh", outcome: "new", before: undefined, after: web },
      { path: "catalog/web.yaml", item: "web", outcome: "differs", before: web, after: `${web}# newer\n` },
    ],
    unchanged: 0,
    notShipped: ["catalog/database.yaml"],
  });
  expect(plan(files, { shipped: { "catalog/web.yaml": web } })).toMatchObject({ changes: [], unchanged: 1 });
});

test("a named template comes alone, and one on a chart of the repository brings that chart", () => {
  const shipped = { ...bundled("2.0.0"), "catalog/fresh.yaml": samplePlatform()["catalog/web.yaml"] ?? "" };
  const pathsOf = (items: readonly string[]) =>
    plan(samplePlatform(), { shipped, items }).changes.map(({ path }) => path);
  expect(pathsOf(["fresh"])).toEqual(["catalog/fresh.yaml"]);
  expect(pathsOf(["bundled"])).toEqual(["catalog/bundled.yaml", "charts/app/Chart.yaml"]);
  expect(pathsOf(["charts/app"])).toEqual(["charts/app/Chart.yaml"]);
  expect(() => pathsOf(["fesh"])).toThrow(
    expect.objectContaining({ code: "not-found", hint: "did you mean fresh?" }),
  );
});

test("writes new and different files", () => {
  const files = samplePlatform();
  const shipped = edit({ ...files, ...bundled("2.0.0") }, "catalog/web.yaml", [
    "monthly_price: 3",
    "monthly_price: 4",
  ]);
  delete shipped["platform.yaml"];
  const { result, written } = write(files, { shipped });
  expect(result).toMatchObject({ ok: true, stalePins: 0 });
  expect(Object.keys(written).sort()).toEqual([
    "catalog/bundled.yaml",
    "catalog/web.yaml",
    "charts/app/Chart.yaml",
  ]);
});

test("an update that makes the platform invalid is refused whole", () => {
  const files = { ...samplePlatform(), ...bundled("1.0.0") };
  // the chart alone moves on, so the template's version is not there any more
  const { result, written } = write(files, { shipped: bundled("2.0.0"), items: ["charts/app"] });
  expect(result).toMatchObject({
    ok: false,
    problems: [{ code: "bad-chart-version", file: "catalog/bundled.yaml" }],
  });
  expect(written).toEqual({});
});

test("a service that pins the old version of a chart of the repository is counted, not a reason to refuse", () => {
  const files = { ...samplePlatform(), ...bundled("1.0.0") };
  files["workspaces/acme/own-01.yaml"] =
    'kind: CloudService\ntemplate_id: bundled\nname: Own\nchart_version: "1.0.0"\n';
  const { result, written } = write(files, { shipped: bundled("2.0.0"), items: ["bundled"] });
  expect(result).toEqual({ ok: true, problems: [], stalePins: 1 });
  expect(Object.keys(written)).toHaveLength(2);
});

test("a file that is there and cannot be read is never taken for a missing one", () => {
  const tree = memoryTree(samplePlatform(), { unreadable: { "catalog/fresh.yaml": "permission denied" } });
  const shipped = new Map([["catalog/fresh.yaml", "kind: CloudAppTemplate\n"]]);
  expect(() => planCatalogUpdate({ tree, shipped }, { items: [] })).toThrow(
    expect.objectContaining({ code: "unreadable", subject: "catalog/fresh.yaml" }),
  );
});

test("schemas are compared by their bytes", () => {
  const tree = memoryTree({ "schemas/a.schema.json": "{}\n", "schemas/b.schema.json": "{}\n" });
  const shipped = new Map([
    ["schemas/a.schema.json", "{}\n"],
    ["schemas/b.schema.json", '{ "a": 1 }\n'],
    ["schemas/c.schema.json", "{}\n"],
  ]);
  expect(planSchemaUpdate({ tree, shipped })).toMatchObject({
    unchanged: 1,
    changes: [
      { path: "schemas/b.schema.json", outcome: "differs" },
      { path: "schemas/c.schema.json", outcome: "new" },
    ],
  });
});
