import type { DefinitionTree } from "../definitions/definition-tree.ts";
import { sortProblems } from "../definitions/problem.ts";
import type { Problem } from "../definitions/problem.ts";
import { OperationError } from "../errors.ts";
import { createFingerprints } from "../manifests/fingerprint.ts";
import { readHeader } from "../manifests/header.ts";
import type { ManifestFolder } from "../manifests/manifest-folder.ts";
import type { RenderCache, RenderRecord } from "../manifests/render-cache.ts";
import { unitAddress, unitFileName } from "../manifests/unit.ts";
import type { Unit } from "../manifests/unit.ts";
import type { Platform } from "../model/platform.ts";
import type { AgeIdentity } from "../secrets/age-identity.ts";
import { findUnverified } from "./charts/find-unverified.ts";
import { loadPlatform } from "./load-platform.ts";
import type { RenderedUnit } from "./render-units.ts";
import { coversAddress, selectedWorkspaces, selectUnits } from "./select-units.ts";
import type { Selection } from "./select-units.ts";

/** The outside world as synth needs it. */
export interface SynthDeps {
  readonly tree: DefinitionTree;
  /** dist/. */
  readonly folder: ManifestFolder;
  /** Read only when a selected service has secrets; errors `unreadable`, `secrets`. */
  readonly identities: () => readonly AgeIdentity[];
  /** Called after each rendered unit, for a progress line. */
  readonly progress: (done: number, total: number) => void;
  /** What an earlier run made; left out, every unit is rendered. */
  readonly cache?: RenderCache | undefined;
}

export interface SynthOptions {
  readonly selection: Selection;
  /** False: placeholders stand for the secrets, and no key is needed. */
  readonly withSecrets: boolean;
  /** False: only what was selected. Default true: a folder also gets what the selection needs and has not yet. */
  readonly withPrerequisites?: boolean;
}

export type FileOutcome = "created" | "configured" | "unchanged" | "pruned";

/** One file of dist/ and what became of it. */
export interface SynthFile {
  readonly path: string;
  readonly unit: string;
  readonly outcome: FileOutcome;
}

/** What synth did, or every problem that stopped it; then dist/ is as it was. */
export type SynthResult =
  | { readonly ok: true; readonly files: readonly SynthFile[]; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Definitions -> dist/. All or nothing: one problem anywhere and no file is touched. */
export async function synth(deps: SynthDeps, options: SynthOptions): Promise<SynthResult> {
  const { selection, withSecrets, withPrerequisites = true } = options;
  const { platform, problems } = loadPlatform(deps.tree, selectedWorkspaces(selection));
  if (platform === undefined) return { ok: false, problems };
  const { selected, prerequisites } = selectUnits(platform, selection);
  const present = new Map(deps.folder.list().map((file) => [file.path, file.text]));
  const missing = withPrerequisites ? prerequisites.filter((unit) => !present.has(pathOf(unit))) : [];
  const units = [...missing, ...selected];
  const unverified = await findUnverified(platform, units);
  if (unverified.length > 0) return { ok: false, problems: sortProblems([...problems, ...unverified]) };
  const needsKeys =
    withSecrets && units.some((unit) => unit.type === "service" && unit.service.secrets !== undefined);
  const identities = withSecrets ? (needsKeys ? deps.identities() : []) : undefined;
  const render = createLazyRenderer({ platform, identities });
  const fingerprint = createFingerprints(platform, { withSecrets });

  const files: SynthFile[] = [];
  const writes = new Map<string, string>();
  const failed: Problem[] = [];
  const records = new Map<string, RenderRecord>();
  for (const unit of units) {
    const path = pathOf(unit);
    const before = present.get(path);
    if (present.has(path) && (before === undefined || readHeader(before) === undefined))
      throw foreignFile(path);
    const input = deps.cache && fingerprint(unit);
    const known = deps.cache?.find(path);
    let text = before;
    if (
      text === undefined ||
      known === undefined ||
      known.input !== input ||
      known.output !== deps.cache?.sign(text) ||
      !mayOpen(unit, identities)
    ) {
      const rendered = await render(unit);
      if (!rendered.ok) {
        failed.push(...rendered.problems);
        continue;
      }
      text = rendered.writeText();
    }
    const outcome = before === undefined ? "created" : before === text ? "unchanged" : "configured";
    if (outcome !== "unchanged") writes.set(path, text);
    if (deps.cache !== undefined && input !== undefined)
      records.set(path, { input, output: deps.cache.sign(text) });
    files.push({ path, unit: unitAddress(unit), outcome });
    deps.progress(files.length, units.length);
  }
  if (failed.length > 0) return { ok: false, problems: sortProblems([...problems, ...failed]) };
  const wanted = new Set([...selected, ...prerequisites].map(pathOf));
  const removed = findRemoved(present, { wanted, selection });
  deps.folder.change({ writes, removes: removed.map(({ path }) => path) });
  for (const { path } of removed) present.delete(path);
  deps.cache?.save(withUntouched(deps.cache, { records, paths: [...present.keys()] }));
  return { ok: true, files: [...files, ...removed], problems };
}

/** Loads the constructs and cdk8s with them only when a unit must be rendered. */
function createLazyRenderer(options: {
  readonly platform: Platform;
  readonly identities: readonly AgeIdentity[] | undefined;
}): (unit: Unit) => Promise<RenderedUnit> {
  let render: ((unit: Unit) => Promise<RenderedUnit>) | undefined;
  return async (unit) => {
    render ??= (await import("./render-units.ts")).createRenderer(options);
    return render(unit);
  };
}

/**
 * False when a service's secrets are sealed for nobody whose key is at hand: then it is rendered, which says so, although
 * an earlier run could be remembered. A lost key shows on the next run, not when the service changes.
 */
function mayOpen(unit: Unit, identities: readonly AgeIdentity[] | undefined): boolean {
  if (identities === undefined || unit.type !== "service" || unit.service.secrets === undefined) return true;
  const { age } = unit.service.secrets.sops;
  return age.some((entry) => identities.some(({ recipient }) => recipient === entry.recipient.trim()));
}

/** A run that looked at a part of the platform keeps what is known of the rest. */
function withUntouched(
  cache: RenderCache,
  {
    records,
    paths,
  }: { readonly records: ReadonlyMap<string, RenderRecord>; readonly paths: readonly string[] },
): Map<string, RenderRecord> {
  const all = new Map(records);
  for (const path of paths) {
    const known = all.has(path) ? undefined : cache.find(path);
    if (known !== undefined) all.set(path, known);
  }
  return all;
}

function foreignFile(path: string): OperationError {
  return new OperationError("foreign-file", `${path} was not written by woow, so it is not overwritten`, {
    subject: path,
    hint: "nothing was changed; move the file away",
  });
}

/** Files of ours that no unit writes any more, as far as the selection reaches. */
function findRemoved(
  present: ReadonlyMap<string, string | undefined>,
  { wanted, selection }: { wanted: ReadonlySet<string>; selection: Selection },
): SynthFile[] {
  const removed: SynthFile[] = [];
  for (const [path, text] of present) {
    if (wanted.has(path) || text === undefined) continue;
    const header = readHeader(text);
    const [cluster = ""] = path.split("/");
    const reached = selection.clusters.length === 0 || selection.clusters.includes(cluster);
    if (header === undefined || !reached || !coversAddress(selection, header.unit)) continue;
    removed.push({ path, unit: header.unit, outcome: "pruned" });
  }
  return removed;
}

function pathOf(unit: Unit): string {
  return `${unit.cluster.name}/${unitFileName(unit)}`;
}
