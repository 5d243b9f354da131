import type { Definitions, ServiceFile } from "../../definitions/definition.ts";
import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import { compareText } from "../../definitions/problem.ts";
import { parseDefinition } from "../../definitions/parse.ts";
import { readDefinitions } from "../../definitions/read-definitions.ts";
import { relateVersions } from "../../model/compare-versions.ts";
import type { VersionRelation } from "../../model/compare-versions.ts";
import { serviceUnit } from "../../model/names.ts";

/** A service whose pin is not the catalog's version. */
export interface OutdatedService {
  readonly unit: string;
  readonly file: string;
  readonly template: string;
  /** `chart_version` of the service. */
  readonly pin: string;
  /** `chart_version` of the template. */
  readonly catalog: string;
  /** How the pin stands to the catalog; never `same`. */
  readonly relation: VersionRelation;
}

/** A template that the running woow ships with another chart version. */
export interface OutdatedTemplate {
  readonly template: string;
  readonly version: string;
  readonly shipped: string;
  /** How the repository's template stands to the shipped one; never `same`. */
  readonly relation: VersionRelation;
}

export interface OutdatedReport {
  readonly services: readonly OutdatedService[];
  readonly templates: readonly OutdatedTemplate[];
  /** How many of the services asked for are at the catalog's version. */
  readonly current: number;
  /** Services that could not be judged, because their file or their template has problems. */
  readonly unread: readonly string[];
}

/** What a report or an upgrade is about; empty lists mean everything. */
export interface PinSelection {
  readonly workspaces: readonly string[];
  /** `WORKSPACE/REFERENCE_ID`. */
  readonly services: readonly string[];
  readonly templates: readonly string[];
}

/**
 * Pins that are not the catalog's version, and templates that are not the shipped version. Reads the files as they
 * are: a platform with problems gets a report too, because an outdated pin can be the problem.
 */
export function listOutdated(
  deps: { readonly tree: DefinitionTree; readonly shipped: ReadonlyMap<string, string> },
  { selection }: { readonly selection: PinSelection },
): OutdatedReport {
  const { definitions } = readDefinitions(deps.tree);
  const all = listPins(definitions);
  const pins = all.filter((pin) => selectsPin(selection, pin));
  const readable = new Set(all.map(({ unit }) => unit));
  const unread = [...definitions.present].filter((unit) => {
    const [workspace = "", reference] = unit.split("/");
    if (reference === undefined || readable.has(unit)) return false;
    return selectsPin({ ...selection, templates: [] }, { unit, workspace, template: "" });
  });
  return {
    services: pins
      .filter(({ relation }) => relation !== "same")
      .map(({ unit, source, template, pin, catalog, relation }) => ({
        unit,
        file: source.file,
        template,
        pin,
        catalog,
        relation,
      })),
    templates: listTemplates(definitions, deps.shipped).filter(
      ({ template }) => selection.templates.length === 0 || selection.templates.includes(template),
    ),
    current: pins.filter(({ relation }) => relation === "same").length,
    unread: unread.sort(compareText),
  };
}

/** A service file with its pin beside the catalog's version. */
export interface Pin {
  readonly unit: string;
  readonly workspace: string;
  readonly template: string;
  readonly pin: string;
  readonly catalog: string;
  readonly relation: VersionRelation;
  readonly source: ServiceFile["source"];
}

/** The pins of all readable services with a readable template, in unit order: clusters by name, then units. */
export function listPins(definitions: Definitions): Pin[] {
  const clusterOf = (workspaceId: string) =>
    definitions.workspaces.get(workspaceId)?.value.cluster ?? "default";
  return [...definitions.services]
    .sort(
      (a, b) =>
        compareText(clusterOf(a.workspaceId), clusterOf(b.workspaceId)) ||
        compareText(a.workspaceId, b.workspaceId) ||
        compareText(a.id, b.id),
    )
    .flatMap(({ workspaceId, id, value, source }) => {
      const catalog = definitions.templates.get(value.template_id)?.value.helm_chart.chart_version;
      if (catalog === undefined) return [];
      return {
        unit: serviceUnit(workspaceId, id),
        workspace: workspaceId,
        template: value.template_id,
        pin: value.chart_version,
        catalog,
        relation: relateVersions(value.chart_version, catalog),
        source,
      };
    });
}

/** True when the selection names the pin's service, its workspace or its template, or nothing at all. */
export function selectsPin(
  { workspaces, services, templates }: PinSelection,
  pin: { readonly unit: string; readonly workspace: string; readonly template: string },
): boolean {
  const whole = workspaces.length + services.length === 0;
  const placed = whole || workspaces.includes(pin.workspace) || services.includes(pin.unit);
  return placed && (templates.length === 0 || templates.includes(pin.template));
}

function listTemplates(
  definitions: Definitions,
  shipped: ReadonlyMap<string, string>,
): readonly OutdatedTemplate[] {
  const found: OutdatedTemplate[] = [];
  for (const [id, { value, source }] of definitions.templates) {
    const text = shipped.get(source.file);
    // the same bytes need no parsing: by far the usual case
    if (text === undefined || text === source.text) continue;
    const parsed = parseDefinition(source.file, text);
    const chart = parsed.ok
      ? (parsed.value["helm_chart"] as { chart_version?: unknown } | undefined)
      : undefined;
    const newest = chart?.chart_version;
    if (typeof newest !== "string") continue;
    const { chart_version: version } = value.helm_chart;
    const relation = relateVersions(version, newest);
    if (relation !== "same") found.push({ template: id, version, shipped: newest, relation });
  }
  return found;
}
