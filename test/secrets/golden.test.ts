import { expect, test } from "vitest";
import { bind, errorOf, identity, openText, readGolden, secondIdentity } from "./fixtures.ts";

test("a file of the real SOPS with a value of every type opens as SOPS itself shows it", async () => {
  expect(await openText(readGolden("every-type.yaml"))).toEqual({
    ok: true,
    values: {
      "auth.password": "made-up-password-1",
      nested: { deep: "二", list: ["one", 2, true] },
      num: 42,
      big: 1.5,
      flag: true,
      none: null,
      empty: "",
      when: "2026-01-02T00:00:00Z",
    },
  });
});

const passwords = { "auth.postgresPassword": "made-up-password-1", "auth.password": "假密碼-🔑" };

test.each([
  ["the first", identity],
  ["the second", secondIdentity],
])("a file for two recipients opens with %s identity alone", async (_, own) => {
  const opened = await openText(readGolden("two-recipients.yaml"), { identities: [own], bind: "123/pg-01" });
  expect(opened).toEqual({ ok: true, values: passwords });
});

test("a file edited by `sops set` opens with the value it added", async () => {
  const opened = await openText(readGolden("after-set.yaml"), { bind: "123/pg-01" });
  expect(opened).toEqual({ ok: true, values: { ...passwords, "auth.added": "made-up-password-2" } });
});

test("plain parts may be edited without a key", async () => {
  const edited = readGolden("every-type.yaml").replace("template_id: n8n", "template_id: other\nadded: [1]");
  expect(await openText(edited)).toMatchObject({ ok: true });
});

test.each([
  ["without-mac-only.yaml", "E_MAC_SCOPE"],
  ["whole-file.yaml", "E_SCOPE"],
  ["two-key-groups.yaml", "E_UNSUPPORTED_KEY_SERVICE"],
])("%s, which SOPS would read and we cannot vouch for, is refused", async (name, code) => {
  expect(errorOf(await openText(readGolden(name), { bind: "123/pg-01" })).code).toBe(code);
});

test("opening is kept apart from other services", async () => {
  const error = errorOf(await openText(readGolden("every-type.yaml"), { bind: "999/n8n-01" }));
  expect(error).toMatchObject({ code: "E_BIND_MISMATCH", path: ["secret_values", "_bind"] });
  expect(error.message).toContain(bind);
  expect(error.message).toContain("999/n8n-01");
});
