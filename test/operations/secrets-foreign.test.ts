import { beforeEach, expect, test } from "vitest";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { changeSecretRecipients } from "../../src/operations/secrets/change-secret-recipients.ts";
import { regenerateSecrets } from "../../src/operations/secrets/regenerate-secrets.ts";
import { rotateSecretKeys } from "../../src/operations/secrets/rotate-secret-keys.ts";
import { setSecret } from "../../src/operations/secrets/set-secret.ts";
import { seal, textOf } from "../secrets/fixtures.ts";
import { madeUpPassword, sopsConfigFor } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";
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

const path = "workspaces/acme/db-02.yaml";
const unit = "acme/db-02";
const own = firstKey.recipient;
/** Somebody who may commit to the workspace and has no key of the platform. */
const attacker = secondKey;

let world: SecretWorld;
beforeEach(async () => {
  const set = { "auth.password": madeUpPassword };
  const recipients = [own, attacker.recipient];
  world = await secretWorld({
    [path]: textOf(await seal(unsealedText, { bind: unit, set, recipients, identities: [] })),
  });
});

const set = (value: string) =>
  setSecret(
    { ...world.deps(), readValue: () => Promise.resolve(value), note: () => undefined },
    { unit, key: "mail.password", force: false, allowEmpty: false },
  );
const rotate = (identities = [firstKey]) =>
  rotateSecretKeys(world.deps(identities), { units: [unit], workspaces: [] });
const codes = () => loadPlatform(memoryTree(world.files)).problems.map(({ code }) => code);

test("a file that a stranger sealed for himself too takes no further secret", async () => {
  const before = { ...world.files };
  expect(codes()).toEqual(["foreign-recipient"]);
  expect(codesOf(await set("made-up-password-2"))).toEqual([`${path} foreign-recipient`]);
  const regenerated = await regenerateSecrets(world.deps(), { unit, keys: ["auth.password"], force: true });
  expect(codesOf(regenerated)).toEqual([`${path} foreign-recipient`]);
  expect(world.files).toEqual(before);
});

test("rotate-key shuts him out: what is set afterwards is not for him, and no old ciphertext is left", async () => {
  const before = world.files[path] ?? "";
  expect(valueOf(await rotate()).paths).toEqual([path]);
  const after = world.files[path] ?? "";
  expect(after).not.toContain(attacker.recipient);
  for (const [sealed] of before.matchAll(/ENC\[[^\]]*\]/g)) expect(after).not.toContain(sealed);
  expect(codes()).toEqual([]);
  valueOf(await set("made-up-password-2"));
  await expect(world.open(unit, [attacker])).rejects.toThrow("E_NO_IDENTITY");
  expect(await world.open(unit)).toEqual({
    "auth.password": madeUpPassword,
    "mail.password": "made-up-password-2",
  });
});

test("the copies of the old data key open nothing after a rotation", async () => {
  const copies = /^ {2}age:\n(?: {4}.*\n)+/m;
  const [kept = ""] = copies.exec(world.files[path] ?? "") ?? [];
  expect(kept).toContain(attacker.recipient);
  expect(await world.open(unit, [attacker])).toEqual({ "auth.password": madeUpPassword });
  valueOf(await rotate());
  world.files[path] = (world.files[path] ?? "").replace(copies, kept);
  await expect(world.open(unit, [attacker])).rejects.toThrow("E_VALUE_TAMPERED");
});

test("adding him on purpose makes him a reader like any other", async () => {
  const change = { workspaceId: "acme", action: "add", recipient: attacker.recipient, force: false } as const;
  valueOf(await changeSecretRecipients(world.deps(), change));
  expect(codes()).toEqual([]);
  valueOf(await set("made-up-password-2"));
  expect(await world.open(unit, [attacker])).toMatchObject({ "mail.password": "made-up-password-2" });
});

test("a reader too few stops no secret, and rotate-key lets him in", async () => {
  world.files[".sops.yaml"] = sopsConfigFor([own, attacker.recipient, thirdKey.recipient]);
  expect(codes()).toEqual(Array(3).fill("missing-recipient"));
  valueOf(await set("made-up-password-2"));
  await expect(world.open(unit, [thirdKey])).rejects.toThrow("E_NO_IDENTITY");
  valueOf(await rotate());
  expect(await world.open(unit, [thirdKey])).toMatchObject({ "mail.password": "made-up-password-2" });
});

test("nothing is rotated without knowing for whom, or for nobody at hand", async () => {
  const rotated = async (config: string | undefined) => {
    if (config === undefined) delete world.files[".sops.yaml"];
    else world.files[".sops.yaml"] = config;
    const before = { ...world.files };
    const outcome = await rotate().catch((error: unknown) => error);
    expect(world.files).toEqual(before);
    return outcome;
  };
  const config = sopsConfigFor([own]);
  expect(await rotated(config.replace("^workspaces/", "^deploy/"))).toMatchObject({
    ok: false,
    problems: [{ code: "E_NO_RULE", file: ".sops.yaml" }],
  });
  expect(await rotated("creation_rules: [\n")).toMatchObject({ problems: [{ code: "E_CONFIG_INVALID" }] });
  expect(await rotated(sopsConfigFor([thirdKey.recipient]))).toMatchObject({ code: "usage" });
  expect(await rotated(undefined)).toMatchObject({ code: "secrets", subject: ".sops.yaml" });
});
