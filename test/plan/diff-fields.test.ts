import { describe, expect, test } from "vitest";
import type { Difference } from "../../src/plan/compare/comparison.ts";
import { describeDifferences } from "../../src/plan/compare/diff-fields.ts";
import type { MaskRules } from "../../src/plan/compare/diff-fields.ts";
import { keyPlace, rootPlace } from "../../src/plan/compare/field-place.ts";
import { maskValue } from "../../src/plan/compare/mask.ts";

const rules: MaskRules = {
  salt: "s",
  secretKeys: ["auth.password"],
  formerSecretKeys: ["auth.password", "smtp.user"],
};
const canary = "made-up-canary-7f3a";
const base64 = (text: string) => Buffer.from(text).toString("base64");

interface Case {
  readonly kind: string;
  /** `/` between keys. */
  readonly path: string;
  readonly live: unknown;
  readonly desired: unknown;
  readonly owned?: boolean;
  readonly mask?: Partial<MaskRules>;
}

function describeCase({ kind, path, live, desired, owned = true, mask = {} }: Case) {
  const place = path.split("/").reduce(keyPlace, rootPlace);
  const difference: Difference = { place, live, desired, owned, type: "changed", holders: [] };
  return describeDifferences([difference], { kind, mask: { ...rules, ...mask } }).map(
    (field) => `${field.path}: ${field.before ?? "-"} => ${field.after ?? "-"}`,
  );
}

const hidden = /\(secret [0-9a-f]{8}\)/;

describe("chart values are told key by key", () => {
  test("in valuesContent", () => {
    const found = describeCase({
      kind: "HelmChart",
      path: "spec/valuesContent",
      live: "image:\n  tag: '1'\nreplicas: 1\nlist: [1, 2]\nold: x\n",
      desired: "image:\n  tag: '2'\nreplicas: 1\nlist: [1, 3]\nnew:\n  a.b: true\n",
    });
    expect(found).toEqual([
      'spec.valuesContent:image.tag: "1" => "2"',
      "spec.valuesContent:list: - 1\n- 2 => - 1\n- 3",
      "spec.valuesContent:new.a\\.b: - => true",
      "spec.valuesContent:old: x => -",
    ]);
  });

  test("in the values Secret", () => {
    const found = describeCase({
      kind: "Secret",
      path: "data/values.yaml",
      live: base64(`auth:\n  password: ${canary}\n  database: a\n`),
      desired: base64(`auth:\n  password: ${canary}2\n  database: b\n`),
    });
    expect(found[0]).toMatch(
      /^data\.values\.yaml:auth\.password: \(secret [0-9a-f]{8}\) => \(secret [0-9a-f]{8}\)$/,
    );
    expect(found[1]).toBe("data.values.yaml:auth.database: a => b");
  });
});

describe("a secret is never told", () => {
  const secretYaml = (text: string) => ({
    kind: "Secret",
    path: "data/values.yaml",
    live: base64(text),
    desired: base64("a: 1\n"),
  });
  const cases: readonly (readonly [string, Case])[] = [
    ["a secret key", secretYaml(`auth: { password: ${canary} }\n`)],
    ["below a secret key", secretYaml(`auth: { password: { deep: ${canary} } }\n`)],
    ["a map around a secret key", secretYaml(`auth: [${canary}]\n`)],
    ["a key that once was secret", secretYaml(`smtp: { user: ${canary} }\n`)],
    ["a name that sounds like one", secretYaml(`apiKey: ${canary}\n`)],
    ["what nobody wrote down", { ...secretYaml(`note: ${canary}\n`), mask: { formerSecretKeys: undefined } }],
    ["what somebody else wrote", { ...secretYaml(`note: ${canary}\n`), owned: false }],
    ["what is no YAML", secretYaml(`{{{ ${canary}`)],
    ["what is no map", secretYaml(canary)],
    [
      "another key of a Secret",
      { kind: "Secret", path: "data/other", live: base64(canary), desired: undefined },
    ],
    [
      "an annotation of a Secret",
      { kind: "Secret", path: "metadata/annotations/x", live: canary, desired: undefined },
    ],
    [
      "set of a HelmChart",
      { kind: "HelmChart", path: "spec/set", live: { a: canary }, desired: undefined, owned: false },
    ],
    [
      "values of a HelmChart",
      { kind: "HelmChart", path: "spec/values", live: { a: canary }, desired: undefined, owned: false },
    ],
    [
      "values that somebody else wrote",
      {
        kind: "HelmChart",
        path: "spec/valuesContent",
        live: `a: ${canary}\n`,
        desired: "a: b\n",
        owned: false,
      },
    ],
  ];
  test.each(cases)("%s", (_, one) => {
    const found = describeCase(one).join("\n");
    expect(found).toMatch(hidden);
    for (const text of [canary, base64(canary)]) expect(found).not.toContain(text);
  });

  test("equal ones look equal, with one salt only", () => {
    expect(maskValue("a", "s")).toBe(maskValue("a", "s"));
    expect(maskValue("a", "s")).not.toBe(maskValue("b", "s"));
    expect(maskValue("a", "s")).not.toBe(maskValue("a", "t"));
    expect(maskValue({ a: 1 }, "s")).not.toBe(maskValue("a", "s"));
  });
});

test("a packaged chart is told by its size and digest", () => {
  const [found] = describeCase({
    kind: "HelmChart",
    path: "spec/chartContent",
    live: "QUJD",
    desired: "QUJE",
  });
  expect(found).toMatch(/^spec\.chartContent: chart of 1 KiB, [0-9a-f]{12} => chart of 1 KiB, [0-9a-f]{12}$/);
});
