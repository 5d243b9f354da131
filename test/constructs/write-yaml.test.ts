import { expect, test } from "vitest";
import { writeYaml } from "../../src/constructs/write-yaml.ts";

// What Kubernetes' own reader makes of it is asked in test/real/yaml-reader.test.ts.
test.each([
  "0X1f",
  "0B11",
  "0O17",
  "-0x_1",
  "yes",
  "No",
  "1e3",
  "0755",
  "null",
  "~",
  "2026-01-31",
  "12:30:45",
  "",
])("the text %j is quoted, because a YAML 1.1 reader would take it for something else", (text) => {
  expect(writeYaml({ key: text })).toMatch(/^key: (['"]).*\1\n$/);
});

test("plain texts and several lines stay readable", () => {
  expect(writeYaml({ a: "plain words", b: "one\ntwo\n", c: ["x", 1, true] })).toBe(
    "a: plain words\nb: |\n  one\n  two\nc:\n  - x\n  - 1\n  - true\n",
  );
});
