import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { onTestFinished } from "vitest";
import type { Files } from "./memory-tree.ts";

/** A folder in the system's temporary directory that is removed when the test ends; call it inside a test. */
export function tempFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "woow-test-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}

/** A repository on disk with these files, removed when the test ends; gives its root. */
export function tempPlatform(files: Files): string {
  const root = tempFolder();
  writeFiles(root, files);
  return root;
}

/** Writes files below a folder, making the folders between. */
export function writeFiles(root: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

/** Every plain file below a folder by its path; hidden ones too. Empty when the folder is not there. */
export function readFiles(root: string): Record<string, string> {
  let entries;
  try {
    entries = readdirSync(root, { recursive: true, withFileTypes: true });
  } catch {
    return {};
  }
  const found = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    found
      .map((path) => relative(root, path))
      .sort()
      .map((path) => [path, readFileSync(join(root, path), "utf8")]),
  );
}
