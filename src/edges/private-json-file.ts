import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { SyncAdapter } from "lowdb";
import { fileError } from "./file-error.ts";
import { syncFolder } from "./sync-folder.ts";

/**
 * lowdb's file, for its owner only: lowdb's own JSON file is readable for everybody and says of a torn one only where
 * the JSON ends. Written beside its place and renamed, so that a crash leaves the old or the new one, and
 * synced, so that a loss of power does too.
 */
export class PrivateJsonFile<T> implements SyncAdapter<T> {
  readonly #path: string;
  readonly #read: (value: unknown) => T;
  readonly #damaged: (cause: unknown) => Error;

  constructor(
    path: string,
    options: { readonly read: (value: unknown) => T; readonly damaged: (cause: unknown) => Error },
  ) {
    this.#path = path;
    this.#read = options.read;
    this.#damaged = options.damaged;
  }

  /** Null when there is no file. */
  read(): T | null {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw fileError(error, { subject: this.#path, doing: "read" });
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw this.#damaged(error);
    }
    return this.#read(value);
  }

  write(data: T): void {
    const temporary = `${this.#path}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      writeFileSync(temporary, `${JSON.stringify(data)}\n`, { mode: 0o600, flag: "wx", flush: true });
      renameSync(temporary, this.#path);
      syncFolder(dirname(this.#path));
    } catch (error) {
      try {
        rmSync(temporary, { force: true });
      } catch {
        // where no file can be, none is left
      }
      throw fileError(error, { subject: this.#path, doing: "write" });
    }
  }
}
