import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { bind, errorOf, lineOf, openText, readGolden, seal, textOf } from "./fixtures.ts";

const plainDefinition = `# yaml-language-server: $schema=../../schemas/cloud-service.json
kind: CloudService   # aligned   by hand
template_id:   n8n
name: 'Order "automation"'
resources: { vcpu: 1,   ram_gb: 2 }

# a remark at the end
`;

test("a first secret adds the three keys and leaves every other byte alone", async () => {
  const text = textOf(
    await seal(plainDefinition, { set: { "main.secret.n8n.encryption_key": "made-up-password-1" } }),
  );
  expect(text.startsWith(plainDefinition)).toBe(true);
  const added = text.slice(plainDefinition.length);
  expect(added.replaceAll(/ENC\[[^\]]+\]/g, "ENC").replaceAll(/^ {8}(?!-----).*\n/gm, ""))
    .toMatchInlineSnapshot(`
    "secret_values:
      main.secret.n8n.encryption_key: ENC
      _bind: ENC
    sops:
      age:
        - enc: |
            -----BEGIN AGE ENCRYPTED FILE-----
            -----END AGE ENCRYPTED FILE-----
          recipient: age1rxjta879p6pcxj4tm60kn702anszkwadm5t45ylajvjv8ug4kuqqhcxs7f
      encrypted_regex: ^secret_values$
      lastmodified: "2026-11-22T20:00:00Z"
      mac: ENC
      mac_only_encrypted: true
      version: 3.13.3
    "
  `);
  expect(await openText(text)).toEqual({
    ok: true,
    values: { "main.secret.n8n.encryption_key": "made-up-password-1" },
  });
});

test("any text survives, under any path", async () => {
  const path = fc.string({ unit: "binary", minLength: 1, maxLength: 40 }).filter((key) => {
    return key !== "_bind" && key !== "__proto__" && !/^\d+$/.test(key);
  });
  const values = fc.dictionary(path, fc.string({ unit: "binary" }), { maxKeys: 6, noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(values, values, async (first, second) => {
      const once = textOf(await seal(plainDefinition, { set: first }));
      expect(await openText(once)).toEqual({ ok: true, values: first });
      const twice = textOf(await seal(once, { set: second }));
      expect(await openText(twice)).toEqual({ ok: true, values: { ...first, ...second } });
      expect(parse(twice)).toMatchObject(parse(plainDefinition) as object);
    }),
    { numRuns: 60 },
  );
});

test("a byte order mark, line ends and zeros are part of a secret", async () => {
  const set = { mark: "\uFEFFmade up", lines: "\r\n\n a \n", zero: "\u0000" };
  expect(await openText(textOf(await seal(plainDefinition, { set })))).toEqual({ ok: true, values: set });
});

test("half a character is refused, because UTF-8 would change it", async () => {
  const error = errorOf(await seal(plainDefinition, { set: { a: "made-up-\uD800" } }));
  expect(error).toMatchObject({ code: "E_VALUE_UNSUPPORTED", path: ["secret_values", "a"] });
});

test.each(["", "_bind", "__proto__", "0", "12"])("the path %j cannot be set", async (path) => {
  const set = JSON.parse(`{${JSON.stringify(path)}: "made-up-password-1"}`) as Record<string, string>;
  expect(errorOf(await seal(plainDefinition, { set })).code).toBe("E_KEY_UNSUPPORTED");
});

test("an edit keeps the other ciphertexts, the comments and the order of a file of the real SOPS", async () => {
  const before = readGolden("two-recipients.yaml");
  const after = textOf(
    await seal(before, {
      bind: "123/pg-01",
      set: { "auth.password": "made-up-password-9", "auth.new": "x" },
    }),
  );
  const changed = ["auth.password:", "lastmodified:", "mac:"].map((start) => lineOf(before, start));
  const kept = before.split("\n").filter((line) => !changed.includes(line));
  const lines = after.split("\n");
  expect(lines.filter((line) => kept.includes(line))).toEqual(kept);
  expect(lines).toHaveLength(before.split("\n").length + 1);
  expect(await openText(after, { bind: "123/pg-01" })).toMatchObject({
    values: {
      "auth.postgresPassword": "made-up-password-1",
      "auth.password": "made-up-password-9",
      "auth.new": "x",
    },
  });
});

test("setting what is set already returns the very same text", async () => {
  const before = readGolden("every-type.yaml");
  const sealed = await seal(before, {
    set: { "auth.password": "made-up-password-1", "nested.deep": "二", empty: "" },
  });
  expect(sealed).toEqual({ ok: true, text: before, isChanged: false });
});

test("text in the place of a number that looks the same is a change", async () => {
  const after = textOf(await seal(readGolden("every-type.yaml"), { set: { num: "42" } }));
  expect(await openText(after)).toMatchObject({ values: { num: "42", big: 1.5 } });
});

test("a path spelled by nested maps is found there, and a map emptied by removal goes away", async () => {
  const nested = readGolden("every-type.yaml");
  const set = textOf(await seal(nested, { set: { "nested.deep": "made-up-password-3" } }));
  expect(await openText(set)).toMatchObject({ values: { nested: { deep: "made-up-password-3" } } });
  const without = textOf(await seal(nested, { remove: ["nested.list", "auth.password"] }));
  expect(await openText(without)).toMatchObject({ ok: true, values: { nested: { deep: "二" }, num: 42 } });
  const gone = textOf(await seal(nested, { remove: ["nested.list", "nested.deep"] }));
  const opened = await openText(gone);
  expect(opened.ok && Object.keys(opened.values)).toEqual([
    "auth.password",
    "num",
    "big",
    "flag",
    "none",
    "empty",
    "when",
  ]);
});

test("removing the last secret leaves a block that opens empty, and takes new ones", async () => {
  const one = textOf(await seal(plainDefinition, { set: { a: "made-up-password-1" } }));
  const none = textOf(await seal(one, { remove: ["a"] }));
  expect(await openText(none)).toEqual({ ok: true, values: {} });
  const again = textOf(await seal(none, { set: { b: "made-up-password-2" } }));
  expect(await openText(again)).toEqual({ ok: true, values: { b: "made-up-password-2" } });
});

test.each(["absent", "_bind"])("removing %s, which no user set, is refused", async (path) => {
  const one = textOf(await seal(plainDefinition, { set: { a: "made-up-password-1" } }));
  expect(errorOf(await seal(one, { remove: [path] })).code).toBe("E_NOT_FOUND");
});

test("a value typed in plain text is encrypted when it is set, and refused when another is", async () => {
  const typed = `${plainDefinition}secret_values:\n  a: made-up-password-1\n  b: 5\n`;
  const both = textOf(await seal(typed, { set: { a: "made-up-password-1", b: "5" } }));
  expect(both).not.toContain("made-up-password-1");
  expect(await openText(both)).toEqual({ ok: true, values: { a: "made-up-password-1", b: "5" } });
  const error = errorOf(await seal(typed, { set: { a: "made-up-password-1" } }));
  expect(error).toMatchObject({ code: "E_NOT_ENCRYPTED", path: ["secret_values", "b"] });
  const added = both.replace("  _bind:", "  late: made-up-password-4\n  _bind:");
  expect(errorOf(await seal(added, { set: { a: "x" } })).code).toBe("E_NOT_ENCRYPTED");
  const late = textOf(await seal(added, { set: { late: "made-up-password-4" } }));
  expect(await openText(late)).toMatchObject({ values: { late: "made-up-password-4" } });
});

test.each([
  ["no value", "secret_values:\n"],
  ["an empty map", "secret_values: {}  # none yet\n"],
  ["a null", "secret_values: null\nafter: 1\n"],
  ["Windows line ends", "kind: CloudService\r\nsecret_values:\r\nafter: 1\r\n"],
  ["no line end", "after: 1"],
  ["an end marker", "after: 1\n...\n"],
  ["a start marker", "---\nafter: 1\n"],
  ["a block scalar at the end", "after: |+\n  1\n\n"],
  ["a block scalar without a line end", "after: |\n  1"],
])("a file with %s takes a secret and stays what it was", async (_, tail) => {
  const before = /^---|\r/.test(tail) ? tail : `kind: CloudService\n${tail}`;
  const after = textOf(await seal(before, { set: { "a.b": "made-up-password-1" } }));
  expect(await openText(after)).toEqual({ ok: true, values: { "a.b": "made-up-password-1" } });
  const { secret_values: _old, ...rest } = parse(before) as Record<string, unknown>;
  expect(parse(after)).toMatchObject(rest);
  expect(after.includes("\r\n")).toBe(before.includes("\r\n"));
  if (before.includes("\r\n")) expect(after.replaceAll("\r\n", "")).not.toContain("\n");
});

test("a block in JSON style is unfolded and keeps its ciphertexts", async () => {
  const block = textOf(await seal("kind: CloudService\n", { set: { a: "made-up-password-1", "b.c": "2" } }));
  const { secret_values: values, sops } = parse(block) as {
    secret_values: Record<string, string>;
    sops: unknown;
  };
  const folded = `kind: CloudService\nsecret_values: ${JSON.stringify(values)} # why\nsops: ${JSON.stringify(sops)}\n`;
  const after = textOf(await seal(folded, { set: { "b.c": "3" } }));
  expect(await openText(after)).toEqual({ ok: true, values: { a: "made-up-password-1", "b.c": "3" } });
  expect(lineOf(after, "a:")).toBe(lineOf(block, "a:"));
});

test.each([
  ["no map", "- 1\n"],
  ["broken", "kind: [hunter2\n"],
  ["a flow map", "{ kind: CloudService }\n"],
  ["two documents", "kind: a\n---\nkind: b\n"],
  ["a repeated key", "kind: a\nkind: b\n"],
  ["an anchored secret", "secret_values:\n  a: &x 1\n"],
  ["a second secret_values", "raw_values:\n  secret_values:\n    a: 1\n"],
  ["a key that is a map", "? { a: 1 }\n: 2\n"],
  ["cut off inside a quoted text", "a: 'x''"],
  ["held together by a lost alias", "a: *nowhere\n"],
  ["empty", ""],
])("a definition that is %s is not touched", async (_, text) => {
  const error = errorOf(await seal(text, { set: { a: "made-up-password-1" } }));
  expect(error.code).toBe("E_FILE_INVALID");
  expect(JSON.stringify(error)).not.toContain("hunter2");
});

test("a block of another service is not edited, and one nobody can open neither", async () => {
  const one = textOf(await seal(plainDefinition, { set: { a: "made-up-password-1" } }));
  expect(errorOf(await seal(one, { bind: "999/other", set: { a: "x" } })).code).toBe("E_BIND_MISMATCH");
  expect(errorOf(await seal(one, { identities: [], set: { a: "x" } })).code).toBe("E_NO_IDENTITY");
  expect(errorOf(await seal(plainDefinition, { recipients: ["age1nobody"], set: { a: "x" } })).code).toBe(
    "E_RECIPIENT_INVALID",
  );
  expect(await openText(one, { bind })).toMatchObject({ ok: true });
});
