import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { parseAgeIdentities } from "../../src/secrets/age-identity.ts";
import { openSecretValues } from "../../src/secrets/open-secrets.ts";
import { rebindSecrets, rotateDataKey, updateRecipients } from "../../src/secrets/rotate-secrets.ts";
import { bind, identity, openText, readGolden, seal, textOf, tools } from "./fixtures.ts";

const identities = [identity];
const recipients = [identity.recipient];
const plain = "made-up-canary-91be";
let sealed = "";

beforeAll(async () => {
  sealed = textOf(await seal(readGolden("every-type.yaml"), { set: { "auth.password": plain } }));
});

const fragments = [
  "secret_values:", "sops:", "age:", "enc: |", "ENC[", "type:int]", "\n", "\r\n", "  ", "\t", "- ", "{", "}", "[", "]", ": ", "# ",
  "&a ", "*a", "<<: *a", "? ", "---\n", "...\n", "null", '"', "'", "|+\n", "\u0000", "\uFEFF", "__proto__: 1\n", "_bind: x\n",
]; // prettier-ignore

test("a text changed in any way is refused or edited, never an exception and never a leak", async () => {
  const cut = fc.record({ at: fc.nat(4000), length: fc.nat(60), put: fc.constantFrom("", ...fragments) });
  await fc.assert(
    fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 4 }), async (cuts) => {
      let text = sealed;
      for (const { at, length, put } of cuts) text = text.slice(0, at) + put + text.slice(at + length);
      const outcomes = [
        await seal(text, { set: { num: "7", "new.key": plain }, remove: ["flag"] }),
        await rotateDataKey({ text, bind, identities, tools }),
        await rebindSecrets({ text, bind: "9/x", identities, tools }),
        await updateRecipients({ text, bind, identities, tools, recipients }),
      ];
      for (const outcome of outcomes) expect(JSON.stringify(outcome)).not.toContain(plain);
    }),
    { numRuns: 600 },
  );
}, 60_000);

const read = (text: string): unknown => parseDocument(text).toJS();

test("whatever a definition looks like, a secret set in it opens and the rest means the same", async () => {
  const start = `# remark\nkind: CloudService # why\nhelm_values: { a: 1, b: [x] }\nlist:\n  - one\n  - two: |\n      text\nsecret_values:\n  # here\nlast: 'q'\n# end\n`;
  const cut = fc.record({
    at: fc.nat(start.length),
    length: fc.nat(12),
    put: fc.constantFrom("", ...fragments),
  });
  let edited = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(cut, { maxLength: 3 }), async (cuts) => {
      let text = start;
      for (const { at, length, put } of cuts) text = text.slice(0, at) + put + text.slice(at + length);
      const outcome = await seal(text, { set: { "a.b": plain, "a.c": "" } });
      if (!outcome.ok) return;
      edited += 1;
      expect(await openText(outcome.text)).toEqual({ ok: true, values: { "a.b": plain, "a.c": "" } });
      const { secret_values: _old, sops: _none, ...before } = read(text) as Record<string, unknown>;
      const { secret_values: _new, sops: _added, ...after } = read(outcome.text) as Record<string, unknown>;
      expect(after).toEqual(before);
    }),
    { numRuns: 600 },
  );
  expect(edited).toBeGreaterThan(100);
}, 60_000);

test("anything in place of the two blocks and of a key file is refused or opened, never an exception", async () => {
  await fc.assert(
    fc.asyncProperty(fc.anything(), fc.anything(), fc.string(), async (secretValues, sops, text) => {
      const outcome = await openSecretValues({ secretValues, sops, identities, bind });
      const isEmpty = (secretValues ?? null) === null && (sops ?? null) === null;
      expect(outcome.ok).toBe(isEmpty);
      expect(parseAgeIdentities(text).ok).toBe(false);
    }),
    { numRuns: 1000 },
  );
});
