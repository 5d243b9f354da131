import { expect, test } from "vitest";
import { parse } from "yaml";
import { openSecretValues } from "../../src/secrets/open-secrets.ts";
import { rebindSecrets, rotateDataKey, updateRecipients } from "../../src/secrets/rotate-secrets.ts";
import {
  bind,
  errorOf,
  identity,
  lineOf,
  openText,
  readGolden,
  seal,
  secondIdentity,
  textOf,
  tools,
} from "./fixtures.ts";
import { dataKeyOf, unbind } from "./unbound.ts";

const identities = [identity];
const everyType = readGolden("every-type.yaml");
const encryptedTexts = (text: string): string[] => text.match(/ENC\[[^\]]+\]/g) ?? [];
const copiesOf = (text: string): Map<string, string> => {
  const { sops } = parse(text) as { sops: { age: { recipient: string; enc: string }[] } };
  return new Map(sops.age.map(({ recipient, enc }) => [recipient, enc]));
};

test("a new data key encrypts every value and comment anew, and all opens as before", async () => {
  const before = await openText(everyType);
  const text = textOf(await rotateDataKey({ text: everyType, bind, identities, tools }));
  expect(await openText(text)).toEqual(before);
  const old = new Set(encryptedTexts(everyType));
  const now = encryptedTexts(text);
  expect(now).toHaveLength(old.size);
  expect(now.filter((value) => old.has(value))).toEqual([]);
  expect(
    text
      .replaceAll(/ENC\[[^\]]+\]/g, "")
      .split("\n")
      .slice(0, 20),
  ).toEqual(
    everyType
      .replaceAll(/ENC\[[^\]]+\]/g, "")
      .split("\n")
      .slice(0, 20),
  );
});

test("an added recipient gets a copy of the data key, and no other line changes", async () => {
  const recipients = [identity.recipient, secondIdentity.recipient];
  const text = textOf(await updateRecipients({ text: everyType, bind, identities, tools, recipients }));
  expect(encryptedTexts(text)).toEqual(encryptedTexts(everyType));
  expect(lineOf(text, "lastmodified")).toBe(lineOf(everyType, "lastmodified"));
  expect([...copiesOf(text).keys()]).toEqual(recipients);
  expect(copiesOf(text).get(identity.recipient)).toBe(copiesOf(everyType).get(identity.recipient));
  expect(await openText(text, { identities: [secondIdentity] })).toEqual(await openText(everyType));
  const again = await updateRecipients({ text, bind, identities, tools, recipients });
  expect(again).toEqual({ ok: true, text, isChanged: false });
});

test("a removed recipient is shut out: their old data key opens nothing new", async () => {
  const both = textOf(
    await updateRecipients({
      text: everyType,
      bind,
      identities,
      tools,
      recipients: [identity.recipient, secondIdentity.recipient],
    }),
  );
  const recipients = [secondIdentity.recipient];
  const text = textOf(await updateRecipients({ text: both, bind, identities, tools, recipients }));
  expect(errorOf(await openText(text)).code).toBe("E_NO_IDENTITY");
  expect(await openText(text, { identities: [secondIdentity] })).toEqual(await openText(everyType));
  const oldCopy = copiesOf(both).get(identity.recipient) ?? "";
  const forged = text.replace(/( {6})recipient: age1\S+/, `$1recipient: ${identity.recipient}`);
  const { secret_values: secretValues, sops } = parse(forged) as {
    secret_values: unknown;
    sops: { age: { enc: string }[] };
  };
  const [entry] = sops.age;
  if (entry !== undefined) entry.enc = oldCopy;
  expect(errorOf(await openSecretValues({ secretValues, sops, identities, bind })).code).toBe(
    "E_VALUE_TAMPERED",
  );
});

test("rebinding lets a block be used where it was moved to, and nowhere else", async () => {
  const moved = "999/n8n-07";
  expect(errorOf(await openText(everyType, { bind: moved })).code).toBe("E_BIND_MISMATCH");
  const text = textOf(await rebindSecrets({ text: everyType, bind: moved, identities, tools }));
  expect(await openText(text, { bind: moved })).toEqual(await openText(everyType));
  expect(errorOf(await openText(text)).code).toBe("E_BIND_MISMATCH");
  expect(lineOf(text, "auth.password")).toBe(lineOf(everyType, "auth.password"));
  expect(await rebindSecrets({ text, bind: moved, identities, tools })).toMatchObject({ isChanged: false });
});

test("a block of the real SOPS without the hidden entry is refused until it is bound", async () => {
  const one = textOf(await seal("kind: CloudService\n", { set: { a: "made-up-password-1" } }));
  const unbound = unbind(one, dataKeyOf(one));
  expect(errorOf(await openText(unbound))).toMatchObject({
    code: "E_BIND_MISMATCH",
    path: ["secret_values"],
  });
  const bound = textOf(await rebindSecrets({ text: unbound, bind, identities, tools }));
  expect(await openText(bound)).toEqual({ ok: true, values: { a: "made-up-password-1" } });
});

test("a file without secrets has no key to change", async () => {
  const options = { text: "kind: CloudService\n", bind, identities, tools };
  for (const outcome of [
    await rotateDataKey(options),
    await rebindSecrets(options),
    await updateRecipients({ ...options, recipients: [identity.recipient] }),
  ]) {
    expect(errorOf(outcome).code).toBe("E_METADATA_MISSING");
  }
});

test("a key service we cannot renew stops a rotation, not an edit", async () => {
  const text = everyType.replace(
    /^sops:$/m,
    'sops:\n  pgp:\n    - fp: "00"\n      created_at: "2026-01-01T00:00:00Z"\n      enc: x',
  );
  expect(errorOf(await rotateDataKey({ text, bind, identities, tools })).code).toBe(
    "E_UNSUPPORTED_KEY_SERVICE",
  );
  expect(await seal(text, { set: { num: "7" } })).toMatchObject({ ok: true, isChanged: true });
});
