import { expect, test } from "vitest";
import { maskText } from "../../src/status/mask-text.ts";

test.each([
  ["connect to postgres://app:made-up-1@db:5432/x failed", "connect to postgres://***@db:5432/x failed"],
  ["password=made-up is wrong", "password=*** is wrong"],
  [`{"apiKey": "made up", "port": 80}`, `{"apiKey": ***, "port": 80}`],
  ["AUTH_TOKEN: abc", "AUTH_TOKEN: ***"],
  ["got made-up-password-1 and gave up", "got *** and gave up"],
  ["listen tcp :8080: bind: address already in use", "listen tcp :8080: bind: address already in use"],
  ["first line\nthe last line counts\n", "the last line counts"],
])("%j -> %j", (text, masked) => {
  expect(maskText(text)).toBe(masked);
});

test("a long line is cut", () => {
  expect(maskText("word ".repeat(100)).length).toBeLessThanOrEqual(200);
});
