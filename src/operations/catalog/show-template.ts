import { formatHelmPath } from "../../model/helm-values.ts";
import type { ValueSpec } from "../../model/value-spec.ts";
import { findTemplate } from "./load-catalog.ts";
import type { Catalog, CatalogEntry } from "./load-catalog.ts";
import { makeCard } from "./template-card.ts";
import type { TemplateCard } from "./template-card.ts";

/** A template and how one orders it. */
export interface ShownTemplate {
  readonly entry: CatalogEntry;
  readonly card: TemplateCard;
  readonly required: readonly ValueSpec[];
  readonly optional: readonly ValueSpec[];
  /** The command line that makes a service of it; upper-case words are for the reader to fill in. */
  readonly order: string;
}

/** Errors: `not-found`, with the nearest id. */
export function showTemplate(catalog: Catalog, id: string): ShownTemplate {
  const entry = findTemplate(catalog, id);
  const { specs } = entry.template;
  return {
    entry,
    card: makeCard(entry, catalog.currency),
    required: specs.filter(({ required }) => required),
    optional: specs.filter(({ required }) => !required),
    order: orderLine(entry),
  };
}

function orderLine({ template }: CatalogEntry): string {
  const wanted = template.specs.filter(
    ({ required, type, defaultValue }) => required && type !== "password" && defaultValue === undefined,
  );
  const sets = wanted.map(({ steps, type }) => ` --set ${formatHelmPath(steps)}=${type.toUpperCase()}`);
  const host = template.ingressEnabled ? " --subdomain NAME" : "";
  return `woow create service ${template.id} -w WORKSPACE${host}${sets.join("")}`;
}
