import { expect, test } from "vitest";
import { listOutdated } from "../../src/operations/catalog/list-outdated.ts";
import type { PinSelection } from "../../src/operations/catalog/list-outdated.ts";
import { append, edit, samplePlatform } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";
import type { Files } from "../support/memory-tree.ts";

const everything: PinSelection = { workspaces: [], services: [], templates: [] };
const pin = (version: string) =>
  ["workspaces/acme/web-01.yaml", ['"1.2.3"', JSON.stringify(version)]] as [string, [string, string]];

function report(files: Files, options: { shipped?: Files; selection?: Partial<PinSelection> } = {}) {
  const shipped = new Map(Object.entries(options.shipped ?? {}) as [string, string][]);
  return listOutdated(
    { tree: memoryTree(files), shipped },
    { selection: { ...everything, ...options.selection } },
  );
}

test("says nothing of what is at the catalog's version", () => {
  expect(report(samplePlatform())).toEqual({ services: [], templates: [], unread: [], current: 1 });
});

test.each([
  ["1.2.2", "behind"],
  ["1.10.0", "ahead"],
  ["1.2.3-rc.1", "behind"],
  ["v1.2.3", "differs"],
])("a pin %s is %s the catalog's 1.2.3", (version, relation) => {
  expect(report(edit(samplePlatform(), ...pin(version))).services).toEqual([
    {
      unit: "acme/web-01",
      file: "workspaces/acme/web-01.yaml",
      template: "web",
      pin: version,
      catalog: "1.2.3",
      relation,
    },
  ]);
});

test("a selection narrows the report, and what cannot be read is named", () => {
  const files = append(edit(samplePlatform(), ...pin("1.0.0")), "workspaces/acme/broken.yaml", "kind: [");
  expect(report(files).unread).toEqual(["acme/broken"]);
  expect(report(files).services).toHaveLength(1);
  expect(report(files, { selection: { workspaces: ["other"] } })).toMatchObject({ services: [], unread: [] });
  expect(report(files, { selection: { templates: ["database"] } }).services).toEqual([]);
  expect(report(files, { selection: { services: ["acme/web-01"], templates: ["web"] } })).toMatchObject({
    services: [{ unit: "acme/web-01" }],
    unread: [],
  });
});

test("reports on a platform that is not valid, whose pins may be the very problem", () => {
  const files = edit(edit(samplePlatform(), ...pin("1.0.0")), "platform.yaml", [
    "kind: Platform",
    "kind: Plat",
  ]);
  expect(report(files).services).toMatchObject([{ unit: "acme/web-01", relation: "behind" }]);
});

test("names templates that ship with another chart version, not those that only read differently", () => {
  const files = samplePlatform();
  const shipped = {
    "catalog/web.yaml": edit(files, "catalog/web.yaml", ['"1.2.3"', '"1.3.0"'])["catalog/web.yaml"] ?? "",
    "catalog/database.yaml": `# a comment\n${files["catalog/database.yaml"]}`,
    "catalog/new.yaml": "kind: CloudAppTemplate\n",
  };
  expect(report(files, { shipped }).templates).toEqual([
    { template: "web", version: "1.2.3", shipped: "1.3.0", relation: "behind" },
  ]);
});
