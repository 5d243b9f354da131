import { expect, test } from "vitest";
import { compareEnds, describeStatus, listUndisturbed, type Undisturbed } from "./crash.ts";
import { randomFaults } from "./random-faults.ts";
import type { SavedScene } from "./scene.ts";
import { chooseSeed, pick, seededRandom } from "./seeded-random.ts";
import { useScene } from "./use-scene.ts";

/** `npm run test:crash` does all of them. */
const runs = process.env["WOOW_TEST_CRASH"] === "all" ? 200 : 10;
const limitMs = 3 * 3_600_000;

let undisturbed: readonly Undisturbed[] = [];
let saved: SavedScene | undefined;
const scene = useScene(
  async (on) => {
    undisturbed = await listUndisturbed(on);
    saved = undisturbed[0]?.start;
  },
  { audit: false },
);

test(`${runs} runs with random faults converge`, { timeout: limitMs }, async () => {
  expect(saved).toBeDefined();
  const seed = chooseSeed();
  const ended = new Map<string, number>();
  const failures: string[] = [];
  let faults = 0;
  for (let run = 0; run < runs; run++) {
    // each run by its own seed, so that one alone can be repeated
    const random = seededRandom(seed + run);
    const expected = pick(undisturbed, random);
    const { work, start } = expected;
    const on = scene();
    await on.restore(start);
    const told: string[] = [];
    on.proxy.setRule(randomFaults(random, told));
    const disturbed = await on.run(work.args);
    await on.settle();
    on.proxy.setRule();
    faults += told.length;
    const status = `${work.name}: ${disturbed.status}`;
    ended.set(status, (ended.get(status) ?? 0) + 1);
    const wrong =
      disturbed.status === 0 ? (await compareEnds(on, expected)).map((one) => `said 0, but ${one}`) : [];
    const again = await on.run(work.args);
    await on.settle();
    wrong.push(...describeStatus(again, work), ...(await compareEnds(on, expected)));
    if (wrong.length === 0) continue;
    const said = `first run: ${disturbed.status} ${disturbed.stderr.trim()}`;
    failures.push([`${work.name}, seed ${seed + run}`, ...told, said, ...wrong].join("\n  "));
    console.log(failures.at(-1));
  }
  console.log(`seed ${seed}: ${runs} runs, ${faults} faults; ended ${JSON.stringify([...ended])}`);
  expect(failures).toEqual([]);
  expect(faults).toBeGreaterThan(runs);
});
