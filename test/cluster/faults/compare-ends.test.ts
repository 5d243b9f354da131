import { expect, test } from "vitest";
import type { ClusterState } from "./cluster-state.ts";
import { compareHistories, compareStates } from "./compare-ends.ts";
import type { History } from "./history.ts";

const stateOf = (objects: Readonly<Record<string, string>>): ClusterState =>
  new Map(
    Object.entries(objects).map(([key, uidAndText]) => {
      const [uid = "", text = ""] = uidAndText.split(" ");
      return [key, { uid, text }];
    }),
  );

const start = stateOf({ "Secret a/kept": "1 x", "Ingress a/gone": "2 x" });
const end = stateOf({ "Secret a/kept": "1 x", "HelmChart c/new": "3 y" });

test.each([
  ["nothing", { "Secret a/kept": "1 x", "HelmChart c/new": "9 y" }, []],
  ["an object less", { "Secret a/kept": "1 x" }, ["HelmChart c/new is missing"]],
  [
    "an orphan",
    { "Secret a/kept": "1 x", "HelmChart c/new": "9 y", "Ingress a/gone": "2 x" },
    ["Ingress a/gone is left over"],
  ],
  ["another content", { "Secret a/kept": "1 z", "HelmChart c/new": "9 y" }, ["Secret a/kept is z and not x"]],
  [
    "deleted and made anew",
    { "Secret a/kept": "7 x", "HelmChart c/new": "9 y" },
    ["Secret a/kept was made anew"],
  ],
])("states: %s", (_, objects, wrong) => {
  expect(compareStates({ start, end }, stateOf(objects as Record<string, string>))).toEqual(wrong);
});

test("deployment numbers may have gaps, and are never given twice", () => {
  const inventory = (first: string, second: string) =>
    stateOf({
      "ConfigMap paas-system/woow-inventory-a": `1 ${first}`,
      "ConfigMap paas-system/woow-inventory-b": `2 ${second}`,
    });
  const states = { start: stateOf({}), end: inventory("#1", "#2") };
  expect(compareStates(states, inventory("#1", "#5"))).toEqual([]);
  expect(compareStates(states, inventory("#5", "#5"))).toEqual(["two services are deployment #5"]);
});

const historyOf = (...revisions: readonly (readonly [number, string])[]): History =>
  new Map([["a/web-01", revisions.map(([number, outcome]) => ({ number, outcome }))]]) as History;

test.each([
  ["as expected", historyOf([1, "applied"], [2, "applied"]), true],
  ["one interrupted, then done", historyOf([1, "applied"], [2, "interrupted"], [3, "applied"]), true],
  ["a number twice", historyOf([1, "applied"], [1, "applied"]), false],
  ["a number left out", historyOf([1, "applied"], [3, "applied"]), false],
  ["one missing", historyOf([1, "applied"]), false],
  ["two interrupted by one kill", historyOf([1, "interrupted"], [2, "interrupted"]), false],
  [
    "more than one run more",
    historyOf([1, "applied"], [2, "applied"], [3, "applied"], [4, "applied"]),
    false,
  ],
])("histories: %s", (_, found, isTrue) => {
  const wrong = compareHistories(historyOf([1, "applied"], [2, "applied"]), found);
  expect(wrong.length === 0, wrong.join("; ")).toBe(isTrue);
});
