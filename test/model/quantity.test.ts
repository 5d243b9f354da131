import fc from "fast-check";
import { expect, test } from "vitest";
import { binaryQuantity, cpuQuantity, parseGibibytes, parseQuantity } from "../../src/model/quantity.ts";

test.each([
  [1, "1"],
  [0.5, "500m"],
  [0.1, "100m"],
  // in floating point 2.007 * 1000 and 3 * 0.1 * 1000 lie a little above the whole number
  [2.007, "2007m"],
  [3 * 0.1, "300m"],
  [2.25, "2250m"],
  [0.0001, "1m"],
  [16, "16"],
])("%d vCPU is %s", (vcpu, text) => expect(cpuQuantity(vcpu)).toBe(text));

test.each([
  [0, "0"],
  [0.064, "66Mi"],
  [0.0625, "64Mi"],
  [0.5, "512Mi"],
  [1, "1Gi"],
  [2.25, "2304Mi"],
  [1024, "1Ti"],
  [1536, "1536Gi"],
  [1024 * 1024, "1Pi"],
  [1024 * 1024 * 1024, "1024Pi"],
])("%d Gi is %s", (gibibytes, text) => expect(binaryQuantity(gibibytes)).toBe(text));

test("never less than asked, never more than a Mi above, and read back the same", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 65_536, noNaN: true }), (gibibytes) => {
      const text = binaryQuantity(gibibytes);
      const back = parseGibibytes(text);
      expect(back).toBeGreaterThanOrEqual(gibibytes - 1e-6);
      expect(back).toBeLessThanOrEqual(gibibytes + 1 / 1024 + 1e-6);
      // canonical: no larger unit would keep it whole
      expect(Number(text.slice(0, -2)) % 1024 === 0 && !text.endsWith("Pi")).toBe(false);
    }),
  );
});

test.each<[string | number, number]>([
  ["8", 8],
  [8, 8],
  [1e21, 1e21],
  ["0.5", 0.5],
  [".5", 0.5],
  ["5.", 5],
  ["+5", 5],
  ["8G", 8e9],
  ["9Gi", 9 * 2 ** 30],
  ["2E", 2e18],
  ["2Ei", 2 * 2 ** 60],
  ["2e3", 2000],
  ["2E-3", 0.002],
  ["500m", 0.5],
  ["5u", 5e-6],
  ["5n", 5e-9],
])("%j is the quantity %d", (written, amount) => expect(parseQuantity(written)).toBeCloseTo(amount, 12));

test.each(["", "8gi", "-1Gi", "1e3Gi", "1 Gi", "1K", ".", "1e999", true, null, {}])(
  "%j is no quantity and no size",
  (written) => {
    expect(parseQuantity(written)).toBeUndefined();
    expect(parseGibibytes(written)).toBeUndefined();
  },
);
