import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gitState } from "../../src/edges/git.ts";

let root: string;

const git = async (...args: string[]) => {
  const identity = [
    "-c",
    "user.name=Ada",
    "-c",
    "user.email=ada@example.invalid",
    "-c",
    "commit.gpgsign=false",
  ];
  const { stdout } = await execa("git", [...identity, ...args], { cwd: root });
  return stdout;
};

const write = async (path: string, text: string) => {
  await mkdir(join(root, path, ".."), { recursive: true });
  await writeFile(join(root, path), text);
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "woow-git-"));
});

afterEach(() => rm(root, { recursive: true, force: true }));

describe("what git says", () => {
  test("outside a repository: nothing", async () => {
    expect(await gitState(root)).toEqual({ commit: undefined, changedFiles: [], absentFiles: [] });
  });

  test("before the first commit every file is new", async () => {
    await git("init", "-q");
    await write("platform.yaml", "kind: Platform\n");
    expect(await gitState(root)).toEqual({
      commit: undefined,
      changedFiles: ["platform.yaml"],
      absentFiles: [],
    });
  });

  test("the commit, and what differs from it: changed, new, removed, staged; not what is ignored", async () => {
    await git("init", "-q");
    await write(".gitignore", ".woow/\n");
    for (const name of ["a", "b", "c", "d"]) await write(`workspaces/acme/${name}.yaml`, `name: ${name}\n`);
    await git("add", "-A");
    await git("commit", "-q", "-m", "first");
    const clean = await gitState(root);
    expect(clean).toEqual({ commit: await git("rev-parse", "HEAD"), changedFiles: [], absentFiles: [] });

    await write("workspaces/acme/a.yaml", "name: other\n");
    await rm(join(root, "workspaces/acme/b.yaml"));
    await write("workspaces/acme/c.yaml", "name: staged\n");
    await git("add", "workspaces/acme/c.yaml");
    await write("workspaces/acme/日本 new.yaml", "name: new\n");
    await write(".woow/clusters.json", "{}\n");
    expect((await gitState(root)).changedFiles).toEqual([
      "workspaces/acme/a.yaml",
      "workspaces/acme/b.yaml",
      "workspaces/acme/c.yaml",
      "workspaces/acme/日本 new.yaml",
    ]);
  });

  test("a rename is a file that went and one that came", async () => {
    await git("init", "-q");
    await write("workspaces/acme/a.yaml", "name: a\nother: b\n");
    await git("add", "-A");
    await git("commit", "-q", "-m", "first");
    await git("mv", "workspaces/acme/a.yaml", "workspaces/acme/b.yaml");
    expect((await gitState(root)).changedFiles).toEqual(["workspaces/acme/a.yaml", "workspaces/acme/b.yaml"]);
  });

  test("a platform in a folder of a larger repository: its own files, named from itself", async () => {
    await git("init", "-q");
    await write("deploy/platform.yaml", "kind: Platform\n");
    await write("app/main.ts", "1\n");
    await git("add", "-A");
    await git("commit", "-q", "-m", "first");
    await write("deploy/platform.yaml", "kind: Platform\nname: x\n");
    await write("app/main.ts", "2\n");
    expect((await gitState(join(root, "deploy"))).changedFiles).toEqual(["platform.yaml"]);
  });

  test("what a sparse checkout left out is absent, not changed", async () => {
    await git("init", "-q");
    await write("platform.yaml", "kind: Platform\n");
    await write("workspaces/acme/a.yaml", "name: a\n");
    await write("workspaces/beta/a.yaml", "name: a\n");
    await git("add", "-A");
    await git("commit", "-q", "-m", "first");
    await git("sparse-checkout", "set", "workspaces/acme");
    expect(await gitState(root)).toMatchObject({
      changedFiles: [],
      absentFiles: ["workspaces/beta/a.yaml"],
    });
  });

  test("a repository git cannot read is an error, not a clean one", async () => {
    await git("init", "-q");
    await write("platform.yaml", "kind: Platform\n");
    await git("add", "-A");
    await git("commit", "-q", "-m", "first");
    await writeFile(join(root, ".git", "index"), "broken");
    await expect(gitState(root)).rejects.toMatchObject({ code: "program-failed" });
  });
});
