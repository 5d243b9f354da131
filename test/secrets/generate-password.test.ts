import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { generatePassword } from "../../src/secrets/generate-password.ts";

test.each([
  ["alphanumeric", /^[A-Za-z0-9]{40}$/, 62],
  ["hex", /^[0-9a-f]{40}$/, 16],
  ["base64url", /^[A-Za-z0-9_-]{40}$/, 64],
] as const)("a password of %s has its length and characters, all of them", (alphabet, shape, size) => {
  const passwords = Array.from({ length: 200 }, () =>
    generatePassword({ length: 40, alphabet }, randomBytes),
  );
  for (const password of passwords) expect(password).toMatch(shape);
  expect(new Set(passwords).size).toBe(200);
  expect(new Set(passwords.join("")).size).toBe(size);
});

test("every character is equally likely: of all bytes, those left over are thrown away", () => {
  let next = 0;
  const allBytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, () => next++ % 256);
  const password = generatePassword({ length: 62 * 4 * 3, alphabet: "alphanumeric" }, allBytes);
  const counts = new Map<string, number>();
  for (const character of password) counts.set(character, (counts.get(character) ?? 0) + 1);
  expect([...counts.values()]).toEqual(Array<number>(62).fill(12));
});

test.each([0, -1, 1.5, Number.NaN])("a length of %d is a mistake of the caller", (length) => {
  expect(() => generatePassword({ length, alphabet: "hex" }, randomBytes)).toThrow(RangeError);
});
