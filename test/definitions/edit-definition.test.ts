import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { removeDefinitionValue, setDefinitionValue } from "../../src/definitions/edit-definition.ts";
import type { EditedText, EditValue } from "../../src/definitions/edit-definition.ts";

const pinned = (version: string) => `# top
kind: CloudService   # what it is

template_id:    n8n
chart_version: ${version} # pinned by hand
helm_values: { a.b: 1,   c: 'two' }
  # an odd comment
resources:
    vcpu: 2
    ram_gb: 4     # enough

# the end
`;

function set(text: string, key: string, value: EditValue): EditedText {
  return setDefinitionValue(text, { path: key.split(".") as [string], value });
}

function remove(text: string, key: string): EditedText {
  return removeDefinitionValue(text, { path: key.split(".") as [string] });
}

function textOf(edited: EditedText): string {
  if (!edited.ok) throw new Error(edited.reason);
  return edited.text;
}

test.each([
  ['"1.0.0"', '"2.10.0"'],
  ["'1.0.0'", "'2.10.0'"],
  ["1.0.0", "2.10.0"],
  ["&pin 1.0.0", "&pin 2.10.0"],
])("a pin written as %s becomes %s and nothing else moves", (before, after) => {
  expect(textOf(set(pinned(before), "chart_version", "2.10.0"))).toBe(pinned(after));
});

test("a version that YAML would read as a number gets quotes", () => {
  const edited = textOf(set(pinned("1.0.0"), "chart_version", "1.10"));
  expect(edited).toBe(pinned('"1.10"'));
});

test("line ends, a byte order mark and a missing last line end stay", () => {
  const crlf = `\ufeff${pinned('"1.0.0"').replaceAll("\n", "\r\n")}`.trimEnd();
  const edited = textOf(set(crlf, "chart_version", "2.0.0"));
  expect(edited).toBe(crlf.replace("1.0.0", "2.0.0"));
});

test("an alias and a block scalar are replaced where they stand", () => {
  expect(textOf(set("a: &v x\nchart_version: *v # c\n", "chart_version", "2.0.0"))).toBe(
    'a: &v x\nchart_version: "2.0.0" # c\n',
  );
  expect(textOf(set("chart_version: |-\n  1.0.0\nname: x\n", "chart_version", "2.0.0"))).toBe(
    'chart_version: "2.0.0"\nname: x\n',
  );
});

test("a key that is not there goes to the end of its map", () => {
  const before = pinned('"1.0.0"');
  expect(textOf(set(before, "resources.storage_gb", 10))).toBe(
    before.replace("# enough\n", "# enough\n    storage_gb: 10\n"),
  );
  expect(textOf(set(before, "helm_values.d", true))).toBe(before.replace("'two' }", "'two', d: true }"));
  expect(textOf(set("kind: X\na:", "b", "text"))).toBe("kind: X\na:\nb: text\n");
  expect(textOf(set("kind: X\na: # later\n", "a", "text"))).toBe("kind: X\na: text # later\n");
  expect(textOf(set("kind: X\nm: {}\n", "m.a", 1))).toBe("kind: X\nm: { a: 1 }\n");
});

test("a removed key takes its line along and leaves comments on lines of their own", () => {
  const before = pinned('"1.0.0"');
  expect(textOf(remove(before, "chart_version"))).toBe(
    before.replace('chart_version: "1.0.0" # pinned by hand\n', ""),
  );
  expect(textOf(remove(before, "resources"))).toBe(
    before.replace("resources:\n    vcpu: 2\n    ram_gb: 4     # enough\n", ""),
  );
  expect(textOf(remove(before, "helm_values.c"))).toBe(before.replace(",   c: 'two'", ""));
  expect(textOf(remove(before, "absent"))).toBe(before);
});

test.each([
  ["not YAML", "a: [1", "a"],
  ["no map", "- 1\n", "a"],
  ["a map in brackets", "{ a: 1 }", "a"],
  ["a map as value", "a: { b: 1 }\n", "a"],
  ["no map above it", "a: 1\n", "m.a"],
  ["an anchor that others use", "a: &v 1\nb: *v\n", "a"],
])("is refused where it cannot be right: %s", (_, text, key) => {
  expect(set(text, key, "x")).toMatchObject({ ok: false });
});

test("whatever is set is read back, and every other line is byte for byte what it was", () => {
  const values = fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.boolean(), fc.string());
  const pins = fc.constantFrom('"1.0.0"', "'1.0.0'", "1.0.0", "&pin 1.0.0");
  fc.assert(
    fc.property(values, pins, (value, pin) => {
      const before = pinned(pin);
      const edited = set(before, "chart_version", value);
      if (!edited.ok) throw new Error(edited.reason);
      expect((parse(edited.text) as { chart_version: unknown }).chart_version).toBe(value);
      const [head = "", tail = ""] = before.split(/(?<=chart_version: (?:&pin )?)\S*?1\.0\.0\S*/);
      expect(edited.text.startsWith(head)).toBe(true);
      expect(edited.text.endsWith(tail)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("a key whose anchor others use is not removed", () => {
  expect(remove("a: &v 1\nb: *v\n", "a")).toMatchObject({ ok: false });
});
