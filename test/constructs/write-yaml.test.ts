import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writePlainYaml } from "../../src/constructs/write-plain-yaml.ts";
import { writeAnyYaml, writeYaml } from "../../src/constructs/write-yaml.ts";
import { awkwardStrings, fuzzStrings } from "../support/awkward-strings.ts";

const fuzz = fuzzStrings(3000);
const text = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "a",
      "plain",
      "two words",
      "a:b",
      "a/b:c",
      "x: y",
      "3Gi",
      "1",
      "name",
      "kind",
      "b@c.d",
      "aGVsbG8=",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "one\ntwo",
      "one\ntwo\n",
      "a\n\nb\n",
      "a\n  b\n",
      "a \nb",
      "a\n\n",
      "l: 1\nm:\n  - 2\n",
    ),
  },
  fc.constantFrom(...awkwardStrings),
  fc.constantFrom(...fuzz),
);
const { tree } = fc.letrec((tie) => ({
  leaf: fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.constant(-0)),
  list: fc.array(tie("tree"), { maxLength: 4 }),
  map: fc.dictionary(
    fc.oneof({ weight: 6, arbitrary: fc.constantFrom("a", "b.c/d", "kind", "n", "x_y", "z-1") }, text),
    tie("tree"),
    { maxKeys: 4, noNullPrototype: true },
  ),
  tree: fc.oneof({ depthSize: "small" }, tie("leaf"), tie("list"), tie("map")),
}));

describe("writeYaml", () => {
  test("writes plain trees itself", () => {
    const plain = { a: { b: [1, "x", { c: true, d: [["w"]] }], e: {}, f: [] }, g: "one\ntwo\n", h: null };
    expect(writePlainYaml(plain, (value) => String(value))).toBe(writeAnyYaml(plain));
  });

  test("gives what js-yaml gives, byte for byte, for any tree", () => {
    let plain = 0;
    fc.assert(
      fc.property(tree, (value) => {
        if (writePlainYaml(value, (one) => String(one)) !== undefined) plain += 1;
        expect(writeYaml(value)).toBe(writeAnyYaml(value));
      }),
      { numRuns: 20_000 },
    );
    // a writer that leaves everything to js-yaml would pass too
    expect(plain).toBeGreaterThan(2000);
  }, 60_000);

  test("gives what js-yaml gives for every awkward text", () => {
    for (const one of [...awkwardStrings, ...fuzz]) {
      for (const value of [{ a: one }, [one], { a: [{ b: one }] }, { [one]: 1 }, { a: { [one]: [one] } }]) {
        expect(writeYaml(value)).toBe(writeAnyYaml(value));
      }
    }
  });

  test.each(["0X1f", "0B101", "0O17", "-0X1f", "0_X1f", "0x_1"])(
    "quotes %s, which Kubernetes reads as a number",
    (value) => {
      expect(writeYaml({ value })).toBe(`value: '${value}'\n`);
    },
  );
});
