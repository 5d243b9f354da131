import { describe, expect, test } from "vitest";
import type { Problem } from "../../src/definitions/problem.ts";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { append, edit, samplePlatform } from "../support/builders.ts";
import { badInputCases, web } from "../support/bad-input-cases.ts";
import { memoryTree } from "../support/memory-tree.ts";
import type { Files } from "../support/memory-tree.ts";

const format = ({ code, file, line }: Problem): string => `${code} ${file}:${line}`;
const sample = samplePlatform();
const shop = sample[web] ?? "";

describe("bad input", () => {
  test.each(badInputCases.map((badInput) => [badInput.name, badInput] as const))("%s", (_, badInput) => {
    const { platform, problems } = loadPlatform(memoryTree(badInput.files, badInput.odd));
    expect(problems.map(format)).toEqual(badInput.expected);
    if (badInput.related !== undefined) {
      const related = problems.flatMap((problem) => problem.related ?? []);
      expect(related.map(({ file, line }) => `${file}:${line}`)).toEqual(badInput.related);
    }
    expect(platform).toBeUndefined();
    for (const { message, hint } of problems) expect(`${message}${hint ?? ""}`).not.toContain("made-up");
  });

  test("the problems of every file are told in one run", () => {
    const files = {
      ...append(
        append(append(sample, web, "a: 1\n"), "platform.yaml", "b: 1\n"),
        "catalog/web.yaml",
        "c: 1\n",
      ),
      "workspaces/acme/two.yml": "",
      "workspaces/lost/x.yaml": "\t",
    };
    expect(new Set(loadPlatform(memoryTree(files)).problems.map(({ file }) => file))).toEqual(
      new Set([
        "catalog/web.yaml",
        "platform.yaml",
        "workspaces/acme/two.yml",
        "workspaces/acme/web-01.yaml",
        "workspaces/lost/workspace.yaml",
        "workspaces/lost/x.yaml",
      ]),
    );
  });

  test("a file of 1 MiB of keys is read in seconds", () => {
    const keys = Array.from({ length: 80_000 }, (_, index) => `  k${index}: 1\n`).join("");
    const started = performance.now();
    const { problems } = loadPlatform(memoryTree(append(sample, web, `raw_values:\n${keys}`)));
    expect(problems).toEqual([]);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

describe("unusual input that is fine", () => {
  const noHost = shop.replace("subdomain: shop\n", "");
  const cases: readonly (readonly [string, Files])[] = [
    ["the sample the bad cases start from", sample],
    ["a byte order mark", { ...sample, [web]: `\ufeff${shop}` }],
    ["CRLF", { ...sample, [web]: shop.replaceAll("\n", "\r\n") }],
    ["a document marker and an end marker", { ...sample, [web]: `---\n${shop}...\n` }],
    ["no newline at the end", { ...sample, [web]: shop.trimEnd() }],
    ["a comment before kind", { ...sample, [web]: `# the shop\n${shop}` }],
    ["an alias within the limits", append(sample, web, "raw_values:\n  a: &a { b: 1 }\n  c: *a\n")],
    [
      "an id that is a number",
      {
        ...sample,
        "workspaces/123/workspace.yaml": "kind: Workspace\nid: 123\nname: N\n",
        "workspaces/123/1.yaml": `${noHost}reference_id: 1\n`,
      },
    ],
    ["ids that begin with a digit", { ...sample, "workspaces/acme/7up.yaml": noHost }],
    ["a release name of 50 characters", { ...sample, [`workspaces/acme/${"a".repeat(37)}.yaml`]: noHost }],
    [
      "a workspace id of 20 characters",
      {
        ...sample,
        [`workspaces/${"a".repeat(20)}/workspace.yaml`]: "kind: Workspace\nname: A\n",
      },
    ],
    [
      "a name of 52 characters with the template's suffix",
      edit({ ...sample, [`workspaces/acme/${"a".repeat(31)}.yaml`]: noHost }, "catalog/web.yaml", [
        "default_port: 8080",
        'default_port: 8080\nlongest_name_suffix: "-primary"',
      ]),
    ],
    [
      "notes and hidden files beside definitions",
      {
        ...sample,
        "workspaces/acme/README.md": "# notes",
        "workspaces/acme/.gitkeep": "",
      },
    ],
    [
      "keys that JavaScript's objects have",
      append(sample, web, "raw_values:\n  toString: { valueOf: 1 }\n  hasOwnProperty: x\n"),
    ],
  ];
  test.each(cases)("%s", (_, files) => {
    const { platform, problems } = loadPlatform(memoryTree(files));
    expect(problems.map(format)).toEqual([]);
    expect(platform).toBeDefined();
  });

  test("a byte order mark, CRLF and quotes change nothing in the model", () => {
    const plain = loadPlatform(memoryTree(sample)).platform?.clusters[0]?.workspaces;
    const dressed = { ...sample, [web]: `\ufeff${shop.replaceAll("\n", "\r\n")}` };
    const other = loadPlatform(memoryTree(dressed)).platform?.clusters[0]?.workspaces;
    const withoutSource = (value: unknown): string =>
      JSON.stringify(value, (key, item: unknown) => (key === "source" ? undefined : item));
    expect(plain).toHaveLength(1);
    expect(withoutSource(other)).toBe(withoutSource(plain));
  });

  test("nothing of what definitions say reaches Object.prototype", () => {
    for (const { files, odd } of badInputCases) loadPlatform(memoryTree(files, odd));
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

test("a service whose file cannot be read is still present", () => {
  const { definitions } = loadPlatform(memoryTree({ ...sample, [web]: "\t" }));
  expect([...definitions.present]).toContain("acme/web-01");
  const { definitions: unreadable } = loadPlatform(
    memoryTree({ ...sample }, { unreadable: { "workspaces/acme/two.yaml": "permission denied" } }),
  );
  expect([...unreadable.present]).toContain("acme/two");
});
