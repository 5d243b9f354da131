import { describe, expect, test } from "vitest";
import { changeHolds, findEndedHolds, findNewHolds } from "../../src/apply/inventory/hold-changes.ts";
import type { Plan, UnitPlan } from "../../src/plan/change.ts";
import type { Hold, Inventory } from "../../src/plan/inventory.ts";

const unit = "acme/web-01";
const rollback: Hold = { type: "rollback", by: "ada", at: "t1", revision: 3, whileDefinition: "aa" };
const suspended: Hold = { type: "suspended", by: "ada", at: "t1", reason: "lunch" };

const inventoryWith = (hold: Hold | undefined): Inventory => ({
  claim: undefined,
  parts: new Map([
    [
      "acme",
      {
        owner: "acme",
        units: [{ unit, objects: [], deploymentId: "#1", hold }],
        resourceVersion: "1",
        uid: "u",
      },
    ],
  ]),
});

const planWith = (more: Partial<UnitPlan> = {}): Plan => ({
  platform: "p",
  cluster: "default",
  clusterUid: "u",
  currency: "USD",
  refusals: [],
  notes: [],
  units: [
    {
      address: unit,
      workspaceId: "acme",
      intent: "apply",
      changes: [],
      recovery: undefined,
      hold: undefined,
      notes: [],
      costBefore: undefined,
      costAfter: undefined,
      ...more,
    },
  ],
});

describe("a hold that a command sets", () => {
  test.each<readonly [string, Hold | undefined, Hold | undefined, boolean]>([
    ["is new where there is none", undefined, rollback, true],
    ["is the same whoever set it and when", rollback, { ...rollback, by: "bob", at: "t2" }, false],
    ["is another for another revision", rollback, { ...rollback, revision: 4 }, true],
    ["is another when git said something else", rollback, { ...rollback, whileDefinition: "bb" }, true],
    ["is the same suspension", suspended, { ...suspended, at: "t2" }, false],
    ["is another suspension with another reason", suspended, { ...suspended, reason: "tea" }, true],
    ["takes the place of a suspension", suspended, rollback, true],
    ["is lifted", rollback, undefined, true],
    ["is lifted where there is none", undefined, undefined, false],
  ])("%s", (...[, stored, wanted, isNew]) => {
    const found = findNewHolds({ inventory: inventoryWith(stored), holds: new Map([[unit, wanted]]) });
    expect([...found.keys()]).toEqual(isNew ? [unit] : []);
  });
});

describe("a rollback is over", () => {
  const inputs = { holds: undefined, isUncommitted: () => false };

  test("when the plan does not see its hold any more", () => {
    const inventory = inventoryWith(rollback);
    expect([...findEndedHolds({ ...inputs, inventory, plan: planWith() })]).toEqual([unit]);
    expect(changeHolds({ ...inputs, inventory, plan: planWith() })).toEqual(new Map([[unit, undefined]]));
  });

  test.each<readonly [string, Parameters<typeof findEndedHolds>[0]]>([
    [
      "not while it holds",
      { ...inputs, inventory: inventoryWith(rollback), plan: planWith({ hold: rollback }) },
    ],
    [
      "not by what no commit holds",
      {
        ...inputs,
        inventory: inventoryWith(rollback),
        plan: planWith(),
        isUncommitted: (address) => address === unit,
      },
    ],
    [
      "not when the unit goes",
      { ...inputs, inventory: inventoryWith(rollback), plan: planWith({ intent: "remove" }) },
    ],
    [
      "not when a command sets it",
      {
        ...inputs,
        inventory: inventoryWith(rollback),
        plan: planWith(),
        holds: new Map([[unit, rollback]]),
      },
    ],
    [
      "a suspension never ends by itself",
      { ...inputs, inventory: inventoryWith(suspended), plan: planWith() },
    ],
  ])("%s", (_, given) => {
    expect([...findEndedHolds(given)]).toEqual([]);
  });
});
