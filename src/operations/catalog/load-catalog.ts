import type { Definition, Definitions } from "../../definitions/definition.ts";
import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import { hasErrors, sortProblems } from "../../definitions/problem.ts";
import type { Problem } from "../../definitions/problem.ts";
import { readDefinitions } from "../../definitions/read-definitions.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import type { Cluster, Platform } from "../../model/platform.ts";
import { resolveModel } from "../../model/resolve.ts";
import type { Template } from "../../model/template.ts";

/** One template, as written and as resolved. */
export interface CatalogEntry {
  readonly definition: Definition<"CloudAppTemplate">;
  readonly template: Template;
}

/** The catalog of a repository, without its workspaces: what is wrong with a service does not hide an app. */
export interface Catalog {
  /** Templates without errors, sorted by id. */
  readonly entries: readonly CatalogEntry[];
  /** ISO 4217; the specification's USD where platform.yaml does not say. */
  readonly currency: string;
  /** Empty when platform.yaml cannot be used. */
  readonly clusters: readonly Cluster[];
  /** Which charts the platform lets run. */
  readonly charts: Platform["charts"];
  /** Chart versions that services pin, by template; sorted. */
  readonly pins: ReadonlyMap<string, readonly string[]>;
  /** Platform, templates and charts; no workspaces. */
  readonly definitions: Definitions;
  /** Problems of platform.yaml, catalog/ and charts/, sorted by place. */
  readonly problems: readonly Problem[];
}

/** Reads platform.yaml, catalog/ and charts/. Never throws for bad input. */
export function loadCatalog(tree: DefinitionTree): Catalog {
  const read = readDefinitions(tree);
  const definitions: Definitions = {
    ...read.definitions,
    workspaces: new Map(),
    services: [],
    domains: undefined,
    present: new Set(),
  };
  const entries: CatalogEntry[] = [];
  const found: Problem[] = read.problems.filter(
    ({ file }) => !file.startsWith("workspaces/") && file !== "workspaces" && file !== "domains.yaml",
  );
  const { platform, problems } = resolveModel(definitions);
  found.push(...problems);
  const broken = new Set(problems.filter(({ severity }) => severity === "error").map(({ file }) => file));
  for (const [id, definition] of [...definitions.templates].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const template = platform?.templates.get(id);
    if (template !== undefined && !broken.has(definition.source.file)) entries.push({ definition, template });
  }
  return {
    entries,
    currency: platform?.currency ?? "USD",
    clusters: platform?.clusters ?? [],
    charts: platform?.charts ?? "any",
    pins: listPins(read.definitions),
    definitions,
    problems: sortProblems(found),
  };
}

function listPins({ services }: Definitions): Map<string, readonly string[]> {
  const byTemplate = Map.groupBy(services, ({ value }) => value.template_id);
  const versionsOf = (files: typeof services) =>
    [...new Set(files.flatMap(({ value }) => value.chart_version ?? []))].sort();
  return new Map([...byTemplate].map(([template, files]) => [template, versionsOf(files)]));
}

/** True when something of the catalog itself could not be used. */
export function isCatalogBroken({ problems }: Catalog): boolean {
  return hasErrors(problems);
}

/**
 * The templates with these ids, all when none is named.
 * Errors: `not-found` for an id that is not in the catalog, with the nearest one.
 */
export function selectTemplates(catalog: Catalog, ids: readonly string[]): readonly CatalogEntry[] {
  if (ids.length === 0) return catalog.entries;
  return [...new Set(ids)].map((id) => findTemplate(catalog, id));
}

/** Errors: `not-found`, with the nearest id. */
export function findTemplate(catalog: Catalog, id: string): CatalogEntry {
  const entry = catalog.entries.find(({ template }) => template.id === id);
  if (entry !== undefined) return entry;
  const isWritten = catalog.definitions.templates.has(id);
  throw new OperationError(
    "not-found",
    isWritten ? `catalog/${id}.yaml has problems` : `there is no usable template ${id} in catalog/`,
    {
      subject: id,
      hint: isWritten
        ? "woow validate shows them"
        : (suggestHint(
            id,
            catalog.entries.map(({ template }) => template.id),
          ) ?? "woow catalog list shows what there is"),
    },
  );
}
