import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import type { DefinitionWriter } from "../../definitions/definition-writer.ts";
import { parseDefinition } from "../../definitions/parse.ts";
import { compareText } from "../../definitions/problem.ts";
import type { Problem } from "../../definitions/problem.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { loadPlatform } from "../load-platform.ts";
import { findNewErrors } from "../new-problems.ts";
import { overlayTree } from "../overlay-tree.ts";

/**
 * A file that woow ships, beside the one in the repository. `differs` may be an older shipped one or the user's own
 * change: nobody recorded which, so it is never overwritten unasked.
 */
export interface ShippedChange {
  readonly path: string;
  /** What takes it: a template id, `charts/<name>`, or the file itself for a schema. */
  readonly item: string;
  readonly outcome: "new" | "differs";
  /** Undefined when the repository does not have the file. */
  readonly before: string | undefined;
  readonly after: string;
}

export interface ShippedUpdate {
  /** Sorted by path. */
  readonly changes: readonly ShippedChange[];
  readonly unchanged: number;
  /** Files of the repository that are not shipped (any more): templates of one's own, or removed ones. */
  readonly notShipped: readonly string[];
}

/**
 * What the shipped catalog and charts would bring. `items` names template ids and `charts/<name>`; a template on a
 * chart of the repository brings that chart along, because their versions must agree. Empty means everything.
 * Errors: `not-found` for an item that is not shipped; `unreadable`.
 */
export function planCatalogUpdate(
  { tree, shipped }: { readonly tree: DefinitionTree; readonly shipped: ReadonlyMap<string, string> },
  { items }: { readonly items: readonly string[] },
): ShippedUpdate {
  const wanted = items.length === 0 ? undefined : resolveItems(items, shipped);
  const update = planUpdate(tree, shipped);
  return {
    ...update,
    changes: update.changes.filter(({ item }) => wanted?.has(item) ?? true),
    notShipped:
      wanted !== undefined
        ? []
        : tree.entries
            .filter(
              ({ path, type }) => type !== "folder" && /^(catalog\/.*\.yaml$|charts\/[^/]+\/)/.test(path),
            )
            .map(({ path }) => path)
            .filter((path) => !shipped.has(path)),
  };
}

/** What newer schemas for editors would bring. Errors: `unreadable`. */
export function planSchemaUpdate(deps: {
  readonly tree: DefinitionTree;
  readonly shipped: ReadonlyMap<string, string>;
}): ShippedUpdate {
  return planUpdate(deps.tree, deps.shipped);
}

/** What became of an update: `problems` are new errors, and then nothing was written. */
export interface UpdateResult {
  readonly ok: boolean;
  readonly problems: readonly Problem[];
  /** Services whose pin must follow a chart of the repository: `woow upgrade` does it. */
  readonly stalePins: number;
}

/**
 * Writes the chosen changes, unless the platform would have an error it did not have before. A service that pins the
 * old version of a chart of the repository is no reason to refuse: only after the update it can be upgraded.
 * Errors: `changed-meanwhile`, `already-exists`, `not-writable`, `disk-full`.
 */
export function writeUpdate(
  { tree, writer }: { readonly tree: DefinitionTree; readonly writer: DefinitionWriter },
  changes: readonly ShippedChange[],
): UpdateResult {
  const overlay = overlayTree(tree, new Map(changes.map(({ path, after }) => [path, after])));
  const added = findNewErrors(loadPlatform(tree).problems, loadPlatform(overlay).problems);
  const refusing = added.filter(({ code }) => code !== "chart-version-unavailable");
  if (refusing.length > 0) return { ok: false, problems: refusing, stalePins: 0 };
  writeChanges(writer, changes);
  return { ok: true, problems: [], stalePins: added.length };
}

/**
 * Writes the chosen changes as they are.
 * Errors: `changed-meanwhile`, `already-exists`, `not-writable`, `disk-full`.
 */
export function writeChanges(writer: DefinitionWriter, changes: readonly ShippedChange[]): void {
  const news = changes.filter(({ before }) => before === undefined);
  const replaced = changes.flatMap(({ path, before, after }) =>
    before === undefined ? [] : [{ path, before, after }],
  );
  // first, because it checks every file before it writes one: what changed meanwhile stops all
  if (replaced.length > 0) writer.replace(replaced);
  if (news.length > 0) writer.create(new Map(news.map(({ path, after }) => [path, after])));
}

function planUpdate(tree: DefinitionTree, shipped: ReadonlyMap<string, string>): ShippedUpdate {
  const changes: ShippedChange[] = [];
  let unchanged = 0;
  for (const [path, after] of [...shipped].sort(([a], [b]) => compareText(a, b))) {
    const before = readPresent(tree, path);
    if (before === after) unchanged += 1;
    else {
      const outcome = before === undefined ? "new" : "differs";
      changes.push({ path, item: itemOf(path), outcome, before, after });
    }
  }
  return { changes, unchanged, notShipped: [] };
}

function readPresent(tree: DefinitionTree, path: string): string | undefined {
  const read = tree.read(path);
  if ("bytes" in read) return new TextDecoder("utf-8", { ignoreBOM: true }).decode(read.bytes);
  if (read.reason === notThere) return undefined;
  throw new OperationError("unreadable", `${path} cannot be read: ${read.reason}`, {
    subject: path,
    hint: "nothing was written; check its permissions",
  });
}

/** How a tree says that there is no such file. */
const notThere = "it is not there";

function itemOf(path: string): string {
  const [folder, name = ""] = path.split("/");
  if (folder === "charts") return `charts/${name}`;
  return folder === "catalog" ? name.replace(/\.yaml$/, "") : path;
}

function resolveItems(items: readonly string[], shipped: ReadonlyMap<string, string>): Set<string> {
  const known = new Set([...shipped.keys()].map(itemOf));
  const wanted = new Set<string>();
  for (const item of items) {
    if (!known.has(item)) {
      throw new OperationError("not-found", `woow ships no template ${item}`, {
        subject: item,
        hint: suggestHint(item, [...known]) ?? "without a name, everything that is shipped is compared",
      });
    }
    wanted.add(item);
    const chart = ownChartOf(shipped.get(`catalog/${item}.yaml`));
    if (chart !== undefined) wanted.add(`charts/${chart}`);
  }
  return wanted;
}

function ownChartOf(template: string | undefined): string | undefined {
  if (template === undefined) return undefined;
  const parsed = parseDefinition("catalog", template);
  if (!parsed.ok) return undefined;
  const chart = parsed.value["helm_chart"] as { repository?: unknown; chart_name?: unknown } | undefined;
  return chart?.repository === "file:charts" ? String(chart.chart_name) : undefined;
}
