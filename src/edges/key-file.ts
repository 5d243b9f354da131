import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { OperationError } from "../errors.ts";
import { generateAgeIdentity, parseAgeIdentities } from "../secrets/age-identity.ts";
import { sampleKeyFile, sampleRecipient } from "./age-keys.ts";
import { fileError } from "./file-error.ts";

/** The platform's private key on this machine. */
export interface KeyFile {
  readonly path: string;
  readonly recipient: string;
  /** False when the file was there before; it is never changed. */
  readonly isNew: boolean;
}

/**
 * The key file at `path`: used when it is there, else made, readable for its owner only. Never inside the repository and
 * never the sample's. Errors: `usage`, `secrets` for a file that holds no key, and those of writing.
 */
export function ensureKeyFile(
  path: string,
  options: {
    readonly repository: string;
    readonly platform: string;
    readonly randomBytes: (size: number) => Uint8Array;
  },
): KeyFile {
  if (basename(path) === sampleKeyFile) throw publicKeyError(path);
  if (isInside(path, options.repository)) {
    throw new OperationError("usage", `the key file ${path} would lie in the repository it protects`, {
      subject: path,
      hint: "choose a place outside of it; whoever gets the repository must not get the key",
    });
  }
  if (existsSync(path)) {
    const recipient = readRecipient(path);
    if (recipient === sampleRecipient) throw publicKeyError(path);
    return { path, recipient, isNew: false };
  }
  const { secretKey, recipient } = generateAgeIdentity(options.randomBytes);
  const text = `# The private key of the platform ${options.platform}, made by woow init. Keep a copy in a safe place.\n# public key: ${recipient}\n${secretKey}\n`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    throw fileError(error, { subject: path, doing: "write" });
  }
  return { path, recipient, isNew: true };
}

function publicKeyError(path: string): OperationError {
  return new OperationError("usage", `${path} is the public key of woow's sample, it protects nothing`, {
    subject: path,
    hint: "leave out --key-file, and a key of your own is made",
  });
}

/** Refuses a folder that holds anything but git's own files; one that is not there is fine. Errors: `already-exists`. */
export function requireEmptyFolder(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name !== ".git");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw fileError(error, { subject: folder, doing: "read" });
  }
  if (names.length === 0) return;
  const isPlatform = names.includes("platform.yaml");
  throw new OperationError(
    "already-exists",
    isPlatform ? `${folder} is a platform repository already` : `${folder} is not empty`,
    {
      subject: folder,
      hint: isPlatform
        ? "add to it: woow create workspace ID, woow create service TEMPLATE -w ID"
        : "name a new folder: woow init DIR; nothing was written",
    },
  );
}

function readRecipient(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw fileError(error, { subject: path, doing: "read" });
  }
  const parsed = parseAgeIdentities(text);
  if (!parsed.ok) {
    throw new OperationError("secrets", `${path} is there already and not usable: ${parsed.error.message}`, {
      subject: path,
      hint: "name another file with --key-file; this one is not touched",
    });
  }
  return parsed.value[0]?.recipient ?? "";
}

/** Compares real folders, so that a link does not hide that the key would lie inside. */
function isInside(path: string, repository: string): boolean {
  const way = relative(realFolder(repository), join(realFolder(dirname(path)), basename(path)));
  return way !== ".." && !way.startsWith(`..${sep}`);
}

function realFolder(folder: string): string {
  if (existsSync(folder)) return realpathSync(folder);
  return dirname(folder) === folder ? folder : join(realFolder(dirname(folder)), basename(folder));
}
