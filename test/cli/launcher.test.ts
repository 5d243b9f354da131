import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { builtCli } from "../support/woow.ts";

/** A Node of the machine that is older than the one woow needs, as `npm ci` leaves it in front of a shell. */
async function findOlderNode(): Promise<string | undefined> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, "node");
    try {
      accessSync(path, constants.X_OK);
    } catch {
      continue;
    }
    const { stdout } = await execa(path, ["--version"], { reject: false });
    if (Number(/^v(\d+)/.exec(String(stdout))?.[1] ?? 24) < 24) return path;
  }
  return undefined;
}

const older = await findOlderNode();
const title =
  older === undefined
    ? "needs a Node older than 24 in PATH"
    : "an older Node starts the one that npm brought";

test.skipIf(older === undefined)(title, async () => {
  const run = (args: readonly string[]) =>
    execa(older ?? "", [builtCli, ...args], { reject: false, extendEnv: false, env: {} });
  expect((await run(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+$/);
  const failed = await run(["synhtesize"]);
  expect(failed.exitCode).toBe(1);
  expect(failed.stderr).not.toContain("SyntaxError");
});
