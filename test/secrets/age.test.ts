import { randomBytes } from "node:crypto";
import { armor, Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkRecipients, generateAgeIdentity, parseAgeIdentities } from "../../src/secrets/age-identity.ts";
import { decodeBech32, encodeBech32 } from "../../src/secrets/bech32.ts";
import { wrapDataKey } from "../../src/secrets/data-key.ts";
import { identity, keyFile, readIdentity, secondIdentity, secondKeyFile } from "./fixtures.ts";

async function wrap(content: Uint8Array, recipient: string): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return armor.encode(await encrypter.encrypt(content));
}

test("our reader and the age library agree on keys and on files", async () => {
  for (let round = 0; round < 20; round += 1) {
    const secretKey = await generateX25519Identity();
    const own = readIdentity(secretKey);
    expect(own.recipient).toBe(await identityToRecipient(secretKey));
    const content = randomBytes(round * 7);
    expect(own.open(await wrap(content, own.recipient))).toEqual(Buffer.from(content));
  }
});

test("the age library reads the key we generate and the data key we wrap", async () => {
  const { secretKey, recipient } = generateAgeIdentity(randomBytes);
  expect(await identityToRecipient(secretKey)).toBe(recipient);
  const dataKey = randomBytes(32);
  const [entry] = await wrapDataKey(dataKey, [recipient]);
  const decrypter = new Decrypter();
  decrypter.addIdentity(secretKey);
  expect(Buffer.from(await decrypter.decrypt(armor.decode(entry?.enc ?? "")))).toEqual(dataKey);
});

test("a file for several recipients, and one for a passphrase, are told apart", async () => {
  const both = new Encrypter();
  both.addRecipient(secondIdentity.recipient);
  both.addRecipient(identity.recipient);
  expect(identity.open(armor.encode(await both.encrypt("made up")))).toEqual(Buffer.from("made up"));
  expect(identity.open(await wrap(randomBytes(32), secondIdentity.recipient))).toBeUndefined();
  const locked = new Encrypter();
  locked.setScryptWorkFactor(2);
  locked.setPassphrase("made-up-password-1");
  expect(identity.open(armor.encode(await locked.encrypt("made up")))).toBeUndefined();
});

test("every single flipped character of an age file closes it", async () => {
  const sealed = await wrap(randomBytes(32), identity.recipient);
  for (let at = 0; at < sealed.trimEnd().length; at += 1) {
    const other = sealed[at] === "A" ? "B" : "A";
    expect(identity.open(sealed.slice(0, at) + other + sealed.slice(at + 1)), `at ${at}`).toBeUndefined();
  }
});

test("a share of low order, which gives everybody the same secret, is refused without an exception", () => {
  const zeros = Buffer.alloc(32).toString("base64").replace("=", "");
  const header = `age-encryption.org/v1\n-> X25519 ${zeros}\n${zeros}\n--- ${zeros}\n`;
  const file = Buffer.concat([Buffer.from(header), Buffer.alloc(64)]);
  expect(identity.open(armor.encode(file))).toBeUndefined();
});

test("any text in place of an age file is refused without an exception", () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array(), (text, bytes) => {
      expect(identity.open(text)).toBeUndefined();
      expect(identity.open(armor.encode(bytes.length === 0 ? Uint8Array.of(1) : bytes))).toBeUndefined();
    }),
  );
});

test("Bech32 keeps any bytes and sees any mistyped character", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(), (bytes, seed) => {
      const text = encodeBech32({ prefix: "age", bytes });
      expect(decodeBech32(text)).toEqual({ prefix: "age", bytes });
      expect(decodeBech32(text.toUpperCase())).toEqual({ prefix: "age", bytes });
      const at = "age1".length + (seed % (text.length - "age1".length));
      const other = text[at] === "q" ? "p" : "q";
      expect(decodeBech32(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
    }),
  );
});

test("a key file holds several keys, comments, empty lines and Windows line ends", () => {
  const parsed = parseAgeIdentities(`\uFEFF${keyFile}\n\n# more\n${secondKeyFile}`.replaceAll("\n", "\r\n"));
  expect(parsed.ok && parsed.value.map(({ recipient }) => recipient)).toEqual([
    identity.recipient,
    secondIdentity.recipient,
  ]);
});

test("printing an identity shows its public half only", () => {
  expect(JSON.stringify(identity)).toBe(JSON.stringify({ recipient: identity.recipient }));
});

test.each([
  ["an empty file", ""],
  ["comments only", "# nothing\n"],
  ["a public key", "age1rxjta879p6pcxj4tm60kn702anszkwadm5t45ylajvjv8ug4kuqqhcxs7f"],
  ["a mistyped key", keyFile.replace("AGE-SECRET-KEY-1N", "AGE-SECRET-KEY-1M")],
  ["a post-quantum key", "AGE-SECRET-KEY-PQ-1QQQQ"],
  ["a plugin's key", "AGE-PLUGIN-YUBIKEY-1QQQQ"],
  ["anything else", "hunter2"],
])("%s is no key file", (_, text) => {
  const parsed = parseAgeIdentities(text);
  expect(!parsed.ok && parsed.error.code).toBe("E_IDENTITY_INVALID");
});

test("recipients are trimmed, each taken once, and checked", () => {
  expect(checkRecipients([` ${identity.recipient}\n`, identity.recipient])).toEqual({
    ok: true,
    value: [identity.recipient],
  });
  const wrong = [
    [],
    ["age1xyz"],
    [identity.recipient.toUpperCase()],
    [`${identity.recipient.slice(0, -1)}q`],
  ];
  for (const recipients of wrong) {
    const checked = checkRecipients(recipients);
    expect(!checked.ok && checked.error.code).toBe("E_RECIPIENT_INVALID");
  }
});
