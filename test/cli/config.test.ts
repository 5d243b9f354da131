import { expect, test } from "vitest";
import { samplePlatform } from "../support/builders.ts";
import { tempPlatform } from "../support/temp-platform.ts";
import { runWoow } from "../support/woow.ts";

test("config knows the variables that commands on a cluster read, and what is in force without them", async () => {
  const cwd = tempPlatform(samplePlatform());
  const settings = async (env: Record<string, string>) => {
    const { stdout } = await runWoow(["config", "-o", "json"], { cwd, env });
    const list = (JSON.parse(stdout) as { settings: { name: string; value: unknown; source: string }[] })
      .settings;
    return Object.fromEntries(list.map(({ name, value, source }) => [name, `${String(value)} by ${source}`]));
  };
  const set = { WOOW_CONTEXT: "made-up", WOOW_ACTOR: "you", WOOW_LOCK_TERM: "2" };
  expect(await settings(set)).toMatchObject({
    context: "made-up by WOOW_CONTEXT",
    actor: "you by WOOW_ACTOR",
    lock_term: "2s by WOOW_LOCK_TERM",
  });
  expect(await settings({})).toMatchObject({
    context: "(that of the cluster in platform.yaml) by default",
    actor: expect.stringMatching(/@.* by default$/) as string,
    lock_term: "15s by default",
  });
});
