import { expect, test } from "vitest";
import { listCatalog } from "../../src/operations/catalog/list-catalog.ts";
import type { CatalogFilter } from "../../src/operations/catalog/list-catalog.ts";
import { loadCatalog } from "../../src/operations/catalog/load-catalog.ts";
import { showTemplate } from "../../src/operations/catalog/show-template.ts";
import { samplePlatform } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";

const template = (name: string, more: string) => `kind: CloudAppTemplate
name: ${name}
description: Made up
helm_chart: { repository: https://charts.example.com, chart_name: x, chart_version: "1.0.0" }
${more}`;

const catalog = loadCatalog(
  memoryTree({
    "platform.yaml": `${samplePlatform()["platform.yaml"]}currency: EUR\n`,
    "catalog/ghost.yaml": template("Ghost", "category: web\ntags: [CMS, Blog]\n"),
    "catalog/wiki.yaml": template("Straße Wiki", "category: web\ntags: [維基, cms]\n"),
    "catalog/jobs.yaml": template("Ｑueue", "category: automation\n"),
    "catalog/old.yaml": template("Old", "category: web\ntags: [cms]\nis_active: false\n"),
  }),
);

const ids = (filter: Partial<CatalogFilter>) =>
  listCatalog(catalog, { tags: [], all: false, ...filter }).map((entry) => entry.template.id);

test.each<[Partial<CatalogFilter>, string[]]>([
  [{}, ["ghost", "jobs", "wiki"]],
  [{ all: true }, ["ghost", "jobs", "old", "wiki"]],
  [{ search: "GHO" }, ["ghost"]],
  [{ search: " blog " }, ["ghost"]],
  [{ search: "STRASSE" }, ["wiki"]],
  [{ search: "維" }, ["wiki"]],
  [{ search: "queue" }, ["jobs"]],
  [{ search: "made up" }, []],
  [{ tags: ["Cms"] }, ["ghost", "wiki"]],
  [{ tags: ["cms", "blog"] }, ["ghost"]],
  [{ tags: ["cm"] }, []],
  [{ category: "web", search: "w" }, ["wiki"]],
])("%j", (filter, expected) => {
  expect(ids(filter)).toEqual(expected);
});

test("an unknown category is refused with the nearest one", () => {
  expect(() => ids({ category: "automaton" })).toThrow(
    expect.objectContaining({ code: "usage", hint: "did you mean automation?" }),
  );
});

test("a card has every default filled, and says how to order", () => {
  const shown = showTemplate(catalog, "ghost");
  expect(shown.card).toMatchObject({
    id: "ghost",
    currency: "EUR",
    monthly_price: 0,
    default_port: 80,
    is_active: true,
    min_resources: { vcpu: 1, ram_gb: 1, storage_gb: 5 },
  });
  expect(shown.card).not.toHaveProperty("kind");
  expect(shown.order).toBe("woow create service ghost -w WORKSPACE --subdomain NAME");
  const database = loadCatalog(memoryTree(samplePlatform()));
  expect(showTemplate(database, "database").order).toBe(
    "woow create service database -w WORKSPACE --set auth.database=TEXT",
  );
});
