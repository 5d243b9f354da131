import type { DefinitionTree } from "../definitions/definition-tree.ts";
import { sortProblems } from "../definitions/problem.ts";
import type { Problem } from "../definitions/problem.ts";
import { suggestHint } from "../definitions/suggest.ts";
import { OperationError } from "../errors.ts";
import { readHeader, writeHeader } from "../manifests/header.ts";
import type { FileHeader } from "../manifests/header.ts";
import type { ManifestFolder } from "../manifests/manifest-folder.ts";
import { unitAddress, unitFileName } from "../manifests/unit.ts";
import type { Platform } from "../model/platform.ts";
import type { AgeIdentity } from "../secrets/age-identity.ts";
import { loadPlatform } from "./load-platform.ts";
import { findUnverified } from "./charts/find-unverified.ts";
import { createRenderer } from "./render-units.ts";
import { coversAddress, selectedWorkspaces, selectUnits } from "./select-units.ts";
import type { Selection } from "./select-units.ts";

/** The outside world as publishing needs it. */
export interface PublishDeps {
  readonly tree: DefinitionTree;
  /** K3s' auto-deploy directory. */
  readonly folder: ManifestFolder;
  readonly identities: () => readonly AgeIdentity[];
  readonly progress: (done: number, total: number) => void;
  /** Milliseconds since the epoch, on the clock that stamps the folder's files. */
  readonly nowMs: number;
}

export interface PublishOptions {
  readonly selection: Selection;
  /** Units that are gone from git and may take their objects and volumes along. */
  readonly removeUnits: readonly string[];
}

/**
 * `tombstoned`: a comment-only file was written, K3s prunes the objects. `waiting`: K3s may not have read the
 * tombstone yet. `swept`: the tombstone was removed. `kept`: gone from git, but nobody named it for removal.
 */
export type PublishOutcome =
  "created" | "configured" | "unchanged" | "tombstoned" | "waiting" | "swept" | "kept";

export interface PublishedFile {
  readonly path: string;
  readonly unit: string;
  readonly outcome: PublishOutcome;
}

export type PublishResult =
  | { readonly ok: true; readonly files: readonly PublishedFile[]; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** K3s looks every 15 s; a tombstone younger than eight looks is left for it to read. */
export const tombstoneMinAgeMs = 120_000;

interface OwnFile {
  readonly path: string;
  readonly header: FileHeader;
  readonly modifiedMs: number;
}

/** Definitions -> K3s' auto-deploy directory. Removes nothing that was not named. */
export async function publishManifests(deps: PublishDeps, options: PublishOptions): Promise<PublishResult> {
  const { platform, problems } = loadPlatform(deps.tree, selectedWorkspaces(options.selection));
  if (platform === undefined) return { ok: false, problems };
  const selection = requireOneCluster(platform, options.selection);
  const { selected, prerequisites } = selectUnits(platform, selection);
  const present = new Map(deps.folder.list().map((file) => [file.path, file]));
  const units = [...prerequisites.filter((unit) => !present.has(unitFileName(unit))), ...selected];
  const defined = new Set([...selected, ...prerequisites].map(unitFileName));

  const own: OwnFile[] = [];
  for (const file of present.values()) {
    const header = file.text === undefined ? undefined : readHeader(file.text);
    if (header?.platform === platform.name)
      own.push({ path: file.path, header, modifiedMs: file.modifiedMs });
    else if (units.some((unit) => unitFileName(unit) === file.path))
      throw foreignFile(file.path, header, platform);
  }
  const gone = own.filter(({ path, header }) => !defined.has(path) && coversAddress(selection, header.unit));
  checkRemovals(options.removeUnits, { gone, own });

  const writes = new Map<string, string>();
  const files: PublishedFile[] = [];
  const failed: Problem[] = [...(await findUnverified(platform, units))];
  const render = createRenderer({ platform, identities: units.some(hasSecrets) ? deps.identities() : [] });
  for (const unit of units) {
    const rendered = await render(unit);
    if (!rendered.ok) {
      failed.push(...rendered.problems);
      continue;
    }
    const path = unitFileName(unit);
    const text = rendered.writeText();
    const before = present.get(path)?.text;
    const outcome = before === undefined ? "created" : before === text ? "unchanged" : "configured";
    if (outcome !== "unchanged") writes.set(path, text);
    files.push({ path, unit: unitAddress(unit), outcome });
    deps.progress(files.length, units.length);
  }
  if (failed.length > 0) return { ok: false, problems: sortProblems([...problems, ...failed]) };
  const removes: string[] = [];
  for (const { path, header, modifiedMs } of gone) {
    const { unit } = header;
    if (header.tombstone) {
      const old = deps.nowMs - modifiedMs >= tombstoneMinAgeMs;
      if (old) removes.push(path);
      files.push({ path, unit, outcome: old ? "swept" : "waiting" });
    } else if (options.removeUnits.includes(unit)) {
      writes.set(path, writeHeader({ platform: platform.name, unit, tombstone: true }));
      files.push({ path, unit, outcome: "tombstoned" });
    } else files.push({ path, unit, outcome: "kept" });
  }
  deps.folder.change({ writes, removes });
  return { ok: true, files, problems };
}

function hasSecrets(unit: { type: string; service?: { secrets: unknown } }): boolean {
  return unit.type === "service" && unit.service?.secrets !== undefined;
}

/** A directory belongs to one cluster; writing another one's units there would deploy them on the wrong machine. */
function requireOneCluster(platform: Platform, selection: Selection): Selection {
  const names = platform.clusters.map(({ name }) => name);
  if (selection.clusters.length === 1 || names.length === 1) {
    return { ...selection, clusters: selection.clusters.length === 1 ? selection.clusters : names };
  }
  throw new OperationError(
    "usage",
    "a manifests directory belongs to one cluster, and the platform has several",
    {
      hint: `name it: --cluster ${names.join(" or --cluster ")}`,
    },
  );
}

function foreignFile(path: string, header: FileHeader | undefined, platform: Platform): OperationError {
  const whose =
    header === undefined ? "was not written by woow" : `belongs to the platform ${header.platform}`;
  return new OperationError("foreign-file", `${path} ${whose}, so it is not overwritten`, {
    subject: path,
    hint: `nothing was changed; move the file away if ${platform.name} shall own that name`,
  });
}

/**
 * A Namespace that goes before its releases leaves what they own outside it, so a workspace is removed only after
 * its services, and the platform only after its workspaces.
 */
function checkRemovals(
  removeUnits: readonly string[],
  { gone, own }: { gone: readonly OwnFile[]; own: readonly OwnFile[] },
): void {
  const live = own.filter(({ header }) => !header.tombstone).map(({ header }) => header.unit);
  for (const unit of removeUnits) {
    if (!gone.some(({ header }) => header.unit === unit)) {
      const message = own.some(({ header }) => header.unit === unit)
        ? `${unit} is still defined in git, so it is not removed`
        : `there is no file of the unit ${unit} in this directory`;
      const goneUnits = gone.map(({ header }) => header.unit);
      throw new OperationError("usage", message, {
        subject: unit,
        hint:
          suggestHint(unit, goneUnits) ??
          "remove its definition first; the run names the units that are gone",
      });
    }
    const inside = live.filter((other) =>
      unit === "platform" ? other !== "platform" : other.startsWith(`${unit}/`),
    );
    if (inside.length === 0) continue;
    throw new OperationError("usage", `${unit} still holds ${inside.join(", ")}`, {
      subject: unit,
      hint: `remove those first, in a run of their own: ${inside.map((other) => `--remove-unit ${other}`).join(" ")}`,
    });
  }
}
