import { expect, test } from "vitest";
import type { Problem } from "../../src/definitions/problem.ts";
import { readDefinitions } from "../../src/definitions/read-definitions.ts";
import { identity, seal, secondIdentity, textOf } from "../secrets/fixtures.ts";
import {
  edit,
  lineOf,
  samplePlatform,
  sealedService,
  sopsConfigFor,
  type Definitions,
} from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";

const path = "workspaces/acme/db-01.yaml";
const config = ".sops.yaml";
const own = identity.recipient;
const other = secondIdentity.recipient;

/** `acme/db-01` sealed for these, in a platform whose only recipient is the first test key. */
async function sealedFor(recipients: readonly string[]): Promise<Record<string, string>> {
  const plain = 'kind: CloudService\ntemplate_id: database\nname: Orders\nchart_version: "2.0.0"\n';
  const set = { "auth.password": "made-up-password-1" };
  return { ...samplePlatform(), [path]: textOf(await seal(plain, { bind: "acme/db-01", set, recipients })) };
}

const problemsOf = (files: Definitions, odd?: Parameters<typeof memoryTree>[1]): readonly Problem[] =>
  readDefinitions(memoryTree(files, odd)).problems;

const wordsOf = (files: Definitions): string[] =>
  problemsOf(files).map(({ severity, code, file }) => `${severity} ${code} ${file}`);

test("secrets sealed for exactly those whom .sops.yaml names are no problem, in any order", async () => {
  expect(problemsOf(await sealedFor([own]))).toEqual([]);
  const both = { ...(await sealedFor([other, own])), [config]: sopsConfigFor([own, other]) };
  expect(problemsOf(both)).toEqual([]);
});

test("a reader too many is an error at its own line, with the commands that end it", async () => {
  const files = await sealedFor([own, other]);
  const [problem, ...rest] = problemsOf(files);
  expect(rest).toEqual([]);
  expect(problem).toMatchObject({
    code: "foreign-recipient",
    severity: "error",
    file: path,
    line: lineOf(files, path, other),
    column: 18,
  });
  expect(problem?.message).toContain(other);
  expect(problem?.message).not.toContain(own);
  expect(problem?.hint).toContain("woow secrets rotate-key acme/db-01 ");
  expect(problem?.hint).toContain(`woow secrets recipients add -w acme ${other}`);
});

test("a reader too few is a warning", async () => {
  const files = { ...(await sealedFor([own])), [config]: sopsConfigFor([own, other]) };
  expect(wordsOf(files)).toEqual([`warning missing-recipient ${path}`]);
  const [problem] = problemsOf(files);
  expect(problem?.message).toContain(other);
  expect(problem?.line).toBe(lineOf(files, path, "  age:"));
});

test("sealed for somebody else altogether is both", async () =>
  expect(wordsOf(await sealedFor([other]))).toEqual([
    `error foreign-recipient ${path}`,
    `warning missing-recipient ${path}`,
  ]));

test("a copy of the data key for another key service is a reader too many", async () => {
  const pgp = "sops:\n  pgp:\n    - fp: ABCDEF\n      enc: made-up\n";
  const files = edit(await sealedFor([own]), path, ["sops:\n", pgp]);
  expect(wordsOf(files)).toEqual([`error foreign-recipient ${path}`]);
  expect(problemsOf(files)[0]?.line).toBe(lineOf(files, path, "- fp"));
});

test.each(["AGE-SECRET-KEY-1MADEUP", "age1x; touch made-up", "age1\u001b[2K"])(
  "%j in the place of a public key is an error and is not repeated",
  async (text) => {
    const files = edit(await sealedFor([own]), path, [
      `recipient: ${own}`,
      `recipient: ${JSON.stringify(text)}`,
    ]);
    expect(wordsOf(files)).toContain(`error foreign-recipient ${path}`);
    expect(JSON.stringify(problemsOf(files))).not.toMatch(/MADEUP|touch|u001b/);
  },
);

test("the first rule that matches a file counts, as in SOPS", async () => {
  const files = await sealedFor([own, other]);
  const rule = `creation_rules:
  - path_regex: ^workspaces/acme/db-01\\.yaml$
    encrypted_regex: ^secret_values$
    mac_only_encrypted: true
    age: ${other},${own}
`;
  const ruled = edit(files, config, ["creation_rules:\n", rule]);
  expect(problemsOf(ruled)).toEqual([]);
  const second = "workspaces/acme/db-02.yaml";
  expect(wordsOf({ ...ruled, [second]: files[path] ?? "" })).toEqual([`error foreign-recipient ${second}`]);
});

test("without .sops.yaml one warning stands for all files, and none where nothing is secret", async () => {
  const { [config]: _, ...files } = await sealedFor([own, other]);
  const more: Definitions = { ...files, "workspaces/acme/db-02.yaml": await sealedService("acme/db-02") };
  expect(wordsOf(more)).toEqual([`warning missing-file ${config}`]);
  const { [config]: __, ...plain } = samplePlatform();
  expect(problemsOf(plain)).toEqual([]);
});

test("what is wrong with .sops.yaml is a warning, and is said once", async () => {
  const files: Definitions = {
    ...(await sealedFor([own])),
    "workspaces/acme/db-02.yaml": await sealedService("acme/db-02"),
  };
  const words = (text: string) => wordsOf({ ...files, [config]: text });
  expect(words("creation_rules: [\n")).toEqual([`warning E_CONFIG_INVALID ${config}`]);
  expect(words("\0")).toEqual([`warning not-text ${config}`]);
  const { [config]: whole = "", ...rest } = files;
  expect(words(whole.replace("mac_only_encrypted: true", "mac_only_encrypted: false"))).toEqual([
    `warning E_MAC_SCOPE ${path}`,
  ]);
  const [unread, ...others] = problemsOf(rest, { unreadable: { [config]: "permission denied" } });
  expect(others).toEqual([]);
  expect(unread).toMatchObject({ code: "missing-file", severity: "warning", file: config });
});

test("every file that no rule is about is named", async () => {
  const second = "workspaces/acme/db-02.yaml";
  const files: Definitions = { ...(await sealedFor([own])), [second]: await sealedService("acme/db-02") };
  const beta = (files[config] ?? "").replace("^workspaces/", "^workspaces/beta/");
  expect(wordsOf({ ...files, [config]: beta })).toEqual([
    `warning E_NO_RULE ${path}`,
    `warning E_NO_RULE ${second}`,
  ]);
});
