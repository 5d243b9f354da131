import type { ClusterDeps } from "../../../src/operations/cluster/cluster-deps.ts";
import { prepareRollback } from "../../../src/operations/cluster/rollback/prepare-rollback.ts";
import type { RollbackBrief } from "../../../src/operations/cluster/rollback/prepare-rollback.ts";
import { renderView } from "../../../src/operations/cluster/rollback/render-unit.ts";
import type { UnitView } from "../../../src/operations/cluster/rollback/render-unit.ts";
import { digestManifests } from "../../../src/record/digest-manifests.ts";
import type { Revision } from "../../../src/record/revision.ts";
import type { AgeIdentity } from "../../../src/secrets/age-identity.ts";
import { newRevision, revisionEnd } from "../../record/builders.ts";
import { identity, openText, tools } from "../../secrets/fixtures.ts";
import { memoryTree } from "../../support/memory-tree.ts";

type Files = Record<string, string>;

export interface RollbackWorld {
  /** As they are today. */
  files: Files;
  /** As the commit has them; files that differ are changed. */
  committed: Files;
  readonly history: Revision[];
  identities: readonly AgeIdentity[];
  /** Records a unit as the files make it now. */
  record(unit: string, more?: Partial<Revision>): Promise<Revision>;
  prepare(unit: string, number: number): ReturnType<typeof prepareRollback>;
  /** The brief of what must be possible. */
  brief(unit: string, number: number): Promise<RollbackBrief>;
  /** What a unit is with these files. */
  view(unit: string, files?: Files): Promise<UnitView>;
  /** The decrypted secrets of a text. */
  secrets(unit: string, text: string): Promise<Record<string, unknown>>;
}

const cluster = "default";

/** A repository in memory and its history. */
export function rollbackWorld(start: Readonly<Files>): RollbackWorld {
  const world: RollbackWorld = {
    files: { ...start },
    committed: { ...start },
    history: [],
    identities: [identity],
    record: async (unit, more = {}) => {
      const path = pathOf(unit);
      const template = /template_id: (\S+)/.exec(world.files[path] ?? "")?.[1];
      const paths = [
        path,
        `workspaces/${unit.split("/")[0] ?? ""}/workspace.yaml`,
        ...(template === undefined ? [] : [`catalog/${template}.yaml`]),
        "platform.yaml",
      ];
      const view = await world.view(unit);
      const revision: Revision = {
        ...newRevision(unit, {
          definition: { files: Object.fromEntries(paths.map((one) => [one, world.files[one] ?? ""])) },
          manifestDigest: digestManifests(view.manifests, view),
          chartVersion: view.service?.chartVersion,
        }),
        number: world.history.filter((one) => one.unit === unit).length + 1,
        end: revisionEnd(),
        ...more,
      };
      world.history.push(revision);
      return revision;
    },
    prepare: (unit, number) => prepareRollback(depsOf(world), { unit, number, cluster: undefined }),
    brief: async (unit, number) => {
      const prepared = await world.prepare(unit, number);
      if (!prepared.ok) throw new Error(JSON.stringify(prepared.problems));
      return prepared.brief;
    },
    view: async (unit, files = world.files) => {
      const rendered = await renderView(memoryTree(files), {
        unit,
        cluster,
        identities: () => world.identities,
      });
      if (!rendered.ok) throw new Error(JSON.stringify(rendered.problems));
      return rendered.view;
    },
    secrets: async (unit, text) => {
      const opened = await openText(text, { identities: world.identities, bind: unit });
      if (!opened.ok) throw new Error(opened.error.code);
      return opened.values;
    },
  };
  return world;
}

function pathOf(unit: string): string {
  return unit.includes("/") ? `workspaces/${unit}.yaml` : `workspaces/${unit}/workspace.yaml`;
}

function depsOf(world: RollbackWorld): ClusterDeps {
  const never = () => {
    throw new Error("preparing a rollback needs no cluster and writes nothing");
  };
  return {
    readTree: () => memoryTree(world.files),
    writer: { create: never, replace: never, remove: never },
    identities: () => world.identities,
    connect: never,
    openRevisions: () => ({
      kind: "local",
      begin: never,
      finish: never,
      list: async ({ unit }) => world.history.filter((one) => one.unit === unit),
    }),
    memory: { recall: never, remember: never },
    readGit: async () => ({
      commit: "0123abc",
      changedFiles: Object.keys({ ...world.files, ...world.committed }).filter(
        (path) => world.files[path] !== world.committed[path],
      ),
      absentFiles: [],
    }),
    readCommitted: async (path) => {
      const text = world.committed[path];
      return text === undefined ? undefined : new TextEncoder().encode(text);
    },
    clock: { nowMs: () => 0, monotonicMs: () => 0, sleep: never },
    randomBytes: tools.randomBytes,
    actor: "ada@desk",
    processName: "test",
    signal: new AbortController().signal,
    progress: () => undefined,
  };
}
