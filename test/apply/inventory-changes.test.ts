import { describe, expect, test } from "vitest";
import {
  findOverstated,
  findRecord,
  recordIntent,
  recordOutcome,
  withParts,
} from "../../src/apply/inventory/inventory-changes.ts";
import type { ObjectRef } from "../../src/cluster/object-ref.ts";
import type { Change, Plan, UnitPlan } from "../../src/plan/change.ts";
import type { DesiredUnit } from "../../src/plan/desired-unit.ts";
import type { Inventory, UnitRecord } from "../../src/plan/inventory.ts";

const chart = (name: string): ObjectRef => ({
  apiVersion: "helm.cattle.io/v1",
  kind: "HelmChart",
  namespace: "paas-charts",
  name,
});

function change(ref: ObjectRef, action: "create" | "prune"): Change {
  return { action, ref, reason: "definition", fields: [] } as unknown as Change;
}

function unitPlan(address: string, changes: readonly Change[], more: Partial<UnitPlan> = {}): UnitPlan {
  return {
    address,
    workspaceId: address.split("/", 1)[0],
    intent: "apply",
    changes,
    recovery: undefined,
    hold: undefined,
    notes: [],
    costBefore: undefined,
    costAfter: undefined,
    ...more,
  };
}

const planOf = (...units: UnitPlan[]): Plan => ({
  platform: "p",
  cluster: "default",
  clusterUid: "u",
  currency: "USD",
  units,
  refusals: [],
  notes: [],
});

const empty: Inventory = { claim: undefined, parts: new Map() };

function inventoryOf(...units: UnitRecord[]): Inventory {
  return {
    claim: {
      platform: "p",
      clusterUid: "u",
      records: "local",
      lastDeploymentId: 7,
      resourceVersion: "1",
      uid: "c",
    },
    parts: new Map([["123", { owner: "123", units, resourceVersion: "5", uid: "i" }]]),
  };
}

const record = (unit: string, ...objects: ObjectRef[]): UnitRecord => ({
  unit,
  objects,
  deploymentId: "#3",
  hold: undefined,
});

const desired = (address: string, ...names: string[]): DesiredUnit =>
  ({
    address,
    manifests: names.map((name) => ({
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChart",
      metadata: { name, namespace: "paas-charts" },
    })),
  }) as unknown as DesiredUnit;

describe("before the work", () => {
  test("what a unit is about to own is written beside what it owns", () => {
    const known = inventoryOf(record("123/a", chart("old")));
    const plan = planOf(unitPlan("123/a", [change(chart("old"), "prune"), change(chart("new"), "create")]));
    const { parts } = recordIntent(known, plan);
    expect(parts[0]?.units[0]?.objects.map(({ name }) => name)).toEqual(["new", "old"]);
    expect(parts[0]?.resourceVersion).toBe("5");
  });

  test("a new service gets the next number, an old one keeps its own, a workspace gets none", () => {
    const known = inventoryOf(record("123/a", chart("a")));
    const plan = planOf(
      unitPlan("123", []),
      unitPlan("123/a", [change(chart("a"), "create")]),
      unitPlan("123/b", [change(chart("b"), "create")]),
      unitPlan("456/c", [change(chart("c"), "create")]),
    );
    const { parts, lastDeploymentId } = recordIntent(known, plan);
    const after = withParts(known, parts);
    expect(["123", "123/a", "123/b", "456/c"].map((unit) => findRecord(after, unit)?.deploymentId)).toEqual([
      undefined,
      "#3",
      "#8",
      "#9",
    ]);
    expect(lastDeploymentId).toBe(9);
  });

  test("a unit on hold and one that goes stay as they are", () => {
    const held: UnitRecord = {
      ...record("123/a", chart("a")),
      hold: { type: "suspended", by: "me", at: "t", reason: "r" },
    };
    const known = inventoryOf(held, record("123/b", chart("b")));
    const plan = planOf(
      unitPlan("123/a", [change(chart("x"), "create")], { hold: held.hold }),
      unitPlan("123/b", [change(chart("b"), "prune")], { intent: "remove" }),
    );
    expect(recordIntent(known, plan).parts).toEqual([]);
  });

  test("nothing new means nothing to write", () => {
    const known = inventoryOf(record("123/a", chart("a")));
    const plan = planOf(unitPlan("123/a", [change(chart("a"), "create")]));
    expect(recordIntent(known, plan).parts).toEqual([]);
  });

  test("holds are set and lifted by name", () => {
    const known = inventoryOf(record("123/a", chart("a")));
    const hold = { type: "rollback", by: "me", at: "t", revision: 2, whileDefinition: "h" } as const;
    const set = recordIntent(known, planOf(unitPlan("123/a", [])), { holds: new Map([["123/a", hold]]) });
    expect(set.parts[0]?.units[0]?.hold).toEqual(hold);
    const lifted = recordIntent(withParts(known, set.parts), planOf(unitPlan("123/a", [])), {
      holds: new Map([["123/a", undefined]]),
    });
    expect(lifted.parts[0]?.units[0]?.hold).toBeUndefined();
  });
});

describe("after the work", () => {
  test("a unit that was brought there owns exactly what is defined", () => {
    const known = inventoryOf(record("123/a", chart("old"), chart("new")));
    const { parts } = recordOutcome(known, [desired("123/a", "new")], new Map([["123/a", "applied"]]));
    expect(parts[0]?.units[0]?.objects.map(({ name }) => name)).toEqual(["new"]);
  });

  test("a removed unit is forgotten, an unfinished one is not", () => {
    const known = inventoryOf(record("123/a", chart("a")), record("123/b", chart("b")));
    const ends = new Map([
      ["123/a", "removed"],
      ["123/b", "unfinished"],
    ] as const);
    const { parts } = recordOutcome(known, [], ends);
    expect(parts[0]?.units.map(({ unit }) => unit)).toEqual(["123/b"]);
  });
});

test("the same objects in another order are the same inventory", () => {
  const known = inventoryOf(record("123/a", chart("b"), chart("a")));
  const { parts } = recordOutcome(known, [desired("123/a", "a", "b")], new Map([["123/a", "applied"]]));
  expect(parts).toEqual([]);
});

test("an empty cluster: the first parts have no precondition", () => {
  const { parts } = recordIntent(empty, planOf(unitPlan("platform", [change(chart("x"), "create")])));
  expect(parts).toEqual([
    expect.objectContaining({ owner: "platform", resourceVersion: undefined, uid: undefined }),
  ]);
});

test("what a run that died had pruned, and could not say so, is found", () => {
  const known = inventoryOf(record("123/a", chart("a"), chart("gone")));
  const plan = planOf(unitPlan("123/a", []));
  const units = [desired("123/a", "a")];
  const key = (name: string) => `helm.cattle.io/HelmChart/paas-charts/${name}`;
  const live = (...names: string[]) => new Map(names.map((name) => [key(name), {}]));
  expect([...findOverstated(known, plan, { desired: units, live: live("a") })]).toEqual(["123/a"]);
  // still there: work of its own, and known until it is done
  expect([...findOverstated(known, plan, { desired: units, live: live("a", "gone") })]).toEqual([]);
  const hold = { type: "suspended", by: "ann", at: "", reason: "" } as const;
  const held = planOf(unitPlan("123/a", [], { hold }));
  expect([...findOverstated(known, held, { desired: units, live: live("a") })]).toEqual([]);
});
