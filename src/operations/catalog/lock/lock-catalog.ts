import { lockFile } from "../../../definitions/layout.ts";
import { hasErrors } from "../../../definitions/problem.ts";
import { OperationError } from "../../../errors.ts";
import type { ImageResolver } from "../../charts/chart-fetcher.ts";
import type { Catalog } from "../load-catalog.ts";
import type { TemplateReport } from "../verify/verify-template.ts";
import { coordinatesOf, makeLock } from "./make-lock.ts";
import type { LockDifference, LockEntry } from "./make-lock.ts";
import { resolveImages } from "./resolve-images.ts";
import { writeLockText } from "./write-lock-text.ts";

export interface LockOptions {
  readonly catalog: Catalog;
  readonly reports: readonly TemplateReport[];
  /** Undefined: only compare. */
  readonly write:
    | {
        readonly images: ImageResolver;
        readonly digestsOnly: boolean | undefined;
        readonly acceptChanged: boolean;
      }
    | undefined;
}

/** How the lock file stands to what was verified, and what to write when that was asked for. */
export interface LockReport {
  /** When written: what was changed. */
  readonly differences: readonly LockDifference[];
  /** Of these, what stays wrong: nothing was locked, or something was refused. */
  readonly open: readonly LockDifference[];
  readonly charts: number;
  /** Images whose registry gave no digest. */
  readonly unresolved: readonly string[];
  readonly content:
    | {
        readonly text: string;
        readonly bytes: ReadonlyMap<string, Uint8Array>;
        readonly kept: ReadonlySet<string>;
      }
    | undefined;
}

/** True when the platform keeps a lock file, or must. */
export function needsLock({ charts, definitions, problems }: Catalog): boolean {
  return (
    charts === "verified" || definitions.lock !== undefined || problems.some(({ file }) => file === lockFile)
  );
}

/** Compares the lock file with what was verified, or brings it up to that. Errors: `refused` for one nobody can read. */
export async function lockCatalog({ catalog, reports, write }: LockOptions): Promise<LockReport> {
  const { lock } = catalog.definitions;
  if (lock === undefined && hasErrors(catalog.problems.filter(({ file }) => file === lockFile))) {
    throw new OperationError("refused", `${lockFile} cannot be read`, {
      subject: lockFile,
      hint: "mend it or bring it back from git; what it says is not thrown away",
    });
  }
  const previous: readonly LockEntry[] = lock?.value.charts ?? [];
  const draft = makeLock({
    previous,
    reports,
    digestsOnly: write?.digestsOnly,
    acceptChanged: write?.acceptChanged ?? false,
  });
  if (write === undefined) {
    const { differences, entries } = draft;
    return { differences, open: differences, charts: entries.length, unresolved: [], content: undefined };
  }
  const { entries, unresolved } = await resolveImages(
    write.images,
    draft.entries,
    new Set(reports.map(({ template }) => template)),
  );
  const isOpen = ({ code, chart }: LockDifference) =>
    code === "not-packed" || (code === "chart-changed" && isAsBefore(chart));
  const isAsBefore = (chart: string) => {
    const find = (all: readonly LockEntry[]) => all.find((entry) => describe(entry) === chart)?.sha256;
    return find(entries) === find(previous);
  };
  const contents = entries.filter(({ delivery }) => delivery === "content");
  return {
    differences: draft.differences,
    open: draft.differences.filter(isOpen),
    charts: entries.length,
    unresolved,
    content: {
      text: writeLockText(entries),
      bytes: draft.bytes,
      kept: new Set(contents.map(({ sha256 }) => sha256)),
    },
  };
}

function describe(entry: LockEntry): string {
  const { name, version, repository } = coordinatesOf(entry);
  return `${name} ${version} (${repository})`;
}
