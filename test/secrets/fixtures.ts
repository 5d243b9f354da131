import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type AgeIdentity, parseAgeIdentities } from "../../src/secrets/age-identity.ts";
import { type OpenedSecrets, openSecretValues } from "../../src/secrets/open-secrets.ts";
import { type SealedText, sealSecrets, type SealSecretsOptions } from "../../src/secrets/seal-secrets.ts";
import type { SecretError } from "../../src/secrets/secret-error.ts";
import type { SealTools } from "../../src/secrets/sops-text.ts";

const goldenDir = join(import.meta.dirname, "golden");

/** A file made by the real SOPS, or a key next to it. */
export function readGolden(name: string): string {
  return readFileSync(join(goldenDir, name), "utf8");
}

export const keyFile = readGolden("public-key-for-tests.txt");
export const secondKeyFile = readGolden("second-public-key-for-tests.txt");

/** The only identity in a key file. */
export function readIdentity(text: string): AgeIdentity {
  const parsed = parseAgeIdentities(text);
  if (!parsed.ok || parsed.value[0] === undefined) throw new Error("the test key is damaged");
  return parsed.value[0];
}

export const identity = readIdentity(keyFile);
export const secondIdentity = readIdentity(secondKeyFile);
export const bind = "123/n8n-01";

/** Real randomness and a clock that stands. */
export const tools: SealTools = {
  randomBytes: (size) => randomBytes(size),
  now: () => new Date("2026-11-22T20:00:00.123Z"),
};

/** Opens a definition's text as a caller does, after parsing it. */
export async function openText(
  text: string,
  {
    identities = [identity],
    bind: expected = bind,
  }: { identities?: readonly AgeIdentity[]; bind?: string } = {},
): Promise<OpenedSecrets> {
  const { secret_values: secretValues, sops } = parse(text, { logLevel: "error" }) as Record<string, unknown>;
  return openSecretValues({ secretValues, sops, identities, bind: expected });
}

/** Seals with the first test key unless told otherwise. */
export async function seal(
  text: string,
  options: Partial<Omit<SealSecretsOptions, "text">> = {},
): Promise<SealedText> {
  return sealSecrets({
    text,
    bind,
    recipients: [identity.recipient],
    identities: [identity],
    tools,
    ...options,
  });
}

/** The text of a change that must succeed. */
export function textOf(sealed: SealedText): string {
  if (!sealed.ok) throw new Error(`refused: ${sealed.error.code} ${sealed.error.message}`);
  return sealed.text;
}

/** The error of what must be refused. */
export function errorOf(outcome: OpenedSecrets | SealedText): SecretError {
  if (outcome.ok) throw new Error("was accepted");
  return outcome.error;
}

/** One line of a text, by how it begins without its indent. */
export function lineOf(text: string, start: string): string {
  const line = text.split("\n").find((candidate) => candidate.trimStart().startsWith(start));
  if (line === undefined) throw new Error(`no line begins with ${start}`);
  return line;
}
