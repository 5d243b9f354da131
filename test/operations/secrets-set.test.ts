import { expect, test } from "vitest";
import { setSecret } from "../../src/operations/secrets/set-secret.ts";
import type { SetSecretOptions } from "../../src/operations/secrets/set-secret.ts";
import { edit } from "../support/builders.ts";
import {
  codesOf,
  firstKey,
  secondKey,
  secretWorld,
  unsealedText,
  valueOf,
  type SecretWorld,
} from "../support/secret-world.ts";

const path = "workspaces/acme/db-02.yaml";

async function set(
  world: SecretWorld,
  value: string,
  options: Partial<SetSecretOptions> & { readonly identities?: Parameters<SecretWorld["deps"]>[0] } = {},
): Promise<Awaited<ReturnType<typeof setSecret>>> {
  const { identities, ...rest } = options;
  const deps = {
    ...world.deps(identities),
    readValue: () => Promise.resolve(value),
    note: (note: SecretWorld["notes"][number]) => void world.notes.push(note),
  };
  return setSecret(deps, {
    unit: "acme/db-02",
    key: "auth.password",
    force: false,
    allowEmpty: false,
    ...rest,
  });
}

const createOnly = (world: SecretWorld): void => {
  Object.assign(
    world.files,
    edit(world.files, "catalog/database.yaml", [
      "type: password,",
      "type: password, lifecycle: create_only,",
    ]),
  );
};

test("the first secret comes below what stands there, for the recipients of .sops.yaml", async () => {
  const world = await secretWorld();
  expect(valueOf(await set(world, "made-up-password-2"))).toMatchObject({ path, isChanged: true });
  const text = world.files[path] ?? "";
  expect(text.startsWith(unsealedText)).toBe(true);
  expect(text).not.toContain("made-up");
  expect(text).toContain(`recipient: ${firstKey.recipient}`);
  expect(await world.open("acme/db-02")).toEqual({ "auth.password": "made-up-password-2" });
  expect(world.notes).toEqual([]);
});

test("only the value's own line changes, and the sops block; the same value changes nothing", async () => {
  const world = await secretWorld();
  await set(world, "made-up-password-2");
  await set(world, "made-up-password-3", { key: "extra.token" });
  const before = world.files[path]?.split("\n") ?? [];
  await set(world, "made-up 密碼 \u{1f511}; second part", { key: "extra.token" });
  const after = world.files[path]?.split("\n") ?? [];
  const changed = after
    .filter((line, index) => line !== before[index])
    .map((line) => line.trim().split(":")[0]);
  expect(changed).toEqual(["extra.token", "mac"]);
  expect(await world.open("acme/db-02")).toMatchObject({
    "extra.token": "made-up 密碼 \u{1f511}; second part",
  });
  const again = await set(world, "made-up 密碼 \u{1f511}; second part", { key: "extra.token" });
  expect(valueOf(again).isChanged).toBe(false);
  expect(world.files[path]?.split("\n")).toEqual(after);
});

test.each([
  ["auth..password", "usage"],
  ["auth[0]", "usage"],
  ["_bind", "usage"],
  ["a.{{b", "usage"],
  ["ingress.password", "usage"],
  ["fullnameOverride", "usage"],
  ["primary.resources", "usage"],
  ["primary.resources.limits.cpu", "usage"],
  ["primary", "usage"],
])("the key %s is refused before a value is asked for", async (key, code) => {
  const world = await secretWorld();
  const before = { ...world.files };
  const deps = {
    ...world.deps(),
    readValue: () => Promise.reject(new Error("asked")),
    note: () => undefined,
  };
  const options = { unit: "acme/db-02", key, force: true, allowEmpty: true };
  await expect(setSecret(deps, options)).rejects.toMatchObject({ code });
  expect(world.files).toEqual(before);
});

test("keys that lead through one another cannot both hold a value", async () => {
  const world = await secretWorld();
  await set(world, "made-up-password-2", { key: "extra.token" });
  await expect(set(world, "made-up", { key: "extra.token.more" })).rejects.toMatchObject({ code: "usage" });
  await expect(set(world, "made-up", { key: "extra" })).rejects.toMatchObject({ code: "usage" });
});

test.each([
  ["{{ lookup }}", "auth.password"],
  ["", "auth.password"],
  ["LoadBalancer", "service.type"],
])("the value %j of %s is refused and not repeated", async (value, key) => {
  const world = await secretWorld();
  const error: unknown = await set(world, value, { key }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "usage" });
  if (value !== "") expect(JSON.stringify(error) + String(error)).not.toContain(value);
  expect(world.files[path]).toBe(unsealedText);
});

test("an empty value is taken when it is meant", async () => {
  const world = await secretWorld();
  valueOf(await set(world, "", { allowEmpty: true }));
  expect(await world.open("acme/db-02")).toEqual({ "auth.password": "" });
});

test("a mistyped password of the template is named, any other path is not", async () => {
  const world = await secretWorld();
  await set(world, "made-up-password-2", { key: "auth.pasword" });
  expect(world.notes).toMatchObject([{ code: "unknown-key", hint: "did you mean auth.password?" }]);
  await set(world, "made-up-password-2", { key: "smtp.relay.credentials" });
  expect(world.notes).toHaveLength(1);
});

test("what the app reads only once is replaced by force only", async () => {
  const world = await secretWorld();
  createOnly(world);
  valueOf(await set(world, "made-up-password-2"));
  const before = world.files[path];
  await expect(set(world, "made-up-password-3")).rejects.toMatchObject({ code: "create-only" });
  expect(world.files[path]).toBe(before);
  valueOf(await set(world, "made-up-password-3", { force: true }));
  expect(await world.open("acme/db-02")).toEqual({ "auth.password": "made-up-password-3" });
});

test("a password in plain text is taken out of helm_values", async () => {
  const plain = unsealedText.replace(
    "  auth.database",
    "  auth.password: made-up-canary # oops\n  auth.database",
  );
  const world = await secretWorld({ [path]: plain });
  createOnly(world);
  valueOf(await set(world, "made-up-password-2"));
  expect(world.files[path]?.startsWith(unsealedText)).toBe(true);
  expect(world.notes).toMatchObject([{ code: "moved-from-plain-text" }]);
});

test("helm_values goes with its last entry, since an empty map is none", async () => {
  const plain = unsealedText.replace("auth.database: orders", "auth.password: made-up-canary");
  const world = await secretWorld({ [path]: plain });
  valueOf(await set(world, "made-up-password-2"));
  expect(world.files[path]).not.toMatch(/helm_values|canary/);
});

test("a password in plain text below secret_values, and one in raw_values", async () => {
  const text = `${unsealedText}raw_values: { auth: { password: made-up-canary } }\nsecret_values:\n  auth.password: made-up-canary\n`;
  const world = await secretWorld({ [path]: text });
  createOnly(world);
  valueOf(await set(world, "made-up-password-2"));
  expect(await world.open("acme/db-02")).toEqual({ "auth.password": "made-up-password-2" });
  expect(world.notes).toMatchObject([{ code: "plain-text-password" }]);
});

test("a file with problems elsewhere can be mended, one that is no YAML cannot", async () => {
  const world = await secretWorld({ [path]: `${unsealedText}unknown_key: [no]\n` });
  valueOf(await set(world, "made-up-password-2"));
  expect(await world.open("acme/db-02")).toHaveProperty(["auth.password"]);
  const broken = await secretWorld({ [path]: `${unsealedText}a: [\n` });
  expect(codesOf(await set(broken, "made-up-password-2"))).toEqual([`${path} yaml-syntax`]);
});

test("a byte order mark and Windows line ends stay", async () => {
  const text = `\ufeff${unsealedText.replaceAll("\n", "\r\n")}`;
  const world = await secretWorld({ [path]: text });
  valueOf(await set(world, "made-up-password-2"));
  expect(world.files[path]?.startsWith(text)).toBe(true);
  expect(world.files[path]?.replaceAll("\r\n", "")).not.toContain("\n");
});

test("refusals of the codec name the file and write nothing", async () => {
  const world = await secretWorld();
  const file = "workspaces/acme/db-01.yaml";
  const before = world.files[file];
  const unit = "acme/db-01";
  expect(codesOf(await set(world, "made-up", { unit, identities: [secondKey] }))).toEqual([
    `${file} E_NO_IDENTITY`,
  ]);
  expect(codesOf(await set(world, "made-up", { unit, identities: [] }))).toEqual([`${file} E_NO_IDENTITY`]);
  expect(world.files[file]).toBe(before);
  world.files[file] = world.files["workspaces/beta/db-01.yaml"] ?? "";
  expect(codesOf(await set(world, "made-up", { unit }))).toEqual([`${file} E_BIND_MISMATCH`]);
});

test("without a usable .sops.yaml there is nobody to seal a first secret for", async () => {
  const world = await secretWorld();
  world.files[".sops.yaml"] = "creation_rules: []\n";
  expect(codesOf(await set(world, "made-up"))).toEqual([".sops.yaml E_NO_RULE"]);
  delete world.files[".sops.yaml"];
  await expect(set(world, "made-up")).rejects.toMatchObject({ code: "secrets", subject: ".sops.yaml" });
  valueOf(await set(world, "made-up-password-2", { unit: "acme/db-01" }));
});

test.each([
  ["acme/db-2", "not-found", "acme/db-02"],
  ["db-02", "usage", "acme/db-02"],
  ["acme", "usage", "acme/db-01"],
])("the unit %s is not there: %s", async (unit, code, near) => {
  const error: unknown = await set(await secretWorld(), "made-up", { unit }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code });
  expect((error as { hint: string }).hint).toContain(near);
});

test("a value that makes the file too large is refused", async () => {
  const world = await secretWorld();
  await expect(set(world, "x".repeat(900_000))).rejects.toMatchObject({ code: "usage" });
  expect(world.files[path]).toBe(unsealedText);
});
