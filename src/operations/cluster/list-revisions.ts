import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { listUnits, unitAddress } from "../../manifests/unit.ts";
import type { Revision } from "../../record/revision.ts";
import { loadPlatform } from "../load-platform.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import { clusterOfUnit } from "./cluster-of-unit.ts";
import { openHistory } from "./open-history.ts";
import { checkUnit } from "./rollback/find-revision.ts";

export interface ListRevisionsOptions {
  /** Undefined: all units. */
  readonly unit: string | undefined;
  /** Name of the cluster; undefined: the unit's, or the only one. */
  readonly cluster: string | undefined;
  /** Only so many of each unit, the newest ones. */
  readonly newest?: number | undefined;
}

export interface RevisionList {
  readonly cluster: string;
  /** Where the history is kept. */
  readonly kind: "local" | "cluster";
  /** By unit, then number. */
  readonly revisions: readonly Revision[];
}

/**
 * The history of a cluster. Reaches for the cluster only where the records are kept there. Errors: `not-found` for a
 * unit that is neither defined nor recorded, `unreadable` when
 * platform.yaml or the catalog has problems, or a record is damaged; `usage`; those of ClusterClient.
 */
export async function listRevisions(deps: ClusterDeps, options: ListRevisionsOptions): Promise<RevisionList> {
  if (options.unit !== undefined) checkUnit(options.unit);
  const { platform, definitions } = loadPlatform(deps.readTree(), []);
  if (platform === undefined) {
    throw new OperationError("unreadable", "platform.yaml or the catalog has problems", {
      subject: "platform.yaml",
      hint: "woow validate shows them",
    });
  }
  const cluster = clusterOfUnit(platform, options);
  const store = await openHistory(deps, { platform, cluster });
  const { unit, newest } = options;
  const revisions = await store.list({ cluster: cluster.name, unit, newest });
  if (unit !== undefined && revisions.length === 0) {
    const defined = [...listUnits(platform)].map(unitAddress);
    if (!defined.includes(unit) && !definitions.present.has(unit)) {
      const recorded = await store.list({ cluster: cluster.name, newest: 1 });
      throw unknownUnit(unit, [...new Set([...defined, ...recorded.map((revision) => revision.unit)])]);
    }
  }
  return { cluster: cluster.name, kind: store.kind, revisions };
}

function unknownUnit(unit: string, known: readonly string[]): OperationError {
  return new OperationError(
    "not-found",
    `there is no ${unit}: it is not defined, and nothing is recorded of it`,
    {
      subject: unit,
      hint: suggestHint(unit, known) ?? "woow revisions without a unit shows what is recorded",
    },
  );
}

/** One revision of a unit. Errors: `not-found` with the numbers there are; those of listRevisions. */
export async function getRevision(
  deps: ClusterDeps,
  { number, ...options }: ListRevisionsOptions & { readonly unit: string; readonly number: number },
): Promise<Revision> {
  const { revisions } = await listRevisions(deps, options);
  const found = revisions.find((revision) => revision.number === number);
  if (found !== undefined) return found;
  const numbers = revisions.map((revision) => revision.number).join(", ");
  throw new OperationError("not-found", `${options.unit} has no revision ${number}`, {
    subject: options.unit,
    hint: numbers === "" ? "nothing is recorded of it; woow revisions shows what is" : `it has ${numbers}`,
  });
}
