import { expect, test } from "vitest";
import { rebindServiceSecrets } from "../../src/operations/secrets/rebind-service-secrets.ts";
import { regenerateSecrets } from "../../src/operations/secrets/regenerate-secrets.ts";
import { rotateSecretKeys } from "../../src/operations/secrets/rotate-secret-keys.ts";
import { showSecrets } from "../../src/operations/secrets/show-secrets.ts";
import { addWorkspaceRule } from "../../src/secrets/sops-config.ts";
import { seal, textOf } from "../secrets/fixtures.ts";
import { edit, madeUpPassword } from "../support/builders.ts";
import {
  codesOf,
  firstKey,
  secondKey,
  secretWorld,
  thirdKey,
  unsealedText,
  valueOf,
  type SecretWorld,
} from "../support/secret-world.ts";

const sealedPath = "workspaces/acme/db-01.yaml";
const regenerate = (
  world: SecretWorld,
  { unit = "acme/db-02", keys = [], force = false }: { unit?: string; keys?: string[]; force?: boolean } = {},
) => regenerateSecrets(world.deps(), { unit, keys, force });

/** The template's specs of passwords. */
async function withSpecs(...specs: string[]): Promise<SecretWorld> {
  const world = await secretWorld();
  const old = "  - { key: auth.password, label: Password, type: password, generate: { length: 24 } }\n";
  const lines = specs.map((spec) => `  - { label: X, type: password, ${spec} }\n`).join("");
  Object.assign(world.files, edit(world.files, "catalog/database.yaml", [old, lines]));
  return world;
}

test("show gives values in file order, or the one that is named", async () => {
  const world = await secretWorld();
  const text = textOf(
    await seal(unsealedText, { bind: "acme/db-02", set: { "b.second": "x\ny", "a.first": "" } }),
  );
  world.files["workspaces/acme/db-02.yaml"] = text;
  const unit = "acme/db-02";
  expect(valueOf(await showSecrets(world.deps(), { unit, key: undefined })).secrets).toEqual([
    { key: "b.second", value: "x\ny" },
    { key: "a.first", value: "" },
  ]);
  expect(valueOf(await showSecrets(world.deps(), { unit, key: "b.second" })).secrets).toHaveLength(1);
  const error: unknown = await showSecrets(world.deps(), { unit, key: "b.secnd" }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: "not-found", hint: "did you mean b.second?" });
  expect(codesOf(await showSecrets(world.deps([secondKey]), { unit, key: undefined }))).toEqual([
    "workspaces/acme/db-02.yaml E_NO_IDENTITY",
  ]);
});

test("a service without secrets has none to show", async () => {
  const world = await secretWorld();
  expect(valueOf(await showSecrets(world.deps(), { unit: "acme/web-01", key: undefined })).secrets).toEqual(
    [],
  );
});

test("what is missing is made as the template says, and what is there stays", async () => {
  const world = await withSpecs(
    "key: auth.password, required: true, lifecycle: create_only, generate: { length: 24 }",
    "key: auth.salt, generate: { length: 64, alphabet: hex }",
    "key: mail.password, required: true",
  );
  const done = valueOf(await regenerate(world, { unit: "acme/db-01" }));
  expect(done.generated).toEqual(["auth.salt"]);
  expect(done.notes).toMatchObject([{ code: "missing-value" }]);
  const values = await world.open("acme/db-01");
  expect(values["auth.password"]).toBe(madeUpPassword);
  expect(values["auth.salt"]).toMatch(/^[0-9a-f]{64}$/);
  const before = world.files[sealedPath];
  expect(valueOf(await regenerate(world, { unit: "acme/db-01" })).generated).toEqual([]);
  expect(world.files[sealedPath]).toBe(before);
});

test("a value that is there is replaced when it is named", async () => {
  const world = await secretWorld();
  valueOf(await regenerate(world, { unit: "acme/db-01", keys: ["auth.password"] }));
  const { "auth.password": made } = await world.open("acme/db-01");
  expect(made).toMatch(/^[A-Za-z0-9]{24}$/);
});

test("what the app reads only once is replaced by force only, and then nothing else either", async () => {
  const world = await withSpecs(
    "key: auth.password, lifecycle: create_only, generate: { length: 24 }",
    "key: auth.salt, generate: { length: 8 }",
  );
  const before = world.files[sealedPath];
  const options = { unit: "acme/db-01", keys: ["auth.salt", "auth.password"] };
  await expect(regenerate(world, options)).rejects.toMatchObject({ code: "create-only" });
  expect(world.files[sealedPath]).toBe(before);
  expect(valueOf(await regenerate(world, { ...options, force: true })).generated).toEqual(options.keys);
  expect((await world.open("acme/db-01"))["auth.password"]).not.toBe(madeUpPassword);
});

test.each([
  ["auth.pasword", "not-found"],
  ["auth.database", "not-found"],
  ["mail.password", "usage"],
])("no value is made up for %s: %s", async (key, code) => {
  const world = await withSpecs("key: auth.password, generate: { length: 24 }", "key: mail.password");
  await expect(regenerate(world, { keys: [key] })).rejects.toMatchObject({ code });
});

test("a password in plain text is left to people, or replaced when it is named", async () => {
  const world = await secretWorld();
  const path = "workspaces/acme/db-02.yaml";
  world.files[path] = unsealedText.replace(
    "  auth.database",
    "  auth.password: made-up-canary\n  auth.database",
  );
  const done = valueOf(await regenerate(world));
  expect(done).toMatchObject({ generated: [], notes: [{ code: "plain-text-password" }] });
  const named = valueOf(await regenerate(world, { keys: ["auth.password"] }));
  expect(named.notes).toMatchObject([{ code: "moved-from-plain-text" }]);
  expect(world.files[path]).not.toContain("canary");
});

test("a service of an unusable template is not guessed at", async () => {
  const world = await secretWorld();
  delete world.files["catalog/database.yaml"];
  await expect(regenerate(world)).rejects.toMatchObject({ code: "not-found" });
});

test("rotation changes every ciphertext and copy of the key, and no value", async () => {
  const world = await secretWorld();
  const before = world.files[sealedPath] ?? "";
  const done = valueOf(await rotateSecretKeys(world.deps(), { units: ["acme/db-01"], workspaces: ["acme"] }));
  expect(done.paths).toEqual([sealedPath]);
  const after = world.files[sealedPath] ?? "";
  for (const [sealed] of before.matchAll(/ENC\[[^\]]*\]/g)) expect(after).not.toContain(sealed);
  expect(await world.open("acme/db-01")).toEqual({ "auth.password": madeUpPassword });
  expect(after.split("secret_values:")[0]).toBe(before.split("secret_values:")[0]);
});

test("rotation is for all files or none", async () => {
  const world = await secretWorld();
  world.files["workspaces/acme/db-03.yaml"] = world.files["workspaces/beta/db-01.yaml"] ?? "";
  const before = { ...world.files };
  expect(codesOf(await rotateSecretKeys(world.deps(), { units: [], workspaces: ["acme"] }))).toEqual([
    "workspaces/acme/db-03.yaml E_BIND_MISMATCH",
  ]);
  expect(codesOf(await rotateSecretKeys(world.deps(), { units: ["acme/db-02"], workspaces: [] }))).toEqual([
    "workspaces/acme/db-02.yaml E_METADATA_MISSING",
  ]);
  expect(world.files).toEqual(before);
  const nothing = { units: [], workspaces: [] };
  await expect(rotateSecretKeys(world.deps(), nothing)).rejects.toMatchObject({ code: "usage" });
  const unknown = { units: [], workspaces: ["acm"] };
  await expect(rotateSecretKeys(world.deps(), unknown)).rejects.toMatchObject({ hint: "did you mean acme?" });
});

async function copied(): Promise<{ world: SecretWorld; unit: string; path: string }> {
  const world = await secretWorld();
  const [unit, path] = ["beta/db-02", "workspaces/beta/db-02.yaml"];
  world.files[path] = world.files[sealedPath] ?? "";
  const rule = { workspaceId: "beta", recipients: [firstKey.recipient, thirdKey.recipient] };
  world.files[".sops.yaml"] = ruleOf(addWorkspaceRule(world.files[".sops.yaml"] ?? "", rule));
  return { world, unit, path };
}

function ruleOf(result: ReturnType<typeof addWorkspaceRule>): string {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

test("copied secrets are tied to their new place, for those who may read there", async () => {
  const { world, unit, path } = await copied();
  const asked: string[] = [];
  const confirm = (question: string): Promise<boolean> => Promise.resolve(asked.push(question) > 0);
  const deps = { ...world.deps(), confirm };
  await expect(world.open(unit)).rejects.toThrow("E_BIND_MISMATCH");
  expect(valueOf(await rebindServiceSecrets(deps, { unit })).outcome).toBe("configured");
  expect(asked[0]).toContain("acme/db-01");
  expect(await world.open(unit, [thirdKey])).toEqual({ "auth.password": madeUpPassword });
  const after = world.files[path];
  expect(valueOf(await rebindServiceSecrets({ ...world.deps(), confirm }, { unit })).outcome).toBe("bound");
  expect(world.files[path]).toBe(after);
  expect(asked).toHaveLength(1);
});

test("nothing is tied after a no, without the key, or where there is nothing", async () => {
  const { world, unit, path } = await copied();
  const before = world.files[path];
  const confirm = (): Promise<boolean> => Promise.resolve(false);
  expect(valueOf(await rebindServiceSecrets({ ...world.deps(), confirm }, { unit })).outcome).toBe(
    "declined",
  );
  const deps = { ...world.deps([secondKey]), confirm: () => Promise.reject(new Error("asked")) };
  expect(codesOf(await rebindServiceSecrets(deps, { unit }))).toEqual([`${path} E_NO_IDENTITY`]);
  expect(world.files[path]).toBe(before);
  await expect(rebindServiceSecrets(deps, { unit: "acme/db-02" })).rejects.toMatchObject({ code: "usage" });
});
