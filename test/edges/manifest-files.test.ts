import { spawn, spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openManifestFiles } from "../../src/edges/manifest-files.ts";
import { readFiles, tempFolder, writeFiles } from "../support/temp-platform.ts";

const platform = "paas-0-platform.yaml";
const writes = (...paths: readonly string[]) => ({
  writes: new Map(paths.map((path) => [path, `new ${path}\n`])),
  removes: [],
});
const openDist = (root: string) => openManifestFiles(root, { perCluster: true, durable: false });
const openDirectory = (root: string) => openManifestFiles(root, { perCluster: false, durable: true });

function livePid(): number {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  onTestFinished(() => void child.kill());
  return child.pid ?? 0;
}

function gonePid(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

test("temporary files and folders of processes that run stay, those of gone ones are swept", () => {
  const root = tempFolder();
  const [live, gone] = [livePid(), gonePid()];
  const file = (suffix: string) => `default/.woow-${platform}-${suffix}`;
  const folder = (suffix: string) => `.woow-new-default-${suffix}/${platform}`;
  const kept = [file(`${live}-0123abcd`), folder(`${live}-0123abcd`), "default/.woow-notes"];
  const left = ["0123abcd", `${gone}-0123abcd`, `${process.pid}-0123abcd`, "99999999999-0123abcd"];
  const all = [...kept, ...left.map(file), ...left.map(folder)];
  writeFiles(root, Object.fromEntries(all.map((path) => [path, "half"])));
  openDist(root).change(writes());
  expect(Object.keys(readFiles(root))).toEqual(kept.sort());
});

test("what only looks like a temporary file, but is none, stops nothing and stays", () => {
  for (const open of [openDist, openDirectory]) {
    const root = tempFolder();
    const folder = open === openDist ? join(root, "default") : root;
    const names = [".woow-paas-x", `.woow-${platform}-0123abcd`];
    for (const name of names) mkdirSync(join(folder, name), { recursive: true });
    symlinkSync("elsewhere", join(folder, ".woow-paas-1-ws-a.yaml-0123abcd"));
    open(root).change(writes(open === openDist ? `default/${platform}` : platform));
    expect(readFiles(folder)).toHaveProperty([platform]);
    for (const name of names) expect(lstatSync(join(folder, name)).isDirectory()).toBe(true);
    expect(lstatSync(join(folder, ".woow-paas-1-ws-a.yaml-0123abcd")).isSymbolicLink()).toBe(true);
  }
});

test("a cluster's folder that is a link is refused, before anything is written", () => {
  for (const target of ["../elsewhere", "../nowhere"]) {
    const folder = tempFolder();
    const root = join(folder, "dist");
    writeFiles(folder, { [`elsewhere/${platform}`]: "foreign", "dist/a/note.txt": "mine" });
    symlinkSync(target, join(root, "b"));
    const before = readFiles(folder);
    expect(() => openDist(root).change(writes(`a/${platform}`, `b/${platform}`))).toThrow(
      expect.objectContaining({ code: "foreign-file", subject: join(root, "b") }),
    );
    expect(readFiles(folder)).toEqual(before);
  }
});

test("dist/ itself may be a link, for example into memory", () => {
  const folder = tempFolder();
  mkdirSync(join(folder, "memory"));
  symlinkSync("memory", join(folder, "dist"));
  openDist(join(folder, "dist")).change(writes(`default/${platform}`));
  expect(readFiles(join(folder, "memory"))).toEqual({
    [`default/${platform}`]: `new default/${platform}\n`,
  });
});

test("a cluster's folder that another run made in the meantime takes the files one by one", () => {
  const root = tempFolder();
  const other = join(tempFolder(), "default");
  writeFiles(other, { [platform]: "theirs", "paas-1-ws-acme.yaml": "theirs" });
  // the other run comes in between, at the last file that is staged
  const paths = new Map([[`default/${platform}`, "ours"]]);
  const change = { writes: paths, removes: [] as string[] };
  Object.defineProperty(paths, Symbol.iterator, {
    *value() {
      yield* paths.entries();
      renameSync(other, join(root, "default"));
    },
  });
  openDist(root).change(change);
  expect(readFiles(root)).toEqual({
    [`default/${platform}`]: "ours",
    "default/paas-1-ws-acme.yaml": "theirs",
  });
});

test("a file that another run has removed already is no failure", () => {
  const root = tempFolder();
  writeFiles(root, { "default/note.txt": "mine" });
  openDist(root).change({ writes: new Map(), removes: [`default/${platform}`] });
  expect(readFiles(root)).toEqual({ "default/note.txt": "mine" });
});
