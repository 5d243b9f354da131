import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { reasonCodes } from "../../src/status/reason-codes.ts";
import { serviceStates } from "../../src/status/service-status.ts";

const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "states.md"), "utf8");
/** The first cell of every row of a table. */
const named = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .flatMap((line) => [...(line.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code));

test("every state and every reason has its row in docs/states.md, and no row is of none", () => {
  expect(named.toSorted()).toEqual([...serviceStates, ...reasonCodes].toSorted());
});
