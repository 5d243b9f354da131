import { beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { findPlainSecrets } from "../../src/secrets/secret-tree.ts";
import { openSecretValues } from "../../src/secrets/open-secrets.ts";
import { bind, errorOf, identity, lineOf, openText, seal, secondIdentity, textOf } from "./fixtures.ts";

let sealed = "";

beforeAll(async () => {
  const set = { "auth.one": "made-up-password-1", "auth.two": "made-up-password-2", "auth.three": "x" };
  sealed = textOf(await seal("kind: CloudService\n", { set }));
});

/** Changes one character of a base64 text to another of the same alphabet. */
function flip(text: string, at: number): string {
  return text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
}

/** The text with one character flipped inside a part (data, iv, tag) of the value on a line. */
function flipPart(line: string, part: string): string {
  const start = sealed.indexOf(part, sealed.indexOf(lineOf(sealed, line))) + part.length;
  return flip(sealed, start + 1);
}

test.each(["data:", "iv:", "tag:"])(
  "a flipped character in %s of a value is told with its path",
  async (part) => {
    const error = errorOf(await openText(flipPart("auth.two:", part)));
    expect(error).toMatchObject({ code: "E_VALUE_TAMPERED", path: ["secret_values", "auth.two"] });
  },
);

test.each(["data:", "iv:", "tag:"])("a flipped character in %s of the code is a mismatch", async (part) => {
  expect(errorOf(await openText(flipPart("mac:", part))).code).toBe("E_MAC_MISMATCH");
});

test("every flipped character of every value is seen", async () => {
  const start = sealed.indexOf("data:", sealed.indexOf("auth.two:"));
  const end = sealed.indexOf(",type:", start);
  for (let at = start; at < end; at += 1) {
    expect(errorOf(await openText(flip(sealed, at))).code, `at ${at}`).toBe("E_VALUE_TAMPERED");
  }
});

test("a flipped character in the wrapped data key is told as such", async () => {
  const start = sealed.indexOf("BEGIN AGE ENCRYPTED FILE-----\n") + "BEGIN AGE ENCRYPTED FILE-----\n".length;
  const end = sealed.indexOf("-----END AGE");
  for (let at = start; at < end; at += 1) {
    if (/\s/.test(sealed[at] ?? "")) continue;
    const error = errorOf(await openText(flip(sealed, at)));
    expect(error, `at ${at}`).toMatchObject({ code: "E_DATA_KEY_TAMPERED", path: ["sops", "age"] });
  }
});

function without(start: string): string {
  return sealed.replace(`${lineOf(sealed, start)}\n`, "");
}

function swapped(): string {
  const value = (start: string): string => lineOf(sealed, start).trim().slice(start.length);
  const [one, two] = [value("auth.one:"), value("auth.two:")];
  return sealed.replace(one, "HELD").replace(two, one).replace("HELD", two);
}

function reordered(): string {
  const [one, two] = [lineOf(sealed, "auth.one:"), lineOf(sealed, "auth.two:")];
  return sealed.replace(`${one}\n${two}`, `${two}\n${one}`);
}

test.each([
  ["a removed value", "E_MAC_MISMATCH", () => without("auth.two:")],
  ["all values removed", "E_MAC_MISMATCH", () => sealed.replace(/^secret_values:\n( {2}.*\n)*/m, "")],
  ["reordered values", "E_MAC_MISMATCH", reordered],
  ["a renamed key", "E_VALUE_TAMPERED", () => sealed.replace("auth.two:", "auth.2nd:")],
  ["swapped values", "E_VALUE_TAMPERED", swapped],
  ["a value cut to its name", "E_VALUE_TAMPERED", () => sealed.replace(/auth\.two: .*/, "auth.two: ENC[")],
  ["a value with text behind it", "E_VALUE_TAMPERED", () => sealed.replace(/(auth\.two: .*)/, "$1x")],
  ["an emptied value", "E_MAC_MISMATCH", () => sealed.replace(/auth\.two: .*/, 'auth.two: ""')],
  ["a value made null", "E_MAC_MISMATCH", () => sealed.replace(/auth\.two: .*/, "auth.two:")],
  [
    "a value made a comment",
    "E_VALUE_UNSUPPORTED",
    () => sealed.replace(/(auth\.two: .*)type:str/, "$1type:comment"),
  ],
  [
    "a value made a number",
    "E_VALUE_UNSUPPORTED",
    () => sealed.replace(/(auth\.two: .*)type:str/, "$1type:int"),
  ],
  ["a new plain value", "E_NOT_ENCRYPTED", () => sealed.replace("  _bind:", "  more: hunter2\n  _bind:")],
  ["a plain number", "E_NOT_ENCRYPTED", () => sealed.replace("  _bind:", "  more: 5\n  _bind:")],
  ["another time", "E_MAC_MISMATCH", () => sealed.replace("2026-11-22T20", "2026-11-22T21")],
  ["no time", "E_METADATA_INVALID", () => sealed.replace(/^ {2}lastmodified:.*\n/m, "")],
  ["a time that is none", "E_METADATA_INVALID", () => sealed.replace("2026-11-22T20", "2026-13-99T20")],
  ["no code", "E_NO_MAC", () => without("mac:")],
  ["an empty code", "E_NO_MAC", () => sealed.replace(/^ {2}mac:.*$/m, '  mac: ""')],
  ["a code in plain text", "E_METADATA_INVALID", () => sealed.replace(/^ {2}mac:.*$/m, "  mac: 00FF")],
  ["a wider code", "E_MAC_SCOPE", () => without("mac_only_encrypted:")],
  ["another scope", "E_SCOPE", () => sealed.replace("^secret_values$", "^secret")],
  ["two scopes", "E_SCOPE", () => sealed.replace("  mac:", "  unencrypted_suffix: _x\n  mac:")],
  ["no sops block", "E_METADATA_MISSING", () => sealed.slice(0, sealed.indexOf("sops:"))],
  [
    "a sops block that is text",
    "E_METADATA_INVALID",
    () => `${sealed.slice(0, sealed.indexOf("sops:"))}sops: yes\n`,
  ],
  ["age that is no list", "E_METADATA_INVALID", () => sealed.replace(/age:\n( {4}.*\n)*/, "age: 1\n")],
  [
    "age without an entry",
    "E_UNSUPPORTED_KEY_SERVICE",
    () => sealed.replace(/age:\n( {4}.*\n)*/, "age: []\n"),
  ],
  ["an entry without enc", "E_METADATA_INVALID", () => sealed.replace("- enc: |", "- cne: |")],
  ["values that are a list", "E_KEY_UNSUPPORTED", () => sealed.replace(/^ {2}(auth.*|_bind.*)$/gm, "  - 1")],
  ["a key like a list index", "E_KEY_UNSUPPORTED", () => sealed.replace("auth.two:", '"2":')],
])("%s is refused as %s", async (_, code, change) => {
  const text = change();
  expect(text).not.toBe(sealed);
  expect(errorOf(await openText(text)).code).toBe(code);
});

test("a file opens neither without an identity nor with another's, and says whose it is", async () => {
  const none = errorOf(await openText(sealed, { identities: [] }));
  expect(none.code).toBe("E_NO_IDENTITY");
  const wrong = errorOf(await openText(sealed, { identities: [secondIdentity] }));
  expect(wrong.code).toBe("E_NO_IDENTITY");
  expect(wrong.message).toContain(identity.recipient);
  expect(wrong.message).toContain(secondIdentity.recipient);
});

test("a block copied into another service's file is refused", async () => {
  const error = errorOf(await openText(sealed, { bind: "456/n8n-01" }));
  expect(error.code).toBe("E_BIND_MISMATCH");
});

test("a definition without secrets opens without an identity", async () => {
  expect(await openText("kind: CloudService\n", { identities: [] })).toEqual({ ok: true, values: {} });
});

test("a value that is its own ancestor is refused, not followed for ever", async () => {
  const loop: Record<string, unknown> = {};
  loop["again"] = loop;
  const sops: unknown = (parse(sealed) as Record<string, unknown>)["sops"];
  const outcome = await openSecretValues({ secretValues: loop, sops, identities: [identity], bind });
  expect(errorOf(outcome).code).toBe("E_KEY_UNSUPPORTED");
});

test("plain text is found without a key, every place of it", () => {
  const values = { a: "hunter2", b: "ENC[x]", c: { d: [1, "", null, "ENC[y]"], e: true } };
  const errors = findPlainSecrets(values);
  expect(errors.map(({ path }) => path.join("/"))).toEqual([
    "secret_values/a",
    "secret_values/c/d/0",
    "secret_values/c/e",
  ]);
  expect(JSON.stringify(errors)).not.toContain("hunter2");
});
