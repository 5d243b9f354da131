import { expect, test } from "vitest";
import { sumMoney } from "../../src/model/money.ts";

test("prices add up as on paper: no dust of floating point, however many and however small", () => {
  expect(sumMoney([0.1, 0.2])).toBe(0.3);
  expect(sumMoney(Array.from({ length: 1000 }, () => 0.01))).toBe(10);
  expect(sumMoney([19.99, -9.99, 1e-7, 0])).toBe(10.0000001);
  expect(sumMoney([1e21, 5])).toBe(1e21);
  expect(sumMoney([])).toBe(0);
});
