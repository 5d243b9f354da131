import { expect, test } from "vitest";
import { maxProblemsPerFile } from "../../src/definitions/problem.ts";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { append, samplePlatform } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";

const web = "workspaces/acme/web-01.yaml";
const many = (line: (index: number) => string) =>
  Array.from({ length: 5000 }, (_, index) => line(index)).join("");

test.each([
  ["unknown keys", many((index) => `k${index}: 1\n`)],
  ["unknown values", `helm_values:\n${many((index) => `  k${index}: 1\n`)}`],
])("a file with thousands of %s is told in a bounded number of problems", (_, text) => {
  const { problems, platform } = loadPlatform(memoryTree(append(samplePlatform(), web, text)));
  const ofFile = problems.filter(({ file }) => file === web);
  expect(platform).toBeUndefined();
  expect(ofFile).toHaveLength(maxProblemsPerFile + 1);
  expect(ofFile.filter(({ code }) => code === "too-many-problems")).toHaveLength(1);
});
