import { expect, test } from "vitest";
import { changeSecretRecipients } from "../../src/operations/secrets/change-secret-recipients.ts";
import { listSecretRecipients } from "../../src/operations/secrets/list-secret-recipients.ts";
import type { AgeIdentity } from "../../src/secrets/age-identity.ts";
import { madeUpPassword } from "../support/builders.ts";
import {
  codesOf,
  firstKey,
  secondKey,
  secretWorld,
  thirdKey,
  valueOf,
  type SecretWorld,
} from "../support/secret-world.ts";

const file = "workspaces/acme/db-01.yaml";
const password = { "auth.password": madeUpPassword };

const change = (
  world: SecretWorld,
  action: "add" | "remove",
  {
    key,
    force = false,
    identities,
  }: { key: AgeIdentity | string; force?: boolean; identities?: readonly AgeIdentity[] },
) =>
  changeSecretRecipients(world.deps(identities), {
    workspaceId: "acme",
    action,
    recipient: typeof key === "string" ? key : key.recipient,
    force,
  });

const ciphertexts = (text: string | undefined): string[] =>
  [...(text ?? "").matchAll(/data:[^,]*,iv:[^,]*/g)].map(([sealed]) => sealed);

test("who is added opens every file of the workspace, and of no other", async () => {
  const world = await secretWorld();
  const before = { ...world.files };
  const done = valueOf(await change(world, "add", { key: secondKey }));
  expect(done.changed).toEqual([".sops.yaml", file]);
  expect(world.written()).toEqual([".sops.yaml", file]);
  expect(await world.open("acme/db-01", [secondKey])).toEqual(password);
  expect(await world.open("acme/db-01", [firstKey])).toEqual(password);
  expect(ciphertexts(world.files[file])).toEqual(ciphertexts(before[file]));
  expect(world.files["workspaces/beta/db-01.yaml"]).toBe(before["workspaces/beta/db-01.yaml"]);
  const listed = valueOf(listSecretRecipients(world.deps(), { workspaceId: "beta" }));
  expect(listed.recipients).toEqual([{ recipient: firstKey.recipient, isYours: true }]);
  const again = valueOf(await change(world, "add", { key: secondKey }));
  expect(again).toMatchObject({ changed: [], unchanged: [file] });
});

test("who is removed opens nothing new, because the data key changes too", async () => {
  const world = await secretWorld();
  await change(world, "add", { key: secondKey });
  const before = ciphertexts(world.files[file]);
  const done = valueOf(await change(world, "remove", { key: secondKey }));
  expect(done.recipients).toEqual([firstKey.recipient]);
  await expect(world.open("acme/db-01", [secondKey])).rejects.toThrow("E_NO_IDENTITY");
  expect(await world.open("acme/db-01")).toEqual(password);
  for (const sealed of ciphertexts(world.files[file])) expect(before).not.toContain(sealed);
});

test("one's own only key is removed by force only, the last one never", async () => {
  const world = await secretWorld();
  await expect(change(world, "remove", { key: firstKey, force: true })).rejects.toMatchObject({
    code: "usage",
  });
  await change(world, "add", { key: secondKey });
  const before = { ...world.files };
  await expect(change(world, "remove", { key: firstKey })).rejects.toMatchObject({ code: "usage" });
  expect(world.files).toEqual(before);
  valueOf(await change(world, "remove", { key: firstKey, force: true }));
  expect(await world.open("acme/db-01", [secondKey])).toEqual(password);
});

test("one file that does not open stops all of it", async () => {
  const world = await secretWorld();
  world.files["workspaces/acme/db-03.yaml"] = world.files["workspaces/beta/db-01.yaml"] ?? "";
  const before = { ...world.files };
  expect(codesOf(await change(world, "add", { key: secondKey }))).toEqual([
    "workspaces/acme/db-03.yaml E_BIND_MISMATCH",
  ]);
  expect(codesOf(await change(world, "add", { key: secondKey, identities: [secondKey] }))).toEqual([
    `${file} E_NO_IDENTITY`,
    "workspaces/acme/db-03.yaml E_NO_IDENTITY",
  ]);
  expect(world.files).toEqual(before);
});

test("a file that cannot be read stops all of it", async () => {
  const world = await secretWorld({ "workspaces/acme/db-03.yaml": "a: [\n" });
  expect(codesOf(await change(world, "add", { key: secondKey }))).toEqual([
    "workspaces/acme/db-03.yaml yaml-syntax",
  ]);
});

test("what is no recipient is refused, and a private key is not repeated", async () => {
  const world = await secretWorld();
  const secret = "AGE-SECRET-KEY-1MADEUP";
  const error: unknown = await change(world, "add", { key: secret }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "usage" });
  expect(String(error)).not.toContain("MADEUP");
  await expect(change(world, "remove", { key: thirdKey })).rejects.toMatchObject({ code: "not-found" });
});

test("a second rule about a file of the workspace stops all of it", async () => {
  const world = await secretWorld();
  const config = world.files[".sops.yaml"] ?? "";
  const rule = `creation_rules:\n  - path_regex: ^workspaces/acme/db-01\n    encrypted_regex: ^secret_values$\n    mac_only_encrypted: true\n    age: ${firstKey.recipient}\n`;
  world.files[".sops.yaml"] = config.replace("creation_rules:\n", rule);
  const before = { ...world.files };
  await expect(change(world, "add", { key: secondKey })).rejects.toMatchObject({ code: "secrets" });
  expect(world.files).toEqual(before);
});

test("files sealed for others than .sops.yaml names are found, and mended by adding", async () => {
  const world = await secretWorld();
  const config = world.files[".sops.yaml"] ?? "";
  world.files[".sops.yaml"] = config.replace(
    firstKey.recipient,
    `${firstKey.recipient},\n      ${secondKey.recipient}`,
  );
  const list = () => valueOf(listSecretRecipients(world.deps(), { workspaceId: "acme" }));
  expect(list().differing).toEqual([{ path: file, recipients: [firstKey.recipient] }]);
  valueOf(await change(world, "add", { key: firstKey }));
  expect(list().differing).toEqual([]);
  expect(await world.open("acme/db-01", [secondKey])).toEqual(password);
});

test("an unknown workspace is not invented", () =>
  expect(
    secretWorld().then((world) =>
      changeSecretRecipients(world.deps(), {
        workspaceId: "amce",
        action: "add",
        recipient: secondKey.recipient,
        force: false,
      }),
    ),
  ).rejects.toMatchObject({ code: "not-found", hint: "did you mean acme?" }));
