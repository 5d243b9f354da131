import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SavedScene, Scene } from "./scene.ts";

/** A command that is killed, and how the scene looks before it. */
export interface Work {
  readonly name: string;
  readonly args: readonly string[];
  /** From a scene whose platform is applied and whose charts are installed. */
  readonly prepare: (scene: Scene) => Promise<void>;
  /** True: begins with an empty cluster. */
  readonly isFirst?: boolean;
  /** What it says when it finds that all was done before: exit status 1, and nothing is left. */
  readonly saysGone?: RegExp;
}

const now = ["--yes", "--wait=false"] as const;

/** What writes to a cluster: each is killed at every one of its requests. */
export const works: readonly Work[] = [
  { name: "first apply", args: ["apply", ...now], prepare: async () => undefined, isFirst: true },
  {
    name: "apply of changes",
    args: ["apply", ...now],
    async prepare({ dir }) {
      await edit(dir, "workspaces/a/web-01.yaml", (text) => text.replace("hello", "changed"));
      // without a host there is no Ingress: one object of a service that stays is pruned
      await edit(dir, "workspaces/a/web-02.yaml", (text) => text.replace(/subdomain: .*\n/, ""));
      await edit(dir, "workspaces/b/workspace.yaml", (text) => `${text}quota: { vcpu: 300 }\n`);
    },
  },
  {
    name: "apply that prunes",
    args: ["apply", ...now],
    prepare: async ({ dir }) => rm(join(dir, "workspaces/a/db-01.yaml")),
  },
  {
    name: "rollback",
    args: ["rollback", "a/web-01", "1", ...now],
    async prepare(scene) {
      await edit(scene.dir, "workspaces/a/web-01.yaml", (text) => text.replace("hello", "changed"));
      // what is rolled back from stands in git, as it does where people review
      await scene.commit();
      await scene.mustRun(["apply", ...now]);
    },
  },
  {
    name: "destroy that keeps data",
    args: ["destroy", "a/db-01", "--keep-data", "--yes"],
    saysGone: /there is no service a\/db-01/,
    prepare: async () => undefined,
  },
  {
    name: "destroy that deletes data",
    args: ["destroy", "a/db-01", "--delete-data", "--confirm", "a/db-01", "--yes"],
    saysGone: /there is no service a\/db-01/,
    prepare: async () => undefined,
  },
];

/** Where each work begins, by its name. */
export async function saveStarts(
  scene: Scene,
  wanted: readonly Work[] = works,
): Promise<ReadonlyMap<string, SavedScene>> {
  const empty = await scene.save();
  await scene.mustRun(["apply", ...now]);
  const installed = await scene.save();
  const starts = new Map<string, SavedScene>();
  for (const work of wanted) {
    await scene.restore(work.isFirst === true ? empty : installed);
    await work.prepare(scene);
    starts.set(work.name, await scene.save());
  }
  return starts;
}

export async function edit(dir: string, file: string, change: (text: string) => string): Promise<void> {
  const path = join(dir, file);
  const before = await readFile(path, "utf8");
  const after = change(before);
  if (after === before) throw new Error(`${file} does not have what was to be changed`);
  await writeFile(path, after);
}
