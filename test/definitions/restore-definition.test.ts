import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import {
  readPlainDefinition,
  restoreDefinition,
  setDefinitionEntry,
} from "../../src/definitions/restore-definition.ts";

const sealed = `secret_values: # keep
  auth.password: ENC[today]
sops:
  mac: ENC[mac-today]
`;

const older = `# how it was
kind: CloudService
template_id: n8n
name: Orders # then
chart_version: "1.0.0"
helm_values:
  main.timezone: Asia/Taipei # then
  main.size: 1
raw_values:
  list: [1, 2]
  nested: { a: 1 }
secret_values:
  auth.password: ENC[old]
sops:
  mac: ENC[mac-old]
`;

const today = `# how it is
kind: CloudService
template_id: n8n # ours
chart_version: '2.0.0' # bumped by Ada

name: Orders two
helm_values:
  # where we are
  main.timezone: Europe/Berlin
  main.added: true
${sealed}`;

const textOf = (result: ReturnType<typeof restoreDefinition>) => {
  if (!result.ok) throw new Error(result.reason);
  return result.text;
};

const secretsOf = (text: string) => {
  const { secret_values: values, sops } = parse(text) as Record<string, unknown>;
  return { values, sops };
};

describe("today's text says what the older one said", () => {
  test("in place, with today's comments, order, quotes and secrets", () => {
    const text = textOf(restoreDefinition(today, older));
    expect(text).toBe(`# how it is
kind: CloudService
template_id: n8n # ours
chart_version: '1.0.0' # bumped by Ada

name: Orders
helm_values:
  # where we are
  main.timezone: Asia/Taipei
  main.size: 1
raw_values:
  list: [1, 2]
  nested: { a: 1 }
${sealed}`);
    expect(readPlainDefinition(text)).toEqual(readPlainDefinition(older));
  });

  test("doing it again changes no byte", () => {
    const text = textOf(restoreDefinition(today, older));
    expect(textOf(restoreDefinition(text, older))).toBe(text);
  });

  test("a text that says it already stays, comments and all", () => {
    const same = older.replace("# how it was", "# another comment").replace("name: Orders # then\n", "");
    const moved = `${same.replace("kind: CloudService\n", "kind: CloudService\nname: Orders\n")}`;
    expect(textOf(restoreDefinition(moved, older))).toBe(moved);
  });

  test("a file that is gone comes back without its secrets", () => {
    const text = textOf(restoreDefinition(undefined, older));
    expect(text).toBe(older.slice(0, older.indexOf("secret_values")));
  });

  test("secrets that were not there then stay for others to judge, and none come back", () => {
    const bare = older.slice(0, older.indexOf("secret_values"));
    expect(secretsOf(textOf(restoreDefinition(today, bare)))).toEqual(secretsOf(today));
    const without = today.slice(0, today.indexOf("secret_values"));
    expect(secretsOf(textOf(restoreDefinition(without, older)))).toEqual({});
  });

  test("a text that cannot be edited gives way to the older one, with today's secrets", () => {
    const flow = `kind: CloudService\nhelm_values: &a { x: 1 }\nraw_values: *a\n${sealed}`;
    const text = textOf(restoreDefinition(flow, older));
    expect(readPlainDefinition(text)).toEqual(readPlainDefinition(older));
    expect(secretsOf(text)).toEqual(secretsOf(today));
    expect(text).not.toContain("ENC[old]");
  });

  test("secrets in the middle of the file stay where they are", () => {
    const middle = `kind: CloudService\nname: Now\n${sealed}chart_version: "2.0.0"\ntemplate_id: n8n\n`;
    const text = textOf(restoreDefinition(middle, older));
    expect(readPlainDefinition(text)).toEqual(readPlainDefinition(older));
    expect(secretsOf(text)).toEqual(secretsOf(today));
  });

  test.each([
    ["today", "a: [", older],
    ["the record", today, "- a list\n"],
  ])("what is no definition is refused: %s", (_, now, then) => {
    expect(restoreDefinition(now, then).ok).toBe(false);
  });

  test("line ends of Windows and a byte order mark stay", () => {
    const windows = `\ufeff${today.replaceAll("\n", "\r\n")}`;
    const text = textOf(restoreDefinition(windows, older));
    expect(text.startsWith("\ufeff# how it is\r\n")).toBe(true);
    expect(text.replaceAll("\r\n", "").includes("\n")).toBe(false);
    expect(readPlainDefinition(text)).toEqual(readPlainDefinition(older));
  });
});

describe("an entry is set to any value", () => {
  test("a scalar in place, a map anew", () => {
    const first = setDefinitionEntry(today, {
      key: "helm_values",
      value: { "main.timezone": "Asia/Taipei", "main.added": true },
    });
    expect(textOf(first)).toContain("  # where we are\n  main.timezone: Asia/Taipei\n");
    const second = setDefinitionEntry(textOf(first), {
      key: "raw_values",
      value: { deep: { list: ["no", 1.5, null] } },
    });
    expect((parse(textOf(second)) as Record<string, unknown>)["raw_values"]).toEqual({
      deep: { list: ["no", 1.5, null] },
    });
    expect(secretsOf(textOf(second))).toEqual(secretsOf(today));
    const third = setDefinitionEntry(textOf(second), { key: "raw_values", value: { deep: { list: [] } } });
    expect((parse(textOf(third)) as Record<string, unknown>)["raw_values"]).toEqual({ deep: { list: [] } });
  });
});
