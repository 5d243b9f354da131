import { createHash, createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RenderCache, RenderRecord } from "../manifests/render-cache.ts";

/** Where the cache lies in a platform repository; git-ignored. */
export const cachePath = ".woow/cache/synth.json";
/** The key lies with the manifests: whoever has it can read them anyway, and whoever removes them removes it. */
export const cacheKeyName = ".woow-cache-key";

export interface SynthCacheOptions {
  /** The platform repository. */
  readonly root: string;
  /** Folder of the manifests. */
  readonly target: string;
  /** Everything that decides how units are rendered, besides the definitions: the very build of woow. */
  readonly build: string;
}

const fileMode = 0o600;
const keyLength = 32;

interface CacheFile {
  readonly build: string;
  /** Tells keys apart without giving them away. */
  readonly keyId: string;
  readonly records: Readonly<Record<string, readonly [input: string, output: string]>>;
}

/**
 * The cache on disk. A file that is missing, damaged, from another build of woow or made under another key counts as
 * empty; a disk that takes no file costs time and nothing else.
 */
export function openSynthCache({ root, target, build }: SynthCacheOptions): RenderCache {
  const path = join(root, cachePath);
  const keyPath = join(target, cacheKeyName);
  const kept = readKey(keyPath);
  const key = kept ?? randomBytes(keyLength);
  const keyId = createHash("sha256").update("id").update(key).digest("base64");
  const records = kept === undefined ? undefined : readRecords(path, { build, keyId });
  return {
    find: (file) => toRecord(records?.get(file)),
    sign: (text) => createHmac("sha256", key).update(text).digest("base64"),
    save: (next) => {
      const entries = [...next].map(([file, { input, output }]) => [file, [input, output]] as const);
      const text = JSON.stringify({ build, keyId, records: Object.fromEntries(entries) } satisfies CacheFile);
      // the key first: a cache without its key is only ignored
      if (kept === undefined && !write(keyPath, key.toString("base64"))) return;
      write(path, text);
    },
  };
}

function readKey(path: string): Buffer | undefined {
  const key = Buffer.from(read(path) ?? "", "base64");
  return key.length === keyLength ? key : undefined;
}

function readRecords(
  path: string,
  wanted: { readonly build: string; readonly keyId: string },
): ReadonlyMap<string, unknown> | undefined {
  try {
    const file = JSON.parse(read(path) ?? "null") as Partial<CacheFile> | null;
    if (file?.build !== wanted.build || file.keyId !== wanted.keyId) return undefined;
    return new Map(Object.entries(file.records ?? {}));
  } catch {
    return undefined;
  }
}

function toRecord(value: unknown): RenderRecord | undefined {
  if (!Array.isArray(value)) return undefined;
  const [input, output] = value as unknown[];
  return typeof input === "string" && typeof output === "string" ? { input, output } : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function write(path: string, text: string): boolean {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, text, { mode: fileMode, flag: "wx" });
    renameSync(temporary, path);
    return true;
  } catch {
    removeQuietly(temporary);
    return false;
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // what stood in the way of the file stands in the way of removing it
  }
}
