import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { OperationError } from "../errors.ts";
import { parseAgeIdentities } from "../secrets/age-identity.ts";
import type { AgeIdentity } from "../secrets/age-identity.ts";

/** Name of the sample's key: it opens the sample in this repository and must never protect anything. */
export const sampleKeyFile = "PUBLIC-SAMPLE-KEY.agekey";
/** Its public half, so that a copy of it under another name is known too. */
export const sampleRecipient = "age1scffcvk68dsaenz0r7egf7c46nyfyw04mynf3960wjzg3tn6ufhq594n3k";

/** Identities at hand, and where each came from. */
export interface KeyRing {
  readonly identities: readonly AgeIdentity[];
  /** True when the public sample key is among them. */
  readonly holdsSampleKey: boolean;
  /** The places that were looked at, for an error's hint. */
  readonly sources: readonly string[];
}

/** The environment as far as keys need it. */
export type KeyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * Collects age identities: `WOOW_AGE_KEY_FILE`, `SOPS_AGE_KEY`, `SOPS_AGE_KEY_FILE`, sops' default file, the file that
 * `woow init` made for this platform, and the sample's public key when it lies in the repository. All of them are
 * tried, as sops does.
 * Errors: `unreadable` for a named file that is not there, `secrets` for one that is no key file.
 */
export function loadKeyRing(root: string, environment: KeyEnvironment): KeyRing {
  const texts: { source: string; text: string; isSample: boolean }[] = [];
  const named = (variable: string) => {
    const path = environment[variable];
    if (path === undefined || path === "") return;
    texts.push({ source: `${variable} (${path})`, text: readKeyFile(path, variable), isSample: false });
  };
  named("WOOW_AGE_KEY_FILE");
  const inline = environment["SOPS_AGE_KEY"];
  if (inline !== undefined && inline !== "")
    texts.push({ source: "SOPS_AGE_KEY", text: inline, isSample: false });
  named("SOPS_AGE_KEY_FILE");
  const standard = defaultKeyFile(environment);
  if (existsSync(standard))
    texts.push({ source: standard, text: readKeyFile(standard, standard), isSample: false });
  const own = platformKeyFile(root, environment);
  if (own !== undefined && existsSync(own))
    texts.push({ source: own, text: readKeyFile(own, own), isSample: false });
  const sample = join(root, sampleKeyFile);
  if (existsSync(sample))
    texts.push({ source: sampleKeyFile, text: readKeyFile(sample, sampleKeyFile), isSample: true });

  const identities = new Map<string, AgeIdentity>();
  let holdsSampleKey = false;
  for (const { source, text, isSample } of texts) {
    const parsed = parseAgeIdentities(text);
    if (!parsed.ok) {
      throw new OperationError("secrets", `${source} is not usable: ${parsed.error.message}`, {
        subject: source,
        hint: parsed.error.hint,
      });
    }
    for (const identity of parsed.value) identities.set(identity.recipient, identity);
    holdsSampleKey ||= isSample;
  }
  holdsSampleKey ||= identities.has(sampleRecipient);
  const looked = [
    "WOOW_AGE_KEY_FILE",
    "SOPS_AGE_KEY",
    "SOPS_AGE_KEY_FILE",
    standard,
    ...(own === undefined ? [] : [own]),
  ];
  return { identities: [...identities.values()], holdsSampleKey, sources: looked };
}

/** Where sops looks when nothing is said. */
export function defaultKeyFile(environment: KeyEnvironment): string {
  return join(configFolder(environment), "sops", "age", "keys.txt");
}

/** Where `woow init` puts a platform's key: outside the repository, one file for each platform's name. */
export function initKeyFile(name: string, environment: KeyEnvironment): string {
  return join(configFolder(environment), "woow", `${name}.agekey`);
}

function configFolder(environment: KeyEnvironment): string {
  const { XDG_CONFIG_HOME: named } = environment;
  return named === undefined || named === "" ? join(environment["HOME"] ?? homedir(), ".config") : named;
}

/** The key file of the platform in this repository; its name is read without a parser, for it may be broken. */
function platformKeyFile(root: string, environment: KeyEnvironment): string | undefined {
  try {
    const text = readFileSync(join(root, "platform.yaml"), "utf8");
    const name = /^name:[ \t]*["']?([a-z0-9][a-z0-9-]{0,62})["']?[ \t]*(?:#.*)?\r?$/m.exec(text)?.[1];
    return name === undefined ? undefined : initKeyFile(name, environment);
  } catch {
    return undefined;
  }
}

function readKeyFile(path: string, source: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new OperationError("unreadable", `the age key file ${path} cannot be read`, {
      subject: path,
      hint:
        source === path
          ? "check its permissions"
          : `${source} names it: correct the path, or unset the variable`,
    });
  }
}
