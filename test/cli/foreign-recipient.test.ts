import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { identity, keyFile, seal, secondIdentity, secondKeyFile, textOf } from "../secrets/fixtures.ts";
import { secretFiles, unsealedText } from "../support/secret-world.ts";
import { tempPlatform } from "../support/temp-platform.ts";
import { builtCli, cleanEnvironment } from "../support/woow.ts";

const unit = "acme/db-02";

test("a reader whom .sops.yaml does not name stops validate, synth and set until the key is rotated", async () => {
  const recipients = [identity.recipient, secondIdentity.recipient];
  const set = { "auth.password": "made-up-password-1" };
  const foreign = textOf(await seal(unsealedText, { bind: unit, set, recipients, identities: [] }));
  const root = tempPlatform({
    ...(await secretFiles()),
    [`workspaces/${unit}.yaml`]: foreign,
    "first.txt": keyFile,
    "second.txt": secondKeyFile,
  });
  const woow = async (args: readonly string[], key = "first.txt") => {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [builtCli, ...args], {
      cwd: root,
      env: cleanEnvironment(root, { WOOW_AGE_KEY_FILE: join(root, key) }),
      extendEnv: false,
      reject: false,
      input: "made-up-password-2\n",
    });
    return { status: exitCode, output: stdout + stderr };
  };
  const setMail = ["secrets", "set", unit, "mail.password"];

  for (const args of [["validate"], ["synth"], ["synth", "--without-secrets"], setMail]) {
    const ran = await woow(args);
    expect(ran.status, args.join(" ")).toBe(1);
    expect(ran.output).toContain(secondIdentity.recipient);
    expect(ran.output).toContain(`woow secrets rotate-key ${unit}`);
  }
  expect((await woow(["secrets", "rotate-key", unit])).status).toBe(0);
  expect(await woow(setMail)).toMatchObject({ status: 0 });
  expect((await woow(["validate"])).output).not.toContain("recipient");
  expect((await woow(["synth"])).status).toBe(0);
  const shown = await woow(["secrets", "show", unit, "--force"], "second.txt");
  expect(shown.status).toBe(1);
  expect(shown.output).toContain("E_NO_IDENTITY");
});
