import { expect, test } from "vitest";
import { OperationError } from "../../src/errors.ts";
import { estimatePlatform } from "../../src/operations/estimate.ts";
import { append, edit, samplePlatform } from "../support/builders.ts";
import type { Definitions } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";

/** Three services of 0.1 EUR in acme and one in beta. */
function files(): Record<string, string> {
  const sample = edit(samplePlatform(), "catalog/web.yaml", ["monthly_price: 3", "monthly_price: 0.1"]);
  const service = sample["workspaces/acme/web-01.yaml"] ?? "";
  return {
    ...append(sample, "platform.yaml", "currency: EUR\n"),
    "workspaces/acme/web-02.yaml": service.replace("shop", "shop2"),
    "workspaces/acme/web-03.yaml": service.replace("shop", "shop3"),
    "workspaces/beta/workspace.yaml": "kind: Workspace\nname: Beta\n",
    "workspaces/beta/web-01.yaml": service.replace("shop", "beta"),
    "workspaces/empty/workspace.yaml": "kind: Workspace\nname: Nobody yet\n",
  };
}

const estimate = (given: Definitions, workspaces: readonly string[] = []) =>
  estimatePlatform(memoryTree(given), { workspaces });

test("every service, every workspace and the whole, exact to the cent; an empty workspace costs nothing", () => {
  const { estimate: found, problems } = estimate(files());
  expect(problems).toEqual([]);
  expect(found?.services.map(({ unit, monthlyPrice }) => [unit, monthlyPrice])).toEqual([
    ["acme/web-01", 0.1],
    ["acme/web-02", 0.1],
    ["acme/web-03", 0.1],
    ["beta/web-01", 0.1],
  ]);
  // 0.1 + 0.1 + 0.1 is 0.30000000000000004 in floating point
  expect(found?.workspaces.map((one) => [one.workspace, one.services, one.monthlyPrice])).toEqual([
    ["acme", 3, 0.3],
    ["beta", 1, 0.1],
    ["empty", 0, 0],
  ]);
  expect([found?.monthlyPrice, found?.currency]).toEqual([0.4, "EUR"]);
});

test("services of an inactive template still cost, and are marked", () => {
  const { estimate: found } = estimate(append(files(), "catalog/web.yaml", "is_active: false\n"), ["beta"]);
  expect(found?.services).toMatchObject([{ unit: "beta/web-01", isActive: false, monthlyPrice: 0.1 }]);
  expect(found?.workspaces.map(({ workspace }) => workspace)).toEqual(["beta"]);
});

test("with a problem in the way there is no sum; another workspace can be asked for by itself", () => {
  const broken = append(files(), "workspaces/acme/web-04.yaml", "kind: CloudService\n");
  const all = estimate(broken);
  expect(all.estimate).toBeUndefined();
  expect(all.problems.map(({ file }) => file)).toContain("workspaces/acme/web-04.yaml");
  expect(estimate(broken, ["beta"]).estimate?.monthlyPrice).toBe(0.1);
});

test("a workspace that is not there is an error with the nearest one", () => {
  expect(() => estimate(files(), ["acne"])).toThrow(OperationError);
  expect(() => estimate(files(), ["acne"])).toThrow("there is no workspace acne");
});
