import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { checkGitUrl } from "../../src/edges/git-environment.ts";
import { followBranch } from "../../src/edges/git-follower.ts";
import type { GitFollower } from "../../src/edges/git-follower.ts";

const folders: string[] = [];
const followers: GitFollower[] = [];
afterEach(() => {
  for (const follower of followers.splice(0)) follower.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "woow-git-test-"));
  folders.push(folder);
  return folder;
}

/** A repository with a working tree, as a colleague has it. */
function makeRepository() {
  const root = temporary();
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=Made Up", "-c", "user.email=made-up@example.com", ...args], {
      cwd: root,
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "", HOME: root, GIT_CONFIG_NOSYSTEM: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  git("init", "--quiet", "--initial-branch=main");
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const commit = (message = "change") => {
    git("add", "--all");
    git("commit", "--quiet", "--allow-empty", "-m", message);
    return git("rev-parse", "HEAD");
  };
  return { root, git, write, commit };
}

function follow(url: string, more: Partial<Parameters<typeof followBranch>[0]> = {}): GitFollower {
  const follower = followBranch({
    url,
    branch: "main",
    folder: undefined,
    access: {},
    environment: process.env,
    timeoutMs: 30_000,
    ...more,
  });
  followers.push(follower);
  return follower;
}

const never = new AbortController().signal;
const textOf = (read: { bytes: Uint8Array } | { reason: string }) =>
  "bytes" in read ? new TextDecoder().decode(read.bytes) : read;

test("reads the newest commit of the branch, and only the places that hold definitions", async () => {
  const repository = makeRepository();
  repository.write("platform.yaml", "kind: Platform\n");
  repository.write("workspaces/a/workspace.yaml", "kind: Workspace\n");
  repository.write("src/secret.txt", "no definition\n");
  repository.write(".sops.yaml", "creation_rules: []\n");
  const first = repository.commit();
  const follower = follow(repository.root);
  const state = await follower.refresh(never);
  expect(state).toMatchObject({ id: first, git: { commit: first, changedFiles: [] } });
  expect(state.tree.entries).toEqual([
    { path: "platform.yaml", type: "file" },
    { path: "workspaces/a", type: "folder" },
    { path: "workspaces/a/workspace.yaml", type: "file" },
  ]);
  expect(textOf(state.tree.read("workspaces/a/workspace.yaml"))).toBe("kind: Workspace\n");
  expect(textOf(state.tree.read(".sops.yaml"))).toBe("creation_rules: []\n");
  expect(textOf(state.tree.read("src/secret.txt"))).toEqual({ reason: "it is not there" });

  repository.write("workspaces/a/web-01.yaml", "kind: CloudService\n");
  const second = repository.commit();
  const next = await follower.refresh(never);
  expect(next.id).toBe(second);
  expect(textOf(next.tree.read("workspaces/a/web-01.yaml"))).toBe("kind: CloudService\n");
  // what was read before is still what it was: a pass under way is not disturbed
  expect(textOf(state.tree.read("workspaces/a/web-01.yaml"))).toEqual({ reason: "it is not there" });
});

test("other branches and uncommitted work do not count", async () => {
  const repository = makeRepository();
  repository.write("platform.yaml", "kind: Platform\n");
  const first = repository.commit();
  repository.git("checkout", "--quiet", "-b", "other");
  repository.write("platform.yaml", "kind: Other\n");
  repository.commit();
  repository.git("checkout", "--quiet", "main");
  repository.write("platform.yaml", "kind: Unsaved\n");
  const state = await follow(repository.root).refresh(never);
  expect(state.id).toBe(first);
  expect(textOf(state.tree.read("platform.yaml"))).toBe("kind: Platform\n");
});

test("a rewritten branch is refused until a person says so", async () => {
  const repository = makeRepository();
  repository.write("platform.yaml", "one\n");
  const base = repository.commit();
  repository.write("platform.yaml", "two\n");
  const old = repository.commit();
  const folder = join(temporary(), "clone");
  const follower = follow(repository.root, { folder });
  await follower.refresh(never);
  repository.git("reset", "--quiet", "--hard", base);
  await expect(follower.refresh(never)).rejects.toMatchObject({ code: "history-rewritten" });
  repository.write("platform.yaml", "three\n");
  const fresh = repository.commit();
  await expect(follower.refresh(never)).rejects.toMatchObject({ code: "history-rewritten" });
  // a new process that finds the folder knows it as well
  await expect(follow(repository.root, { folder }).refresh(never)).rejects.toMatchObject({
    code: "history-rewritten",
  });
  // so does one without a folder, when it is told what the cluster remembers
  const stranger = follow(repository.root);
  await stranger.refresh(never);
  expect(await stranger.follows?.(old, never)).toBe(false);
  expect(await stranger.follows?.(base, never)).toBe(true);
  // the old history back: all is well
  repository.git("reset", "--quiet", "--hard", old);
  expect((await follower.refresh(never)).id).toBe(old);
  repository.git("reset", "--quiet", "--hard", fresh);
  repository.write("platform.yaml", "four\n");
  const later = repository.commit();
  const accepting = follow(repository.root, { folder, accepted: fresh });
  expect((await accepting.refresh(never)).id).toBe(later);
  expect(await accepting.follows?.(old, never)).toBe(true);
});

test("a commit that is in no history any more does not come before anything", async () => {
  const repository = makeRepository();
  repository.write("platform.yaml", "one\n");
  repository.commit();
  const follower = follow(repository.root);
  await follower.refresh(never);
  expect(await follower.follows?.("0123456789012345678901234567890123456789", never)).toBe(false);
  expect(await follower.follows?.("HEAD; touch /tmp/x", never)).toBe(false);
});

test("no hook, no filter, no attribute and no link of the repository has a say", async () => {
  const repository = makeRepository();
  const outside = temporary();
  const proof = join(outside, "proof");
  writeFileSync(join(outside, "token"), "made-up-token\n");
  repository.write("platform.yaml", "kind: Platform\n");
  repository.write("workspaces/a/workspace.yaml", "kind: Workspace\n");
  // export-ignore would make `git archive` leave the workspace out, which looks like a deletion
  repository.write(".gitattributes", "workspaces export-ignore\n*.yaml filter=evil text eol=crlf\n");
  repository.write("catalog/real.yaml", "kind: CloudAppTemplate\n");
  symlinkSync(join(outside, "token"), join(repository.root, "workspaces/a/leak-01.yaml"));
  symlinkSync("../../../../token", join(repository.root, "workspaces/a/leak-02.yaml"));
  symlinkSync("../../catalog/real.yaml", join(repository.root, "workspaces/a/good-01.yaml"));
  symlinkSync("../workspaces", join(repository.root, "catalog/loop.yaml"));
  symlinkSync("self.yaml", join(repository.root, "catalog/self.yaml"));
  const sub = makeRepository();
  sub.write("x.yaml", "kind: CloudService\n");
  sub.commit();
  repository.git(
    "-c",
    "protocol.file.allow=always",
    "submodule",
    "--quiet",
    "add",
    sub.root,
    "workspaces/sub",
  );
  repository.commit();
  const hook = join(repository.root, ".git/hooks/post-checkout");
  writeFileSync(hook, `#!/bin/sh\ntouch ${proof}\n`);
  chmodSync(hook, 0o755);
  const { tree } = await follow(repository.root).refresh(never);
  expect(existsSync(proof)).toBe(false);
  const types = Object.fromEntries(tree.entries.map(({ path, type }) => [path, type]));
  expect(types).toMatchObject({
    "workspaces/a/workspace.yaml": "file",
    "workspaces/a/leak-01.yaml": "link-outside",
    "workspaces/a/leak-02.yaml": "link-outside",
    "workspaces/a/good-01.yaml": "link-inside",
    "catalog/loop.yaml": "link-to-folder",
    "catalog/self.yaml": "link-outside",
    "workspaces/sub": "other",
  });
  expect(textOf(tree.read("workspaces/a/workspace.yaml"))).toBe("kind: Workspace\n");
  expect(textOf(tree.read("workspaces/a/good-01.yaml"))).toBe("kind: CloudAppTemplate\n");
  for (const path of ["workspaces/a/leak-01.yaml", "workspaces/a/leak-02.yaml", "workspaces/sub"])
    expect(tree.read(path)).toHaveProperty("reason");
});

test("a clone that a killed fetch left locked or broken is mended", async () => {
  const repository = makeRepository();
  repository.write("platform.yaml", "one\n");
  const commit = repository.commit();
  const folder = join(temporary(), "clone");
  await follow(repository.root, { folder }).refresh(never);
  const clone = join(folder, "repository.git");
  mkdirSync(join(clone, "refs/woow"), { recursive: true });
  writeFileSync(join(clone, "refs/woow/remote.lock"), "");
  repository.write("platform.yaml", "two\n");
  const next = repository.commit();
  expect((await follow(repository.root, { folder }).refresh(never)).id).toBe(next);
  rmSync(join(clone, "HEAD"));
  rmSync(join(clone, "objects"), { recursive: true });
  expect((await follow(repository.root, { folder }).refresh(never)).id).toBe(next);
  expect(commit).not.toBe(next);
});

test("a folder of somebody else's is left alone", async () => {
  const repository = makeRepository();
  repository.write("platform.yaml", "one\n");
  repository.commit();
  const folder = temporary();
  writeFileSync(join(folder, "thesis.txt"), "years of work\n");
  await expect(follow(repository.root, { folder }).refresh(never)).rejects.toMatchObject({
    code: "foreign-file",
  });
  expect(readdirSync(folder)).toEqual(["thesis.txt"]);
});

test("a branch or repository that is not there is told, and tried again", async () => {
  const repository = makeRepository();
  repository.write("platform.yaml", "one\n");
  const commit = repository.commit();
  const follower = follow(repository.root, { branch: "release" });
  await expect(follower.refresh(never)).rejects.toMatchObject({ code: "unreadable" });
  repository.git("branch", "release");
  expect((await follower.refresh(never)).id).toBe(commit);
  await expect(follow(join(repository.root, "nowhere")).refresh(never)).rejects.toMatchObject({
    code: "unreadable",
  });
});

test("stops when it is told to", async () => {
  const repository = makeRepository();
  repository.write("platform.yaml", "one\n");
  repository.commit();
  const stop = new AbortController();
  stop.abort();
  await expect(follow(repository.root).refresh(stop.signal)).rejects.toMatchObject({ code: "cancelled" });
});

test("a token goes from its file to the server, and stands in no argument", async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    response.writeHead(request.headers.authorization === undefined ? 401 : 403, {
      "www-authenticate": 'Basic realm="made up"',
    });
    response.end("made-up-token-1 is echoed by a rude server");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const tokenFile = join(temporary(), "it's a token");
    writeFileSync(tokenFile, "made-up-token-1\n");
    const follower = follow(`http://127.0.0.1:${port}/platform.git`, { access: { tokenFile } });
    const error = await follower.refresh(never).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ code: "unreadable" });
    expect(JSON.stringify([error, String(error)])).not.toContain("made-up-token-1");
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  const basic = `Basic ${Buffer.from("git:made-up-token-1").toString("base64")}`;
  expect(asked).toContain(basic);
});

test.each([
  ["--upload-pack=touch /tmp/x", "usage"],
  ["ext::sh -c touch% /tmp/x", "usage"],
  ["https://user:made-up-password-1@git.example.com/x.git", "usage"],
  ["http://git.example.com/x.git", "usage"],
  ["ftp://git.example.com/x.git", "usage"],
  ["", "usage"],
])("refuses %s", (url, code) => {
  let caught: unknown;
  try {
    checkGitUrl(url);
  } catch (error) {
    caught = error;
  }
  expect(caught).toMatchObject({ code });
  expect(JSON.stringify(caught) + String(caught)).not.toContain("made-up-password-1");
});

test.each([
  ["https://git.example.com/x.git", "https"],
  ["https://user@git.example.com/x.git", "https"],
  ["ssh://git@git.example.com/x.git", "ssh"],
  ["git@git.example.com:x.git", "ssh"],
  ["http://127.0.0.1:3000/x.git", "http"],
  ["file:///srv/x.git", "file"],
  ["/srv/x.git", "file"],
])("follows %s", (url, transport) => {
  expect(checkGitUrl(url)).toBe(transport);
});

test.each(["-x", "a..b", "a b", "a/.b", "a.lock", "a/", "@{u}", "refs/heads/*"])(
  "%s is no branch",
  (branch) => {
    expect(() => follow("/srv/x.git", { branch })).toThrow("--branch");
  },
);
