import { expect, test } from "vitest";
import { changeSecretRecipients } from "../../src/operations/secrets/change-secret-recipients.ts";
import { findExposedSecrets } from "../../src/operations/secrets/find-exposed-secrets.ts";
import type { SecretHistory } from "../../src/operations/secrets/find-exposed-secrets.ts";
import { setSecret } from "../../src/operations/secrets/set-secret.ts";
import {
  firstKey,
  secondKey,
  secretWorld,
  thirdKey,
  valueOf,
  type SecretWorld,
} from "../support/secret-world.ts";

const file = "workspaces/acme/db-01.yaml";
const unit = "acme/db-01";

/** Remembers every text a file had. */
function historyOf(world: SecretWorld): { versions: { path: string; text: string }[]; keep: () => void } {
  const versions: { path: string; text: string }[] = [];
  return {
    versions,
    keep: () => {
      for (const [path, text] of Object.entries(world.files))
        if (path.startsWith("workspaces/")) versions.push({ path, text });
    },
  };
}

const find = async (
  world: SecretWorld,
  {
    history,
    keys = [firstKey],
    of = secondKey,
  }: { history: SecretHistory | undefined; keys?: (typeof firstKey)[]; of?: typeof firstKey },
) =>
  valueOf(
    await findExposedSecrets(
      { ...world.deps(keys), history: () => Promise.resolve(history) },
      { recipient: of.recipient, workspaces: [] },
    ),
  );

async function change(world: SecretWorld, action: "add" | "remove", key: typeof firstKey): Promise<void> {
  const options = { workspaceId: undefined, action, recipient: key.recipient, force: true };
  valueOf(await changeSecretRecipients(world.deps(), options));
}

test("what a removed key read is exposed until its value changes, also under another name", async () => {
  const world = await secretWorld();
  const past = historyOf(world);
  await change(world, "add", secondKey);
  past.keep();
  await change(world, "remove", secondKey);
  past.keep();
  const history = { versions: past.versions, isWhole: true };
  const all = await find(world, { history });
  expect(all.exposed.map(({ unit, key }) => `${unit} ${key}`)).toEqual([
    "acme/db-01 auth.password",
    "beta/db-01 auth.password",
  ]);
  expect(all).toMatchObject({ closed: [], history: "whole", stillOpen: [] });
  // who was never added read nothing
  expect((await find(world, { history, of: thirdKey })).exposed).toEqual([]);

  const deps = {
    ...world.deps(),
    readValue: () => Promise.resolve("made-up-new-value"),
    note: () => undefined,
  };
  valueOf(await setSecret(deps, { unit, key: "auth.password", force: true, allowEmpty: false }));
  expect((await find(world, { history })).exposed.map(({ unit }) => unit)).toEqual(["beta/db-01"]);
  // the value of the other service, moved here: known all the same
  const known = (await world.open("beta/db-01"))["auth.password"] as string;
  valueOf(
    await setSecret(
      { ...deps, readValue: () => Promise.resolve(known) },
      { unit, key: "other", force: true, allowEmpty: false },
    ),
  );
  expect((await find(world, { history })).exposed.map(({ unit, key }) => `${unit} ${key}`)).toEqual([
    `${unit} other`,
    "beta/db-01 auth.password",
  ]);
});

test("a version that no key at hand opens is named, and so is a history that is not whole or not there", async () => {
  const world = await secretWorld();
  const past = historyOf(world);
  await change(world, "add", secondKey);
  past.keep();
  await change(world, "add", thirdKey);
  await change(world, "remove", secondKey);
  const closed = await find(world, {
    history: { versions: past.versions, isWhole: false },
    keys: [thirdKey],
  });
  expect(closed).toMatchObject({
    exposed: [],
    closed: [file, "workspaces/beta/db-01.yaml"],
    history: "shallow",
  });
  expect((await find(world, { history: undefined })).history).toBe("none");
});

test("a file that is still sealed for the key is named", async () => {
  const world = await secretWorld();
  await change(world, "add", secondKey);
  const found = await find(world, { history: { versions: [], isWhole: true } });
  expect(found.stillOpen).toEqual([file, "workspaces/beta/db-01.yaml"]);
  expect(found.exposed).toHaveLength(2);
});

test("a workspace that is closed to us is no obstacle to a change of all that does not concern it", async () => {
  const world = await secretWorld();
  const own = { workspaceId: "beta", recipient: thirdKey.recipient, force: true } as const;
  valueOf(await changeSecretRecipients(world.deps(), { ...own, action: "add" }));
  valueOf(
    await changeSecretRecipients(world.deps([thirdKey]), {
      ...own,
      action: "remove",
      recipient: firstKey.recipient,
    }),
  );
  await changeSecretRecipients(world.deps(), {
    workspaceId: "acme",
    action: "add",
    recipient: secondKey.recipient,
    force: false,
  });
  const before = world.files["workspaces/beta/db-01.yaml"];
  await change(world, "remove", secondKey);
  expect(world.files["workspaces/beta/db-01.yaml"]).toBe(before);
  await expect(world.open(unit, [secondKey])).rejects.toThrow("E_NO_IDENTITY");
});
