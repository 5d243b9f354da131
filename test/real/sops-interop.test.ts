import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { generateAgeIdentity } from "../../src/secrets/age-identity.ts";
import { rebindSecrets, rotateDataKey, updateRecipients } from "../../src/secrets/rotate-secrets.ts";
import { goTool } from "../support/go-tool.ts";
import {
  bind,
  errorOf,
  identity,
  keyFile,
  lineOf,
  openText,
  readGolden,
  readIdentity,
  seal,
  secondIdentity,
  secondKeyFile,
  textOf,
  tools,
} from "../secrets/fixtures.ts";

const buildTimeoutMs = 900_000;
const testTimeoutMs = 60_000;
const rules = "encrypted_regex: ^secret_values$\n    mac_only_encrypted: true";
const recipients = [identity.recipient, secondIdentity.recipient];
const identities = [identity];

let folder = "";
let sops = "";
let ageKeygen = "";
let missing = "";

beforeAll(async () => {
  for (const name of ["sops", "age-keygen"] as const) {
    const tool = await goTool(name);
    if ("skip" in tool) missing = tool.skip;
    else if (name === "sops") sops = tool.path;
    else ageKeygen = tool.path;
  }
  folder = await mkdtemp(join(tmpdir(), "woow-sops-"));
  await writeFile(join(folder, "first.txt"), keyFile);
  await writeFile(join(folder, "second.txt"), secondKeyFile);
  await configure(recipients.slice(0, 1));
}, buildTimeoutMs);

beforeEach((context) => {
  if (missing !== "") context.skip(missing);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function configure(age: readonly string[]): Promise<void> {
  const rule = `  - age: ${age.join(",")}\n    ${rules}\n`;
  await writeFile(join(folder, ".sops.yaml"), `stores: { yaml: { indent: 2 } }\ncreation_rules:\n${rule}`);
}

/** Runs SOPS on a text as a file, with nothing of this machine's settings, and returns what it decrypts or what the file holds then. */
async function runSops(
  text: string,
  args: readonly string[],
  key: "first" | "second" = "first",
): Promise<string> {
  const file = join(folder, `${randomBytes(6).toString("hex")}.yaml`);
  await writeFile(file, text);
  const { stdout } = await execa(
    sops,
    [
      "--config",
      join(folder, ".sops.yaml"),
      "--disable-version-check",
      ...args.map((arg) => arg.replace("FILE", file)),
    ],
    {
      extendEnv: false,
      env: { HOME: folder, SOPS_AGE_KEY_FILE: join(folder, `${key}.txt`) },
      stripFinalNewline: false,
    },
  );
  return args[0] === "decrypt" ? stdout : readFile(file, "utf8");
}

/** What SOPS finds below `secret_values`, the hidden entry included. */
async function readBySops(text: string, key: "first" | "second" = "first"): Promise<Record<string, unknown>> {
  const plain = await runSops(text, ["decrypt", "--output-type", "json", "FILE"], key);
  return (JSON.parse(plain) as { secret_values: Record<string, unknown> }).secret_values;
}

const set = {
  "auth.password": "made-up-password-1",
  "auth.second": "二行\nzweite Zeile\n",
  "auth.empty": "",
};

test("SOPS reads what we write", { timeout: testTimeoutMs }, async () => {
  const text = textOf(await seal("kind: CloudService\nname: 中文 # kept\n", { set }));
  expect(await readBySops(text)).toEqual({ ...set, _bind: bind });
  const edited = text.replace("name: 中文", "name: other");
  expect(await readBySops(edited)).toEqual({ ...set, _bind: bind });
});

test("SOPS reads any text under any path we write", { timeout: testTimeoutMs }, async () => {
  const path = fc
    .string({ unit: "binary", minLength: 1, maxLength: 30 })
    .filter((key) => key !== "_bind" && key !== "__proto__" && !/^\d+$/.test(key));
  const values = fc.dictionary(path, fc.string({ unit: "binary" }), {
    minKeys: 15,
    maxKeys: 30,
    noNullPrototype: true,
  });
  await fc.assert(
    fc.asyncProperty(values, async (many) => {
      const text = textOf(await seal("kind: CloudService\n", { set: many }));
      expect(await readBySops(text)).toEqual({ ...many, _bind: bind });
    }),
    { numRuns: 25 },
  );
});

test.each([
  "true",
  "No",
  "null",
  "~",
  "1.10",
  "2026-01-02",
  "0x1f",
  "<<",
  "- a",
  "a: b",
  "#a",
  "*a",
  "é",
  " ",
  "=",
  "1_000",
  "0o7",
  "a]b",
  "\u007f",
  "\u0085",
  "\u2028",
  "\ufeff",
  "\uffff",
])("SOPS takes the key %j for text, as we do", { timeout: testTimeoutMs }, async (key) => {
  const text = textOf(await seal("kind: CloudService\n", { set: { [key]: "made-up-password-1" } }));
  expect(await readBySops(text)).toEqual({ [key]: "made-up-password-1", _bind: bind });
});

test(
  "SOPS edits what we wrote, touches three lines, and we read the result",
  { timeout: testTimeoutMs },
  async () => {
    const text = textOf(await seal("kind: CloudService\n", { set }));
    const place = '["secret_values"]["auth.password"]';
    const edited = await runSops(text, ["set", "FILE", place, '"made-up-password-2"']);
    expect(await openText(edited)).toEqual({
      ok: true,
      values: { ...set, "auth.password": "made-up-password-2" },
    });
    const changed = edited.split("\n").filter((line) => !text.split("\n").includes(line));
    expect(changed.map((line) => line.trim().split(":")[0])).toEqual([
      "auth.password",
      "lastmodified",
      "mac",
    ]);
    const removed = await runSops(edited, ["unset", "FILE", place]);
    const { "auth.password": _, ...rest } = set;
    expect(await openText(removed)).toEqual({ ok: true, values: rest });
    const again = textOf(await seal(removed, { set: { "auth.password": "made-up-password-3" } }));
    expect(await readBySops(again)).toEqual({ ...rest, "auth.password": "made-up-password-3", _bind: bind });
  },
);

test("SOPS follows us through recipients, rotation and rebinding", { timeout: testTimeoutMs }, async () => {
  const one = textOf(await seal("kind: CloudService\n", { set, recipients: recipients.slice(0, 1) }));
  await expect(readBySops(one, "second")).rejects.toThrow(/Failed to get the data key/);
  const two = textOf(await updateRecipients({ text: one, bind, identities, tools, recipients }));
  for (const key of ["first", "second"] as const) {
    expect(await readBySops(two, key)).toEqual({ ...set, _bind: bind });
  }
  const rotated = textOf(await rotateDataKey({ text: two, bind, identities, tools }));
  expect(await readBySops(rotated, "second")).toEqual({ ...set, _bind: bind });
  const left = textOf(
    await updateRecipients({ text: rotated, bind, identities, tools, recipients: recipients.slice(1) }),
  );
  expect(await readBySops(left, "second")).toEqual({ ...set, _bind: bind });
  await expect(readBySops(left)).rejects.toThrow(/Failed to get the data key/);
  const moved = textOf(
    await rebindSecrets({ text: left, bind: "9/x-01", identities: [secondIdentity], tools }),
  );
  expect(await readBySops(moved, "second")).toEqual({ ...set, _bind: "9/x-01" });
});

test("comments SOPS encrypted stay readable through our rotation", { timeout: testTimeoutMs }, async () => {
  const before = readGolden("every-type.yaml");
  const after = textOf(await rotateDataKey({ text: before, bind, identities, tools }));
  const decrypt = ["decrypt", "FILE"];
  const plain = await runSops(after, decrypt);
  expect(plain).toBe(await runSops(before, decrypt));
  for (const comment of ["# hidden comment", "# inline", "# in nested"]) expect(plain).toContain(comment);
});

test("we read what SOPS encrypts, re-keys and rotates", { timeout: testTimeoutMs }, async () => {
  const plain = `kind: CloudService\nsecret_values:\n  # why\n  auth.password: made-up-password-1\n  list: [a, 1]\n  _bind: ${bind}\n`;
  const values = { "auth.password": "made-up-password-1", list: ["a", 1] };
  const encrypted = await runSops(plain, ["encrypt", "--in-place", "FILE"]);
  expect(await openText(encrypted)).toEqual({ ok: true, values });
  await configure(recipients);
  const shared = await runSops(encrypted, ["updatekeys", "--yes", "FILE"]);
  await configure(recipients.slice(0, 1));
  expect(await openText(shared, { identities: [secondIdentity] })).toEqual({ ok: true, values });
  const rotated = await runSops(shared, ["rotate", "--in-place", "FILE"]);
  expect(lineOf(rotated, "auth.password")).not.toBe(lineOf(shared, "auth.password"));
  expect(await openText(rotated, { identities: [secondIdentity] })).toEqual({ ok: true, values });
});

test("SOPS and we refuse the same changed files", { timeout: testTimeoutMs }, async () => {
  const text = textOf(await seal("kind: CloudService\n", { set }));
  const line = lineOf(text, "auth.password");
  for (const [changed, code] of [
    [text.replace(`${line}\n`, ""), "E_MAC_MISMATCH"],
    [text.replace("auth.password:", "auth.other:"), "E_VALUE_TAMPERED"],
    [text.replace("2026-11-22", "2026-11-23"), "E_MAC_MISMATCH"],
  ] as const) {
    expect(errorOf(await openText(changed)).code).toBe(code);
    await expect(readBySops(changed)).rejects.toThrow();
  }
});

test("age's own generator and ours make the same kind of key", { timeout: testTimeoutMs }, async () => {
  const { stdout } = await execa(ageKeygen, [], { extendEnv: false });
  expect(stdout).toContain(`# public key: ${readIdentity(stdout).recipient}`);
  const ours = generateAgeIdentity(randomBytes);
  const shown = await execa(ageKeygen, ["-y"], { extendEnv: false, input: `${ours.secretKey}\n` });
  expect(shown.stdout).toBe(ours.recipient);
});
