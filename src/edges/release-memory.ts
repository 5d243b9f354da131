import { join } from "node:path";
import { OperationError } from "../errors.ts";
import type { ReleaseContent, ReleaseMemory } from "../status/release-content.ts";
import { PrivateJsonFile } from "./private-json-file.ts";

/** Where a clone keeps what releases are made of: names and numbers of pods, no values; git-ignored. */
export const releaseMemoryPath = ".woow/releases.json";
const format = 1;
/** Beyond so many the oldest are forgotten; they are read again when they are still in use. */
const mostKept = 2000;

interface MemoryFile {
  readonly format: typeof format;
  readonly releases: Readonly<Record<string, ReleaseContent>>;
}

/**
 * A cache: whatever is wrong with the file, or where it may not be written, the releases are read from the cluster.
 */
export function openReleaseMemory(root: string): ReleaseMemory {
  const file = new PrivateJsonFile<MemoryFile>(join(root, releaseMemoryPath), {
    read: readMemory,
    damaged: asError,
  });
  let known: Map<string, ReleaseContent | "unreadable"> | undefined;
  const load = () => (known ??= new Map(Object.entries(orNothing(() => file.read())?.releases ?? {})));
  return {
    recall: (uid) => load().get(uid),
    remember: (found) => {
      if (found.size === 0) return;
      const all = load();
      for (const [uid, content] of found) all.set(uid, content);
      const kept = [...all].flatMap(([uid, content]) =>
        content === "unreadable" ? [] : [[uid, content] as const],
      );
      orNothing(() => {
        file.write({ format, releases: Object.fromEntries(kept.slice(-mostKept)) });
      });
    },
  };
}

function readMemory(value: unknown): MemoryFile {
  if (typeof value !== "object" || value === null) throw asError();
  const { format: written, releases } = value as Partial<MemoryFile>;
  if (written !== format || typeof releases !== "object" || !Object.values(releases).every(isContent)) {
    throw asError();
  }
  return { format, releases };
}

function isContent(value: unknown): boolean {
  const { workloads, services } = (value ?? {}) as Partial<ReleaseContent>;
  return Array.isArray(workloads) && Array.isArray(services);
}

function asError(): OperationError {
  return new OperationError("unreadable", `${releaseMemoryPath} is damaged`, { subject: releaseMemoryPath });
}

function orNothing<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof OperationError) return undefined;
    throw error;
  }
}
