import { describe, expect, test } from "vitest";
import { OperationError } from "../../src/errors.ts";
import type { PlanFile } from "../../src/plan/file/plan-file.ts";
import { readPlanText } from "../../src/plan/file/read-plan-text.ts";

const ref = {
  apiVersion: "helm.cattle.io/v1",
  kind: "HelmChart",
  namespace: "paas-charts",
  name: "paas-ws-acme-web-01",
};
const counts = { create: 0, update: 1, recover: 0, remove: 0, hold: 2, blocked: 0, none: 0 };

/** A plan file in which everything that may be there is. */
const full: PlanFile = {
  format: 1,
  version: "0.1.0",
  createdAt: "2026-01-01T00:00:00.000Z",
  gitCommit: "0123abc",
  gitDirty: false,
  platform: "test-platform",
  cluster: "main",
  clusterUid: "uid-1",
  selection: { clusters: [], workspaces: ["acme"], services: ["acme/web-01"], templates: ["web"] },
  decisions: {
    take: ["all"],
    keep: ["spec.x"],
    adopt: false,
    replace: true,
    repair: false,
    pruneBudget: 3,
    removeWorkspaces: ["old"],
    removeUnits: [],
  },
  salt: "made-up",
  units: [
    {
      unit: "acme/web-01",
      intent: "apply",
      hold: "suspended",
      recovery: "digest",
      objects: {
        "helm.cattle.io/HelmChart/paas-charts/paas-ws-acme-web-01": {
          ref,
          desired: "digest",
          live: { uid: "uid-2", sections: { spec: "digest" } },
        },
      },
    },
  ],
  plan: {
    platform: "test-platform",
    cluster: "main",
    clusterUid: "uid-1",
    currency: "USD",
    units: [
      {
        unit: "acme/web-01",
        action: "update",
        changes: [
          {
            action: "update",
            ref,
            reason: "drift",
            predicted: false,
            force: true,
            kept: ["spec.x"],
            fields: [
              {
                path: "spec.version",
                before: "1",
                after: "2",
                masked: false,
                changedBy: { manager: "kubectl", at: "2026-01-01T00:00:00Z" },
              },
            ],
          },
        ],
        unchanged: 4,
        recovery: { type: "rerun-job", why: "it failed" },
        hold: { type: "suspended", by: "ada", at: "2026-01-01T00:00:00Z", reason: "" },
        notes: ["a note"],
        costBefore: 1.5,
        costAfter: 2,
      },
      {
        unit: "acme/web-02",
        action: "hold",
        changes: [],
        unchanged: 0,
        recovery: undefined,
        hold: {
          type: "rollback",
          by: "ada",
          at: "2026-01-01T00:00:00Z",
          revision: 2,
          whileDefinition: "digest",
        },
        notes: [],
        costBefore: undefined,
        costAfter: undefined,
      },
    ],
    refusals: [{ code: "budget", unit: "acme/web-01", ref, message: "too many", hint: "name them" }],
    notes: ["another note"],
    summary: {
      units: counts,
      objects: { create: 0, update: 1, replace: 0, prune: 0, none: 4 },
      costBefore: 1.5,
      costAfter: 2,
      hasChanges: true,
    },
  },
};

type Path = readonly (string | number)[];

/** Every place in a value. */
function listPaths(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  const below = keys.flatMap((key) => listPaths((value as Record<string, unknown>)[key], [...path, key]));
  return [path, ...below];
}

/** The text of the full plan with another value in one place. */
function withValue(path: Path, change: (value: unknown) => unknown): string {
  const copy: unknown = structuredClone(JSON.parse(JSON.stringify(full)));
  if (path.length === 0) return JSON.stringify(change(copy));
  const holder = path
    .slice(0, -1)
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], copy) as Record<
    string,
    unknown
  >;
  const last = String(path.at(-1));
  holder[last] = change(holder[last]);
  return JSON.stringify(copy);
}

function codeOf(text: string): string {
  try {
    readPlanText(text, "plan.json");
  } catch (error) {
    if (error instanceof OperationError) return error.code;
    throw error;
  }
  return "read";
}

const paths = listPaths(JSON.parse(JSON.stringify(full)));

test("a plan with everything in it is read as it was saved", () => {
  expect(readPlanText(JSON.stringify(full), "plan.json")).toEqual(JSON.parse(JSON.stringify(full)));
});

describe("a plan that was edited is none", () => {
  test("a value of another type, anywhere", () => {
    const others = [null, {}, [], 1, -1, 1.5, "made-up", true];
    const isSame = (a: unknown, b: unknown) => typeof a === typeof b && Array.isArray(a) === Array.isArray(b);
    const read = paths.flatMap((path) =>
      others
        .filter((other) => {
          const text = withValue(path, (value) => (isSame(value, other) ? null : other));
          return codeOf(text) === "read";
        })
        .map((other) => `${path.join(".")}: ${JSON.stringify(other)}`),
    );
    expect(read).toEqual([]);
  });

  test("a key that woow does not write, anywhere", () => {
    const maps = paths.filter((path) => {
      let isMap = false;
      withValue(path, (value) => {
        isMap = typeof value === "object" && value !== null && !Array.isArray(value);
        return value;
      });
      return isMap;
    });
    const read = maps
      .filter((path) => path.at(-1) !== "sections")
      .filter((path) => codeOf(withValue(path, (map) => ({ ...(map as object), madeUp: "x" }))) === "read");
    expect(maps.length).toBeGreaterThan(15);
    expect(read).toEqual([]);
  });

  test.each([
    { at: ["plan", "units", 0, "action"], value: "made-up" },
    { at: ["plan", "units", 0, "action"], value: "toString" },
    { at: ["plan", "units", 0, "changes", 0, "reason"], value: "made-up" },
    { at: ["plan", "units", 0, "hold", "type"], value: "rollback" },
    { at: ["plan", "refusals", 0, "code"], value: "made-up" },
    { at: ["plan", "summary", "units", "create"], value: -1 },
    { at: ["units", 0, "intent"], value: "destroy" },
    { at: ["decisions", "pruneBudget"], value: 1.5 },
    { at: ["createdAt"], value: "yesterday" },
    // compared under one name, shown under another
    {
      at: ["units", 0, "objects", Object.keys(full.units[0]?.objects ?? {})[0] ?? "", "ref", "name"],
      value: "x",
    },
  ])("$at: $value", ({ at, value }) => {
    expect(codeOf(withValue(at, () => value))).toBe("unreadable");
  });

  test("a number that is none", () => {
    const text = JSON.stringify(full).replace('"costAfter":2', '"costAfter":1e999');
    expect(codeOf(text)).toBe("unreadable");
  });

  test("what is wrong is named", () => {
    const text = withValue(["decisions"], (value) => ({ ...(value as object), made_up: true }));
    expect(() => readPlanText(text, "plan.json")).toThrow("decisions.made_up");
    const change = withValue(["plan", "units", 0, "changes", 0, "force"], () => "no");
    expect(() => readPlanText(change, "plan.json")).toThrow("plan.units[0].changes[0].force");
  });
});
