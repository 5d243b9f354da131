import { renameSync, rmSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { readSecretHistory } from "../../src/edges/secret-history.ts";
import { changeSecretRecipients } from "../../src/operations/secrets/change-secret-recipients.ts";
import { findExposedSecrets } from "../../src/operations/secrets/find-exposed-secrets.ts";
import { secondKey, secretWorld, valueOf } from "../support/secret-world.ts";
import { tempFolder, writeFiles } from "../support/temp-platform.ts";

const file = "workspaces/acme/db-01.yaml";

/** A repository that holds the service as it stands, whose key was taken away; `open` is the file from before. */
async function repository() {
  const world = await secretWorld();
  const change = async (action: "add" | "remove") => {
    const options = { workspaceId: undefined, action, recipient: secondKey.recipient, force: true };
    valueOf(await changeSecretRecipients(world.deps(), options));
    return world.files[file] ?? "";
  };
  const open = await change("add");
  const shut = await change("remove");
  const root = tempFolder();
  const person = [
    "-c",
    "user.name=Ada",
    "-c",
    "user.email=ada@example.invalid",
    "-c",
    "commit.gpgsign=false",
  ];
  const git = (...args: string[]) => execa("git", [...person, ...args], { cwd: root });
  const put = (path: string, text: string) => writeFiles(root, { [path]: text });
  const commit = async (...more: string[]) => {
    await git("add", "-A");
    await git("commit", "-q", "-m", "made up", ...more);
  };
  await git("init", "-q");
  put(file, shut);
  await commit();
  const find = async (folder = ".") => {
    const history = () => readSecretHistory(join(root, folder));
    const options = { recipient: secondKey.recipient, workspaces: ["acme"] };
    return valueOf(await findExposedSecrets({ ...world.deps(), history }, options));
  };
  const exposed = async (folder?: string) => (await find(folder)).exposed.map(({ unit }) => unit);
  expect(await exposed()).toEqual([]);
  return { root, open, shut, git, put, commit, find, exposed };
}

test("a copy in another folder is read, also when it was deleted later and whatever it was called", async () => {
  const { root, open, put, commit, exposed } = await repository();
  put("archive/old.txt", open);
  await commit();
  rmSync(join(root, "archive"), { recursive: true });
  await commit();
  expect(await exposed()).toEqual(["acme/db-01"]);
});

test("what a platform held before it was moved into a folder of the repository is read", async () => {
  const { root, open, shut, put, commit, exposed } = await repository();
  put(file, open);
  await commit();
  put(file, shut);
  mkdirSync(join(root, "sub"));
  renameSync(join(root, "workspaces"), join(root, "sub/workspaces"));
  await commit();
  expect(await exposed("sub")).toEqual(["acme/db-01"]);
});

test("an older stash is read, and one that was dropped as long as git keeps it", async () => {
  const { open, put, git, exposed } = await repository();
  put(file, open);
  await git("stash", "-q");
  put(file, "made: up\n");
  await git("stash", "-q");
  expect(await exposed()).toEqual(["acme/db-01"]);
  await git("stash", "drop", "-q", "stash@{1}");
  expect(await exposed()).toEqual(["acme/db-01"]);
});

test.each([
  ["amended", ["commit", "-q", "--amend", "--allow-empty", "-a", "-m", "made up"]],
  ["reset", ["reset", "-q", "--hard", "HEAD~1"]],
])("a commit that was %s away is read", async (_, args) => {
  const { open, shut, put, commit, git, exposed } = await repository();
  put(file, open);
  await commit();
  put(file, shut);
  await git(...args);
  expect(await exposed()).toEqual(["acme/db-01"]);
});

test("what was only ever staged is read", async () => {
  const { open, shut, put, git, exposed } = await repository();
  put(file, open);
  await git("add", "-A");
  put(file, shut);
  expect(await exposed()).toEqual(["acme/db-01"]);
});

test("a file that other tools sealed for the key, or that is too large for a definition, is no obstacle", async () => {
  const { open, put, commit, find } = await repository();
  put("other/secret.enc.yaml", open.replaceAll(/^secret_values:/gm, "stringData:"));
  put("other/large.yaml", `${open}# ${"x".repeat(1024 * 1024)}\n`);
  await commit();
  expect(await find()).toMatchObject({ exposed: [], closed: [], history: "whole" });
});

test("a version that stays closed is named by where git has it, else by its object", async () => {
  const { open, shut, put, commit, git, find } = await repository();
  const closed = open.replaceAll(/^secret_values:\n/gm, "secret_values:\n  made.up: plain\n");
  put("archive/old.yaml", closed);
  await commit();
  expect((await find()).closed).toEqual(["archive/old.yaml"]);
  await git("rm", "-q", "--cached", "archive/old.yaml");
  await git("commit", "-q", "--amend", "-m", "made up", "--allow-empty");
  await git("reflog", "expire", "--expire=all", "--all");
  put("archive/old.yaml", shut);
  expect((await find()).closed).toEqual([expect.stringMatching(/^git object [0-9a-f]{12}$/)]);
});

test("more than one answer of git can hold is read in several", async () => {
  const { root, open, put, commit, exposed } = await repository();
  for (let at = 0; at < 70; at += 1) put(`data/${at}`, `${at} ${"x".repeat(1_000_000)}`);
  put("data/old.yaml", open);
  await commit();
  rmSync(join(root, "data"), { recursive: true });
  await commit();
  expect(await exposed()).toEqual(["acme/db-01"]);
});
