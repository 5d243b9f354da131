import { beforeAll, expect, test } from "vitest";
import { checkRecipients, parseAgeIdentities } from "../../src/secrets/age-identity.ts";
import { rebindSecrets, rotateDataKey } from "../../src/secrets/rotate-secrets.ts";
import type { SecretError, SecretErrorCode } from "../../src/secrets/secret-error.ts";
import { readRecipients } from "../../src/secrets/sops-config.ts";
import {
  errorOf,
  identity,
  keyFile,
  openText,
  readGolden,
  seal,
  secondIdentity,
  textOf,
  tools,
} from "./fixtures.ts";
import { dataKeyOf } from "./unbound.ts";

const plain = "made-up-canary-7f3a";
const secretKey = keyFile.split("\n").find((line) => line.startsWith("AGE-SECRET-KEY")) ?? "";
const context = { bind: "123/n8n-01", identities: [identity], tools };
let sealed = "";

beforeAll(async () => {
  sealed = textOf(
    await seal("kind: CloudService\n", { set: { "auth.password": plain, "auth.second": plain } }),
  );
});

const opening = async (text: string): Promise<SecretError> => errorOf(await openText(text));
const parsing = (text: string): SecretError | undefined => {
  const parsed = parseAgeIdentities(text);
  return parsed.ok ? undefined : parsed.error;
};
const recipients = (given: string): SecretError | undefined => {
  const checked = checkRecipients([given]);
  return checked.ok ? undefined : checked.error;
};
const config = (text: string): SecretError | undefined => {
  const read = readRecipients(text, "workspaces/123/n8n-01.yaml");
  return read.ok ? undefined : read.error;
};

/** A way to every code; the type makes this list complete. */
const provocations: Record<
  SecretErrorCode,
  () => Promise<SecretError | undefined> | SecretError | undefined
> = {
  E_NO_IDENTITY: async () => errorOf(await openText(sealed, { identities: [secondIdentity] })),
  E_VALUE_TAMPERED: () => opening(sealed.replace("auth.password:", "auth.renamed:")),
  E_MAC_MISMATCH: () => opening(sealed.replace(/^ {2}auth\.second: .*\n/m, "")),
  E_NO_MAC: () => opening(sealed.replace(/^ {2}mac: .*\n/m, "")),
  E_BIND_MISMATCH: async () => errorOf(await openText(sealed, { bind: "999/n8n-01" })),
  E_NOT_ENCRYPTED: () => opening(sealed.replace("  _bind:", `  typed: ${plain}\n  _bind:`)),
  E_DATA_KEY_TAMPERED: () => opening(sealed.replace("-----BEGIN", "----BEGIN")),
  E_IDENTITY_INVALID: () => parsing(secretKey.slice(0, -1)),
  E_RECIPIENT_INVALID: () => recipients(secretKey),
  E_METADATA_MISSING: () => opening(sealed.slice(0, sealed.indexOf("sops:"))),
  E_METADATA_INVALID: () => opening(sealed.replace(/^ {2}lastmodified: .*$/m, `  lastmodified: ${plain}`)),
  E_SCOPE: () => opening(sealed.replace("^secret_values$", "x")),
  E_MAC_SCOPE: () => opening(sealed.replace("mac_only_encrypted: true", "mac_only_encrypted: false")),
  E_UNSUPPORTED_KEY_SERVICE: () => opening(readGolden("two-key-groups.yaml")),
  E_KEY_UNSUPPORTED: () => opening(sealed.replace("auth.second:", '"7":')),
  E_VALUE_UNSUPPORTED: () => opening(sealed.replace(/(auth\.password: .*)type:str/, "$1type:int")),
  E_FILE_INVALID: async () => errorOf(await seal(`${sealed}a: [${plain}\n`, { set: { a: plain } })),
  E_NOT_FOUND: async () => errorOf(await seal(sealed, { remove: ["auth.third"] })),
  E_CONFIG_INVALID: () => config(`creation_rules: [${plain}`),
  E_NO_RULE: () => config("creation_rules: []"),
};

test.each(Object.entries(provocations))("%s can happen, and says nothing secret", async (code, provoke) => {
  const error = await provoke();
  expect(error?.code).toBe(code);
  const dataKey = Buffer.from(dataKeyOf(sealed));
  const told = JSON.stringify(error);
  const forbidden = [
    plain,
    secretKey,
    secretKey.slice(20, 50),
    ...["hex", "base64"].map((as) => dataKey.toString(as as BufferEncoding)),
  ];
  for (const secret of forbidden) expect(told).not.toContain(secret);
  expect(error?.hint).not.toBe("");
  expect(error?.message).not.toMatch(/undefined|\[object/);
});

test("a hidden entry that names no service is not shown, because it is a decrypted value like others", async () => {
  const text = textOf(await rebindSecrets({ ...context, text: sealed, bind: plain }));
  const error = errorOf(await openText(text));
  expect(error.code).toBe("E_BIND_MISMATCH");
  expect(JSON.stringify(error)).not.toContain(plain);
});

test("refused changes say nothing secret either", async () => {
  const wrongKey = [secondIdentity];
  const errors = [
    errorOf(await seal(sealed, { set: { "auth.password": `${plain}\uD800` } })),
    errorOf(await seal(sealed, { set: { _bind: plain } })),
    errorOf(await rotateDataKey({ ...context, text: sealed, identities: wrongKey })),
    errorOf(await rebindSecrets({ ...context, text: sealed, identities: wrongKey })),
  ];
  expect(JSON.stringify(errors)).not.toContain(plain);
});
