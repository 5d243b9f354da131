import { describe, expect, test } from "vitest";
import { parseDefinition } from "../../src/definitions/parse.ts";
import type { Problem } from "../../src/definitions/problem.ts";
import { mayHoldSecret, mayHoldSecretAt } from "../../src/definitions/secret-path.ts";
import { validateDefinition } from "../../src/definitions/validate.ts";

const canary = "made-up-plain-7f3a";
const digits = "73519002844617350991";

/** What a service must have; whatever is wrong stands behind it. */
const head = `kind: CloudService
template_id: web
name: Shop
chart_version: "1.2.3"
`;

function findProblems(text: string): readonly Problem[] {
  const parsed = parseDefinition("x.yaml", text);
  if (!parsed.ok) return parsed.problems;
  const validated = validateDefinition(parsed.value, "CloudService", parsed.source);
  return validated.ok ? [] : validated.problems;
}

describe("what may be a secret is not repeated", () => {
  test.each([
    `secret_values: ${canary}`,
    `secret_values: ${digits}`,
    `secret_values: 73519002`,
    `secret_values:\n  - ${canary}`,
    `secret_values:\n  a.b: ${digits}`,
    `secret_values:\n  a.b: *${canary}`,
    `secret_values:\n  a.b: !${canary} x`,
    `secret_values:\n  a.b: |${canary}\n`,
    `secret_values:\n  a.b: x\n  c.d: y\n  # why\n  e.f: |${canary}\n`,
    `secret_values: { a.b: |${canary} }`,
    `secret_values:\n  a.b: "\\${canary}"`,
    `secret_values:\n  a.b: "${canary}" ${canary}`,
    `secret_values:\n  a.b: "x"\n ${canary}`,
    `secret_values:\n${canary}`,
    `secret_values:\n  a.b: %${canary}`,
    `secret_values:\n  a.b: @${canary}`,
    `secret_values:\n  a.b: ]${canary}`,
    `sops: ${canary}`,
    `sops:\n  mac: [${canary}]\n  version: ${digits}`,
    `sops:\n  age: ${canary}`,
    `sops:\n  age:\n    - ${canary}`,
    `sops:\n  lastmodified: {}\n  age:\n    - recipient: [${canary}]\n      enc: ${digits}`,
    `helm_values:\n  auth.password: ${digits}`,
    `helm_values:\n  auth.password: *${canary}`,
    `helm_values:\n  auth.password: |${canary}\n`,
    `helm_values:\n  auth.password: !${canary} x`,
    `raw_values:\n  auth:\n    apiKey: ${digits}\n    tokens: [${digits}]`,
    `raw_values:\n  auth:\n    apiKey:\n      |${canary}\n`,
    `raw_values:\n  PASSWORD: 0735190028`,
    `token: ${canary}\nhelm_values:\n  my_token: .inf`,
  ])("%j", (text) => {
    const problems = findProblems(`${head}${text}\n`);
    expect(problems).not.toEqual([]);
    const printed = JSON.stringify(problems);
    for (const secret of [canary, digits, "73519002"]) expect(printed).not.toContain(secret);
  });
});

test("the problem says what kind of value it is", () => {
  const [problem] = findProblems(`${head}secret_values: ${canary}\n`);
  expect(problem).toMatchObject({ code: "wrong-type", line: 5 });
  expect(problem?.message).toMatch(/secret_values must be a map, but is text/);
});

test("what is no secret is repeated, so that people find it", () => {
  const says = (text: string) => findProblems(head + text)[0]?.message;
  expect(says("helm_values: plain\n")).toContain('"plain"');
  expect(says(`helm_values:\n  copies: ${digits}\n`)).toContain(digits);
  expect(says("helm_values:\n  copies: *nobody\n")).toContain("*nobody");
  expect(says("secret_values:\n  a.b: x\nhelm_values:\n  copies: |plain\n")).toContain("plain");
});

test("keys decide, on any level of a list", () => {
  expect(mayHoldSecret(["sops", "age", 0, "enc"])).toBe(true);
  expect(mayHoldSecret(["raw_values", "API_KEYS", 3])).toBe(true);
  expect(mayHoldSecret(["raw_values", "password", "length"])).toBe(false);
  expect(mayHoldSecret([])).toBe(false);
  const text = "secret_values:\n  a: b\nname: x\n";
  expect(mayHoldSecretAt(text, text.indexOf("b"))).toBe(true);
  expect(mayHoldSecretAt(text, text.indexOf("x"))).toBe(false);
});
