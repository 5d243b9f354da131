import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseFully } from "../../src/definitions/parse.ts";
import { readPlainYaml } from "../../src/definitions/plain-yaml.ts";
import { Source } from "../../src/definitions/source.ts";

const catalogDir = join(import.meta.dirname, "..", "..", "catalog");
const catalog = readdirSync(catalogDir)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => readFileSync(join(catalogDir, name), "utf8"));

/** Texts the reader takes on must mean the same to the full parser; toStrictEqual plus JSON for the order of keys. */
function expectSame(text: string): boolean {
  const plain = readPlainYaml(text);
  if (plain === undefined) return false;
  const full = parseFully(new Source("test.yaml", text));
  if (!full.ok) throw new Error(`accepted what the full parser refuses:\n${text}`);
  expect(JSON.stringify(plain), text).toBe(JSON.stringify(full.value));
  return true;
}

const service = `# yaml-language-server: $schema=../../schemas/cloud-service.schema.json
kind: CloudService
template_id: n8n
name: "Order automation" # for people
chart_version: "1.1.0"
subdomain: orders
is_private_network: false
resources: { vcpu: 1, ram_gb: 2.5, storage_gb: 5 }
helm_values: # by spec key
  main.config.generic.timezone: Asia/Taipei
  port: 8080
raw_values:
  nodeSelector: { disk: ssd, zone: 'a' }
  list:
    - one
    - 2
    - key: value
      other:
        - { a: [1, x, "y z"], b: {} }
  same:
  - indented like its key
  script: |
    #!/bin/sh
      echo "two" # no comment

    done
secret_values:
  _bind: ENC[AES256_GCM,data:qthWd5CZ1qxt,iv:EoaK=,tag:YiX==,type:str]
  main.secret.n8n.encryption_key: ENC[AES256_GCM,data:RZ/jTT1tr/uS=,iv:p4mP=,tag:R7EB5Q==,type:str]
sops:
  age:
    - enc: |
        -----BEGIN AGE ENCRYPTED FILE-----
        YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSB5bnRKU0drVVJ2bEh4MWx6
        -----END AGE ENCRYPTED FILE-----
      recipient: age183484gxluys2lfnkfplh707wxdcwle6j3qnwp8kqsr9uts5m3y3shrp45c
  encrypted_regex: ^secret_values$
  lastmodified: "2026-01-31T12:00:00Z"
  mac_only_encrypted: true
  version: 3.13.3
`;

/** Pieces that change what YAML means. */
const awkward = [
  ..."\t\r\n :-#&*!|>'\"%@`{}[],?~=<\\_+.0123456789eExXnNyY".split(""),
  ": ", " #", "- ", "? ", "\n  ", "\n    ", "\n- ", "\n---\n", "\n...\n", "\n\n", "  ", "\u00a0", "\u2028", "\u0085",
  "\ufeff", "\u3000", "😀", "中文", "\ud800", "null", "true", "no", "on", "y", "0x1f", "0o17", "017", "1e3", "-0", ".5",
  ".inf", "1_000", "12:30:00", "2026-01-31", "<<: *a", "&a ", "*a", "!!str ", "|", "|-", "|+", ">", "|2", "''", '""', '\\"',
  "key: ", "kind: ", "id: 12", "chart_version: 1.10", "__proto__: 1", "constructor: 1", "verified: []", "{ a: 1 }", "[1, 2]",
  "{a: 1,b: 2}", "[ ]", "{ }", "[a, ]", "{ id: 7 }", "a: b: c", "x\n y", "- - a",
  "1.2.3", "1.2.3e4", "10.8.0.0/24", "2Gi", "0x1g", "1.10", "^a$", "$b", "(c)",
]; // prettier-ignore

const mutated = fc
  .record({
    base: fc.constantFrom(service, ...catalog.map((text) => text.slice(0, 4000).replace(/[^\n]*$/, ""))),
    edits: fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        remove: fc.constantFrom(0, 0, 0, 1, 2, 5, 20),
        insert: fc.oneof(fc.constantFrom(...awkward), fc.constant("")),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ base, edits }) => {
    let text = base;
    for (const { at, remove, insert } of edits) {
      const start = Math.floor(at * text.length);
      text = text.slice(0, start) + insert + text.slice(start + remove);
    }
    return text;
  });

/** Small documents, where every character counts. */
const small = fc
  .array(
    fc.tuple(
      fc.constantFrom("", "", "  ", "    ", "   ", "- ", "  - "),
      fc.constantFrom("", "a: ", "b:", "c:  ", "a.b/c: ", "- "),
      fc.oneof(
        {
          weight: 3,
          arbitrary: fc.constantFrom(
            "plain",
            "two words",
            "12",
            "1.5",
            '"q"',
            "'s'",
            "{ k: v }",
            "[1, x]",
            "true",
          ),
        },
        fc.constantFrom(...awkward),
        fc.string({ unit: "binary-ascii", maxLength: 6 }),
        fc.constant(""),
      ),
      fc.constantFrom("", "", " # note", "#x", " "),
    ),
    { maxLength: 7 },
  )
  .map((lines) => lines.map((parts) => parts.join("")).join("\n") + "\n");

describe("readPlainYaml", () => {
  test("takes on what woow and people usually write", () => {
    expect(expectSame(service)).toBe(true);
    expect(readPlainYaml(service)).toMatchObject({
      resources: { ram_gb: 2.5 },
      raw_values: {
        list: ["one", 2, { key: "value" }],
        script: '#!/bin/sh\n  echo "two" # no comment\n\ndone\n',
      },
    });
  });

  test.each([
    ["a tab", "kind:\tPlatform\n"],
    ["a carriage return", "kind: Platform\r\n"],
    ["no last line end", "kind: Platform"],
    ["a duplicate key", "kind: a\nkind: b\n"],
    ["a number as identity", "kind: a\nid: 123\n"],
    ["an unquoted version", "chart_version: 1.10\n"],
    ["what YAML 1.1 takes for true", "a: yes\n"],
    ["an octal number", "a: 0644\n"],
    ["an anchor", "a: &x 1\nb: *x\n"],
    ["a key that pollutes", "constructor: 1\n"],
    ["a text over two lines", "a: one\n  two\n"],
    ["several documents", "a: 1\n---\nb: 2\n"],
  ])("leaves %s to the full parser", (_, text) => {
    expect(readPlainYaml(text)).toBeUndefined();
  });

  test("never differs from the full parser on mutated definitions", () => {
    let taken = 0;
    fc.assert(
      fc.property(mutated, (text) => {
        if (expectSame(text)) taken += 1;
      }),
      { numRuns: 6000 },
    );
    // a reader that takes nothing would pass too
    expect(taken).toBeGreaterThan(500);
  });

  test("never differs from the full parser on small documents", () => {
    let taken = 0;
    fc.assert(
      fc.property(small, (text) => {
        if (expectSame(text)) taken += 1;
      }),
      { numRuns: 60_000 },
    );
    expect(taken).toBeGreaterThan(300);
  });
});
