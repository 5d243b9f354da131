import { expect, test } from "vitest";
import { compareVersions, relateVersions } from "../../src/model/compare-versions.ts";

// the order that semver.org 2.0.0, item 11, gives as its example, and what chart versions add to it
const ascending = [
  "0.9.9",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0",
  "1.0.1",
  "1.2",
  "1.10.0",
  "v2.0.0",
  "2.0.0.1",
  "10.0.0",
  "20261123120000000000.0.1",
];

test("every version comes after all before it and before all after it", () => {
  for (const [index, version] of ascending.entries()) {
    for (const [other, reference] of ascending.entries()) {
      expect(Math.sign(compareVersions(version, reference)), `${version} ${reference}`).toBe(
        Math.sign(index - other),
      );
    }
  }
});

test.each([
  ["1.0.0", "1.0.0", "same"],
  ["1.0.0", "1.0.1", "behind"],
  ["1.0.1", "1.0.0", "ahead"],
  ["1.0.0+a", "1.0.0+b", "differs"],
  ["v1.0.0", "1.0.0", "differs"],
  ["1.0", "1.0.0", "differs"],
  ["1.0.0-rc.1+b", "1.0.0", "behind"],
])("%s stands to %s as %s", (version, reference, relation) => {
  expect(relateVersions(version, reference)).toBe(relation);
});
