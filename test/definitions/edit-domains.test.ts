import { describe, expect, test } from "vitest";
import { addDomains, removeDomain, writeDomains } from "../../src/definitions/edit-domains.ts";
import { parseDefinition } from "../../src/definitions/parse.ts";
import { validateDefinition } from "../../src/definitions/validate.ts";

const entry = { domain: "b.example", workspace: "acme", verifiedAt: "2026-11-23T05:00:00Z" };
const line = '{ domain: b.example, workspace: acme, verified_at: "2026-11-23T05:00:00Z" }';

describe("an entry is added and every other byte stays", () => {
  test.each<readonly [string, string, string]>([
    [
      "an empty list",
      "verified: [] # none\nkind: Domains\n",
      `verified:\n  - ${line} # none\nkind: Domains\n`,
    ],
    [
      "a list on one line",
      "kind: Domains\nverified: [{ domain: a.example, workspace: 1 }] # one\n",
      `kind: Domains\nverified: [{ domain: a.example, workspace: 1 }, ${line}] # one\n`,
    ],
    [
      "a list at the margin, with a comment behind and one below",
      "kind: Domains\nverified:\n- domain: a.example\n  workspace: 1 # first\n# below\n",
      `kind: Domains\nverified:\n- domain: a.example\n  workspace: 1 # first\n- ${line}\n# below\n`,
    ],
    [
      "no line end at the end of the file",
      "kind: Domains\nverified:\n    - { domain: a.example, workspace: 1 }",
      `kind: Domains\nverified:\n    - { domain: a.example, workspace: 1 }\n    - ${line}\n`,
    ],
    [
      "a byte order mark",
      "\ufeffkind: Domains\nverified: []\n",
      `\ufeffkind: Domains\nverified:\n  - ${line}\n`,
    ],
  ])("%s", (_, before, after) => {
    expect(addDomains(before, [entry])).toEqual({ ok: true, text: after });
  });
});

describe("an entry is taken out and every other byte stays", () => {
  const list =
    "kind: Domains\nverified:\n  # first\n  - domain: a.example # a\n    workspace: 1\n  # second\n  - { domain: b.example, workspace: 2 } # b\n";
  test.each<readonly [string, string, string, string]>([
    ["the first", list, "a.example", list.replace("  - domain: a.example # a\n    workspace: 1\n", "")],
    ["the last", list, "b.example", list.replace("  - { domain: b.example, workspace: 2 } # b\n", "")],
    [
      "the only",
      "kind: Domains\nverified:\n- { domain: a.example, workspace: 1 }\n",
      "a.example",
      "kind: Domains\nverified: []\n",
    ],
    [
      "one of a line",
      "kind: Domains\nverified: [{ domain: a.example, workspace: 1 }, { domain: b.example, workspace: 1 }]\n",
      "b.example",
      "kind: Domains\nverified: [{ domain: a.example, workspace: 1 }]\n",
    ],
  ])("%s", (...[, before, domain, after]) => {
    expect(removeDomain(before, domain)).toEqual({ ok: true, text: after });
  });
});

test.each([
  [
    "an entry that another one leans on",
    "kind: Domains\nverified:\n  - { domain: a.example, workspace: &w 1 }\n  - { domain: b.example, workspace: *w }\n",
  ],
  ["an alias", "kind: Domains\nverified:\n  - &a { domain: a.example, workspace: 1 }\n  - *a\n"],
  [
    "an entry whose dash stands alone",
    "kind: Domains\nverified:\n  -\n    domain: a.example\n    workspace: 1\n",
  ],
  ["no list", "kind: Domains\nverified: x\n"],
  ["no map", "- kind: Domains\n"],
])("%s is for a person to edit", (_, text) => {
  expect(removeDomain(text, "a.example").ok).toBe(false);
});

test.each(["123", "acme", "007", "1e3", "no", "true", "0x1f", "99999999999999999999"])(
  "workspace %s is read back as it is",
  (workspace) => {
    const text = writeDomains([
      { ...entry, workspace },
      { ...entry, domain: "1.example", workspace },
    ]);
    const parsed = parseDefinition("domains.yaml", text);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const checked = validateDefinition(parsed.value, "Domains", parsed.source);
    if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
    expect(checked.value.verified.map((one) => one.workspace)).toEqual([workspace, workspace]);
  },
);
