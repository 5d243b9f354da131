import { createHash } from "node:crypto";
import type { FileEdit } from "../../../definitions/definition-writer.ts";
import type { DefinitionTree } from "../../../definitions/definition-tree.ts";
import type { Problem } from "../../../definitions/problem.ts";
import { restoreDefinition } from "../../../definitions/restore-definition.ts";
import { OperationError } from "../../../errors.ts";
import type { Hold } from "../../../plan/inventory.ts";
import type { Revision } from "../../../record/revision.ts";
import { loadPlatform } from "../../load-platform.ts";
import { overlayTree } from "../../overlay-tree.ts";
import { loadServiceTemplate } from "../../secrets/secret-specs.ts";
import type { ClusterDeps } from "../cluster-deps.ts";
import { clusterOfUnit } from "../cluster-of-unit.ts";
import { openHistory } from "../open-history.ts";
import { unitFile } from "../unit-file.ts";
import { checkUnit, findRevision } from "./find-revision.ts";
import { keepLifecycle } from "./keep-lifecycle.ts";
import { readDefinitionValue, readExactText } from "./read-definition.ts";
import { reproduceService } from "./reproduce-service.ts";
import type { Reproduced } from "./reproduce-service.ts";
import { reproduceWorkspace } from "./reproduce-workspace.ts";
import { restoreSecrets } from "./restore-secrets.ts";

/** What a rollback will do to the repository, and what a person should know before saying yes. */
export interface RollbackBrief {
  readonly unit: string;
  readonly cluster: string;
  readonly to: Revision;
  readonly path: string;
  /** The definitions with the file as it will be. */
  readonly tree: DefinitionTree;
  /** Undefined when the file says it already. */
  readonly edit: FileEdit | undefined;
  /** True when the file is gone and comes back. */
  readonly isNew: boolean;
  /** Undefined when git says the same as the cluster will. */
  readonly hold: Hold | undefined;
  /** What cannot be brought back, what is pinned, what stays. Never holds a secret. */
  readonly notes: readonly string[];
}

export type PreparedRollback =
  | { readonly ok: true; readonly brief: RollbackBrief }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface RollbackTarget {
  readonly unit: string;
  readonly number: number;
  /** Name of the cluster; undefined: the workspace's. */
  readonly cluster: string | undefined;
}

/**
 * Finds the revision and makes the file that brings it back; writes nothing. Errors: those of findRevision and
 * reproduceService; `refused` for uncommitted edits in the file, `not-writable` for a symbolic link.
 */
export async function prepareRollback(deps: ClusterDeps, target: RollbackTarget): Promise<PreparedRollback> {
  const { unit, number } = target;
  checkUnit(unit);
  const tree = deps.readTree();
  // a problem in a workspace, this one's included, must not stand in the way of going back
  const { platform, problems } = loadPlatform(tree, []);
  if (platform === undefined) return { ok: false, problems };
  const cluster = clusterOfUnit(platform, target);
  const store = await openHistory(deps, { platform, cluster });
  const to = await findRevision(store, { cluster: cluster.name, unit, number });
  const path = unitFile(unit);
  checkLink(tree, path);
  const today = readExactText(tree, path);
  const made = await makeText(deps, { tree, to, path, today, cluster: cluster.name });
  if (!made.ok) return made;
  const text = today !== undefined && saysTheSame(today, made.text) ? today : made.text;
  const edit = text === today ? undefined : { path, before: today ?? "", after: text };
  if (edit !== undefined && today !== undefined) await checkCommitted(deps, path);
  return {
    ok: true,
    brief: {
      unit,
      cluster: cluster.name,
      to,
      path,
      tree: overlayTree(tree, new Map([[path, text]])),
      edit,
      isNew: today === undefined,
      hold: await makeHold(deps, { path, today, text, number }),
      notes: [...describeRevision(to), ...made.notes],
    },
  };
}

interface TextSource {
  readonly tree: DefinitionTree;
  readonly to: Revision;
  readonly path: string;
  /** Undefined when there is no file, or none that can be read. */
  readonly today: string | undefined;
  readonly cluster: string;
}

async function makeText(deps: ClusterDeps, source: TextSource): Promise<Reproduced> {
  const { tree, to, path, today, cluster } = source;
  const { unit } = to;
  const recorded = to.definition.files[path] ?? "";
  const edited = restoreDefinition(today, recorded);
  const restored = edited.ok ? edited : restoreDefinition(undefined, recorded);
  if (!restored.ok) {
    throw new OperationError(
      "refused",
      `what revision ${to.number} recorded is no definition: ${restored.reason}`,
      {
        subject: unit,
        hint: "choose another revision, or bring the file back with git",
      },
    );
  }
  const options = { tree, path, to, unit, cluster, identities: deps.identities };
  if (!unit.includes("/"))
    return reproduceWorkspace({ ...options, text: restored.text, template: undefined });
  const value = readDefinitionValue(restored.text);
  const file = { unit, workspaceId: "", path, mark: "", text: restored.text, value };
  const template = loadServiceTemplate(tree, file);
  const kept =
    today === undefined || template === undefined
      ? { text: restored.text, notes: [] }
      : keepLifecycle(restored.text, { today, template });
  const passwords = (template?.specs ?? []).filter(
    ({ type, lifecycle }) => type === "password" && lifecycle === "create_only",
  );
  const sealed = await restoreSecrets({
    ...options,
    text: kept.text,
    recorded,
    createOnly: passwords.map(({ steps }) => steps),
    tools: { randomBytes: deps.randomBytes, now: () => new Date(deps.clock.nowMs()) },
  });
  if (!sealed.ok) return sealed;
  const reproduced = await reproduceService({ ...options, text: sealed.text, template });
  if (!reproduced.ok) return reproduced;
  const data = "data stays as it is: a rollback brings back settings, not what volumes and databases hold";
  return { ...reproduced, notes: [data, ...kept.notes, ...sealed.notes, ...reproduced.notes] };
}

function checkLink(tree: DefinitionTree, path: string): void {
  const entry = tree.entries.find((one) => one.path === path);
  if (entry === undefined || entry.type === "file") return;
  throw new OperationError("not-writable", `${path} is not a plain file, so it is not written`, {
    subject: path,
    hint: "put the file itself in its place",
  });
}

/** Errors: `refused`. */
async function checkCommitted(deps: ClusterDeps, path: string): Promise<void> {
  const { changedFiles } = await deps.readGit();
  if (!changedFiles.includes(path)) return;
  throw new OperationError(
    "refused",
    `${path} has changes that no commit holds; a rollback would overwrite them`,
    {
      subject: path,
      hint: `git diff ${path} shows them; commit or undo them, then roll back again`,
    },
  );
}

/** The unit is on hold while git says something else than the cluster, so that following git does not undo it. */
async function makeHold(
  deps: ClusterDeps,
  file: {
    readonly path: string;
    readonly today: string | undefined;
    readonly text: string;
    readonly number: number;
  },
): Promise<Hold | undefined> {
  const committed = await deps.readCommitted(file.path);
  const inGit = committed ?? file.today ?? "";
  if (hash(inGit) === hash(file.text)) return undefined;
  return {
    type: "rollback",
    by: deps.actor,
    at: new Date(deps.clock.nowMs()).toISOString(),
    revision: file.number,
    whileDefinition: hash(inGit),
  };
}

/** As DesiredUnit.definitionHash: of the bytes. */
function hash(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Doing it again changes nothing, not even how a list is laid out. */
function saysTheSame(a: string, b: string): boolean {
  return JSON.stringify(sorted(readDefinitionValue(a))) === JSON.stringify(sorted(readDefinitionValue(b)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function describeRevision({ number, unit, startedAt, end, chartVersion, origin }: Revision): string[] {
  const outcome = end?.outcome ?? "interrupted";
  const helm = end?.helmRevision === undefined ? "" : `, Helm's revision ${end.helmRevision} then`;
  const chart = chartVersion === undefined ? "" : `, chart ${chartVersion}`;
  const commit = origin.gitCommit === undefined ? "" : `, commit ${origin.gitCommit.slice(0, 12)}`;
  const head = `${unit} goes back to revision ${number} of ${startedAt} (${outcome}${chart}${helm}${commit})`;
  const never = outcome === "running" || outcome === "applied" ? [] : [`revision ${number} was ${outcome}`];
  return [head, ...never];
}
