import { expect, test } from "vitest";
import {
  crash,
  describePoint,
  listPoints,
  listUndisturbed,
  type CrashPoint,
  type Undisturbed,
} from "./crash.ts";
import { chooseSeed, pick, seededRandom } from "./seeded-random.ts";
import { useScene } from "./use-scene.ts";

/** `npm run test:crash`: at every request; otherwise each kind of request once on both sides. */
const isWhole = process.env["WOOW_TEST_CRASH"] === "all";
const wholeLimitMs = 6 * 3_600_000;

let undisturbed: readonly Undisturbed[] = [];
const scene = useScene(
  async (on) => {
    undisturbed = await listUndisturbed(on);
  },
  { audit: false },
);

/** Each kind of write on both sides and each kind of read on one, over all commands. */
function pickSample(points: readonly CrashPoint[], seed: number): CrashPoint[] {
  const random = seededRandom(seed);
  const groups = Map.groupBy(points, ({ kind, side, isMutating }) => (isMutating ? `${kind} ${side}` : kind));
  return [...groups.values()].map((same) => pick(same, random));
}

const volume = "PersistentVolume pv-of-paas-ws-a-data-paas-ws-a-db-01-0";

test.each([
  ["apply that prunes", true],
  ["destroy that keeps data", true],
  ["destroy that deletes data", false],
])("%s ends as it should when nobody disturbs it", (name, keepsData) => {
  scene();
  const { start, end, files } = undisturbed.find(({ work }) => work.name === name) ?? {};
  expect(start?.state.get(volume)?.text).toContain('"persistentVolumeReclaimPolicy":"Delete"');
  expect(end?.has("HelmChart paas-charts/paas-ws-a-db-01")).toBe(false);
  expect(end?.has("HelmChart paas-charts/paas-ws-a-web-01")).toBe(true);
  expect(files?.has("workspaces/a/db-01.yaml")).toBe(false);
  if (keepsData) expect(end?.get(volume)?.text).toContain('"persistentVolumeReclaimPolicy":"Retain"');
  else expect(end?.has(volume)).toBe(false);
});

test(
  "killed with SIGKILL at a request and run again, every command converges",
  { timeout: isWhole ? wholeLimitMs : 1_200_000 },
  async () => {
    const seed = chooseSeed();
    const all = undisturbed.flatMap(listPoints);
    const points = isWhole ? all : pickSample(all, seed);
    const counts = undisturbed.map(({ work, requests }) => `${work.name} ${requests.length}`);
    console.log(`${points.length} kills of ${all.length} (requests: ${counts.join(", ")}), seed ${seed}`);
    const failures: string[] = [];
    let reached = 0;
    for (const point of points) {
      const found = undisturbed.find(({ work }) => work === point.work);
      if (found === undefined) throw new Error(point.work.name);
      const result = await crash(scene(), found, point);
      if (result.reached) reached += 1;
      if (result.wrong.length === 0) continue;
      failures.push([describePoint(point), ...result.wrong].join("\n  "));
      console.log(failures.at(-1));
    }
    console.log(`${reached} of ${points.length} kills came before the end of the run`);
    expect(failures).toEqual([]);
    // how often a run polls is chance, all else is not
    expect(reached).toBeGreaterThan(points.length * 0.9);
  },
);
