import { describe, expect, test } from "vitest";
import type { Problem } from "../../src/definitions/problem.ts";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { samplePlatform } from "../support/builders.ts";
import { badInputCases } from "../support/bad-input-cases.ts";
import { memoryTree } from "../support/memory-tree.ts";

const format = ({ code, file, line }: Problem): string => `${code} ${file}:${line}`;

test("the sample the cases start from is sound", () => {
  expect(loadPlatform(memoryTree(samplePlatform())).problems).toEqual([]);
});

describe("bad input", () => {
  test.each(badInputCases.map((badInput) => [badInput.name, badInput] as const))("%s", (_, badInput) => {
    const { platform, problems } = loadPlatform(memoryTree(badInput.files, badInput.odd));
    expect(problems.map(format)).toEqual(badInput.expected);
    if (badInput.related !== undefined) {
      const related = problems.flatMap((problem) => problem.related ?? []);
      expect(related.map(({ file, line }) => `${file}:${line}`)).toEqual(badInput.related);
    }
    expect(platform).toBeUndefined();
    for (const { message, hint } of problems)
      expect(`${message}${hint ?? ""}`).not.toContain("made-up-password");
  });
});
