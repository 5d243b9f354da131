import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { categories } from "../../model/template.ts";
import type { Template } from "../../model/template.ts";
import type { Catalog, CatalogEntry } from "./load-catalog.ts";

export interface CatalogFilter {
  /** Part of the id, the name or a tag. */
  readonly search?: string | undefined;
  /** Every one of them must be there. */
  readonly tags: readonly string[];
  readonly category?: string | undefined;
  /** Inactive templates too. */
  readonly all: boolean;
}

/**
 * The templates a filter lets through, sorted by id. Case and width of letters do not count.
 * Errors: `usage` for a category there is none of, with the nearest one.
 */
export function listCatalog(catalog: Catalog, filter: CatalogFilter): CatalogEntry[] {
  const { category } = filter;
  if (category !== undefined && !(categories as readonly string[]).includes(category)) {
    throw new OperationError("usage", `there is no category ${category}`, {
      subject: category,
      hint: suggestHint(category, categories),
    });
  }
  const search = foldText(filter.search ?? "");
  const tags = filter.tags.map(foldText);
  return catalog.entries.filter(({ template }) => {
    if (!template.isActive && !filter.all) return false;
    if (category !== undefined && template.category !== category) return false;
    const own = template.tags.map(foldText);
    return tags.every((tag) => own.includes(tag)) && matches(template, search);
  });
}

function matches(template: Template, search: string): boolean {
  return [template.id, template.name, ...template.tags].some((text) => foldText(text).includes(search));
}

/** Letters that look alike to a person compare equal: full-width, composed and upper-case forms. */
function foldText(text: string): string {
  return text.trim().normalize("NFKC").toUpperCase().toLowerCase();
}
