import { randomBytes } from "node:crypto";
import { parse } from "yaml";
import type { SecretDeps, SecretNote, SecretOutcome } from "../../src/operations/secrets/secret-file.ts";
import { openSecretValues } from "../../src/secrets/open-secrets.ts";
import { identity, readIdentity, secondIdentity, tools } from "../secrets/fixtures.ts";
import type { AgeIdentity } from "../../src/secrets/age-identity.ts";
import { generateAgeIdentity } from "../../src/secrets/age-identity.ts";
import { samplePlatform, sealedService } from "./builders.ts";
import { memoryTree } from "./memory-tree.ts";
import { memoryWriter } from "./memory-writer.ts";

/** A platform in memory with two workspaces, and what commands on its secrets need. */
export interface SecretWorld {
  /** Path -> text as it stands now. */
  readonly files: Record<string, string>;
  readonly notes: SecretNote[];
  /** Paths of the last edit. */
  written: () => string[];
  deps: (identities?: readonly AgeIdentity[]) => SecretDeps;
  /** What a service's file says after decryption; throws with the code when it does not open. */
  open: (unit: string, identities?: readonly AgeIdentity[]) => Promise<Record<string, unknown>>;
}

export const firstKey = identity;
export const secondKey = secondIdentity;
export const thirdKey = readIdentity(generateAgeIdentity((size) => randomBytes(size)).secretKey);

/** `acme/db-01` with a sealed password, `acme/db-02` without secrets, `acme/web-01`, `beta/db-01` sealed; one rule for all. */
export async function secretFiles(): Promise<Record<string, string>> {
  return {
    ...samplePlatform(),
    "workspaces/acme/db-01.yaml": await sealedService("acme/db-01"),
    "workspaces/acme/db-02.yaml": unsealedText,
    "workspaces/beta/workspace.yaml": "kind: Workspace\nname: Beta\n",
    "workspaces/beta/db-01.yaml": await sealedService("beta/db-01"),
  };
}

/** The same in memory, with further files. */
export async function secretWorld(more: Readonly<Record<string, string>> = {}): Promise<SecretWorld> {
  const files: Record<string, string> = { ...(await secretFiles()), ...more };
  let last: string[] = [];
  const write: SecretDeps["writer"] = {
    create: () => {
      throw new Error("commands on secrets create nothing");
    },
    replace: (edits) => {
      const writer = memoryWriter(files);
      writer.replace(edits);
      Object.assign(files, writer.written);
      last = edits.map(({ path }) => path);
    },
    remove: () => {
      throw new Error("commands on secrets remove nothing");
    },
  };
  return {
    files,
    notes: [],
    written: () => last,
    deps: (identities = [firstKey]) => ({
      tree: memoryTree(files),
      writer: write,
      identities: () => identities,
      tools,
    }),
    open: async (unit, identities = [firstKey]) => {
      const text = files[`workspaces/${unit}.yaml`] ?? "";
      const { secret_values: secretValues, sops } = parse(text) as Record<string, unknown>;
      const opened = await openSecretValues({ secretValues, sops, identities, bind: unit });
      if (!opened.ok) throw new Error(opened.error.code);
      return opened.values;
    },
  };
}

/** A service of the template `database` as people write it, without a password. */
export const unsealedText = `# yaml-language-server: $schema=../../schemas/cloud-service.schema.json
kind: CloudService # the second one
template_id: database
name: 'Orders, old'

chart_version: "2.0.0"
helm_values: # ours
  auth.database: orders
`;

/** The outcome of what must succeed. */
export function valueOf<T>(outcome: SecretOutcome<T>): T {
  if (!outcome.ok) throw new Error(`refused: ${JSON.stringify(outcome.problems)}`);
  return outcome;
}

/** The codes of what must be refused. */
export function codesOf(outcome: SecretOutcome<unknown>): string[] {
  if (outcome.ok) throw new Error("was accepted");
  return outcome.problems.map(({ code, file }) => `${file} ${code}`);
}
