import fc from "fast-check";
import { expect, test } from "vitest";
import type { SecretResult } from "../../src/secrets/secret-error.ts";
import {
  addWorkspaceRule,
  listWorkspaceRecipients,
  readRecipients,
  setWorkspaceRecipients,
  writeSopsConfig,
} from "../../src/secrets/sops-config.ts";
import { identity, secondIdentity } from "./fixtures.ts";

const [first, second] = [identity.recipient, secondIdentity.recipient];
const third = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
const shape = "encrypted_regex: ^secret_values$, mac_only_encrypted: true";
const rule = (fields: string): string => `creation_rules:\n  - { ${fields} }\n`;
const path = "workspaces/acme/n8n-01.yaml";

/** A file as people keep it: comments, another tool's rule first, a catch-all last. */
const grown = `# who may read what
creation_rules:
  # deploy keys
  - path_regex: ^deploy/.*\\.env$
    pgp: 85D77543B3D624B63CEA9E6DBC17301B491B3F21
  - path_regex: ^workspaces/acme/[^/]+\\.yaml$ # Acme
    encrypted_regex: ^secret_values$
    mac_only_encrypted: true
    age:
      - ${first} # platform
      - ${second} # alice

  # everybody else
  - path_regex: ^workspaces/
    encrypted_regex: ^secret_values$
    mac_only_encrypted: true
    age: ${first} # platform
stores: { yaml: { indent: 2 } }
`;

function valueOf<T>(result: SecretResult<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.error.code} ${result.error.message}`);
  return result.value;
}

function codeOf(result: SecretResult<unknown>): string {
  return result.ok ? "accepted" : result.error.code;
}

function diff(before: string, after: string): { removed: string[]; added: string[] } {
  const [old, now] = [before.split("\n"), after.split("\n")];
  return {
    removed: old.filter((line) => !now.includes(line)),
    added: now.filter((line) => !old.includes(line)),
  };
}

test("a new file names the recipients of every workspace, and only of workspaces", () => {
  const text = valueOf(writeSopsConfig({ recipients: [first, second] }));
  expect(valueOf(readRecipients(text, path))).toEqual([first, second]);
  expect(codeOf(readRecipients(text, "platform.yaml"))).toBe("E_NO_RULE");
  expect(codeOf(writeSopsConfig({ recipients: [] }))).toBe("E_RECIPIENT_INVALID");
});

test("a workspace's rule goes before the catch-all, and later ones beside it", () => {
  const start = valueOf(writeSopsConfig({ recipients: [first] }));
  const one = valueOf(addWorkspaceRule(start, { workspaceId: "acme", recipients: [first, second] }));
  const two = valueOf(addWorkspaceRule(one, { workspaceId: "acme2", recipients: [first, third] }));
  expect(valueOf(listWorkspaceRecipients(two, "acme"))).toEqual([first, second]);
  expect(valueOf(listWorkspaceRecipients(two, "acme2"))).toEqual([first, third]);
  expect(valueOf(listWorkspaceRecipients(two, "other"))).toEqual([first]);
  expect(diff(start, two).removed).toEqual([]);
  expect(two).toMatch(/acme2\/.*\n(.*\n){5} {2}# Every workspace.*\n {2}- path_regex: \^workspaces\/\n/);
  expect(codeOf(addWorkspaceRule(two, { workspaceId: "acme", recipients: [first] }))).toBe(
    "E_CONFIG_INVALID",
  );
});

test("the first rule that matches counts, whatever stands below it", () => {
  expect(valueOf(readRecipients(grown, path))).toEqual([first, second]);
  expect(valueOf(readRecipients(grown, "workspaces/acme2/n8n-01.yaml"))).toEqual([first]);
  expect(codeOf(readRecipients(grown, "deploy/a.env"))).toBe("E_UNSUPPORTED_KEY_SERVICE");
  const shadowed = grown.replace("^deploy/.*\\.env$", "^workspaces/");
  expect(codeOf(readRecipients(shadowed, path))).toBe("E_UNSUPPORTED_KEY_SERVICE");
});

test.each([
  ["text with commas", `${shape}, age: "${first}, ${second},"`],
  ["text over lines", `${shape}, age: "${first}\\n${second}"`],
  ["a list", `${shape}, age: [${first}, ${second}]`],
])("recipients may be %s", (_, fields) => {
  expect(valueOf(readRecipients(rule(fields), path))).toEqual([first, second]);
});

test.each([
  ["E_SCOPE", `mac_only_encrypted: true, age: ${first}`],
  ["E_SCOPE", `encrypted_regex: ^secret, mac_only_encrypted: true, age: ${first}`],
  ["E_SCOPE", `${shape}, age: ${first}, encrypted_suffix: _x`],
  ["E_MAC_SCOPE", `encrypted_regex: ^secret_values$, age: ${first}`],
  ["E_UNSUPPORTED_KEY_SERVICE", `${shape}, key_groups: [{ age: [${first}] }]`],
  ["E_UNSUPPORTED_KEY_SERVICE", `${shape}, age: ${first}, kms: arn`],
  ["E_RECIPIENT_INVALID", shape],
  ["E_RECIPIENT_INVALID", `${shape}, age: age1wrong`],
  ["E_CONFIG_INVALID", `${shape}, age: 7`],
  ["E_CONFIG_INVALID", `path_regex: "(?i)^WORKSPACES/", age: ${first}`],
  ["E_CONFIG_INVALID", `path_regex: "[[:alpha:]]", age: ${first}`],
  ["E_CONFIG_INVALID", `path_regex: "a(?=b)", age: ${first}`],
  ["E_CONFIG_INVALID", `path_regex: "(a)\\\\1", age: ${first}`],
  ["E_CONFIG_INVALID", `path_regex: "(", age: ${first}`],
  ["E_CONFIG_INVALID", `path_regex: 7, age: ${first}`],
  ["E_CONFIG_INVALID", `<<: { age: ${first} }`],
  ["E_CONFIG_INVALID", `age: *nobody`],
  ["E_NO_RULE", `path_regex: ^workspaces/other/, age: ${first}`],
])("%s for a rule of %s", (code, fields) => {
  expect(codeOf(readRecipients(rule(fields), path))).toBe(code);
});

test.each(["", "a: [", "- a", "creation_rules: x", "creation_rules:\n  - x", "? [a]\n: b", "a: 1\na: 2\n"])(
  "refuses %j",
  (text) => {
    expect(["E_CONFIG_INVALID", "E_NO_RULE"]).toContain(codeOf(readRecipients(text, path)));
    expect(codeOf(setWorkspaceRecipients(text, { workspaceId: "acme", recipients: [first] }))).toBe(
      "E_CONFIG_INVALID",
    );
  },
);

test("changing a list touches the lines of those who come and go", () => {
  const change = { workspaceId: "acme", recipients: [first, third] };
  const after = valueOf(setWorkspaceRecipients(grown, change));
  expect(diff(grown, after)).toEqual({
    removed: [`      - ${second} # alice`],
    added: [`      - ${third}`],
  });
  expect(valueOf(setWorkspaceRecipients(after, change))).toBe(after);
});

test.each([
  ["one line", `    age: ${first} # platform\n`, `    age: ${first},${second} # platform\n`],
  [
    "folded",
    `    age: >- # keys\n      ${first}\n`,
    `    age: >- # keys\n      ${first},\n      ${second}\n`,
  ],
  ["flow list", `    age: [${first}]\n`, `    age: [${first}, ${second}]\n`],
  ["nothing", "", `    age: >-\n      ${first},\n      ${second}\n`],
])("recipients written as %s keep their form", (_, age, expected) => {
  const head =
    "creation_rules:\n  - path_regex: ^workspaces/acme/\n    encrypted_regex: ^secret_values$\n    mac_only_encrypted: true\n";
  const text = `${head}${age}# end\n`;
  const after = valueOf(setWorkspaceRecipients(text, { workspaceId: "acme", recipients: [first, second] }));
  expect(after).toBe(`${head}${expected}# end\n`);
});

test("a workspace without a rule of its own gets one, above the comment of the rule that took it", () => {
  const after = valueOf(setWorkspaceRecipients(grown, { workspaceId: "beta", recipients: [first, third] }));
  expect(diff(grown, after).removed).toEqual([]);
  expect(after.indexOf("^workspaces/beta/")).toBeLessThan(after.indexOf("# everybody else"));
  expect(valueOf(listWorkspaceRecipients(after, "acme"))).toEqual([first, second]);
  expect(valueOf(listWorkspaceRecipients(after, "beta"))).toEqual([first, third]);
});

test("an anchor that other rules use is not changed behind their back", () => {
  const text = grown.replace("age: age1", "age: &all age1").replace("^workspaces/\n", "^workspaces/beta/\n");
  expect(codeOf(setWorkspaceRecipients(text, { workspaceId: "beta", recipients: [second] }))).toBe(
    "E_CONFIG_INVALID",
  );
});

test("Windows line ends stay", () => {
  const text = grown.replaceAll("\n", "\r\n");
  const after = valueOf(setWorkspaceRecipients(text, { workspaceId: "beta", recipients: [first] }));
  expect(after.replaceAll("\r\n", "")).not.toContain("\n");
});

test("damaged files are read, edited as meant, or refused; never an exception", () => {
  const cut = fc.record({ at: fc.nat(grown.length), drop: fc.nat(12), put: fc.string({ maxLength: 6 }) });
  const change = { workspaceId: "acme", recipients: [first, third] };
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 3 }), (cuts) => {
      const text = cuts.reduce(
        (now, { at, drop, put }) => now.slice(0, at) + put + now.slice(at + drop),
        grown,
      );
      readRecipients(text, path);
      for (const edited of [setWorkspaceRecipients(text, change), addWorkspaceRule(text, change)]) {
        if (edited.ok)
          expect([...valueOf(readRecipients(edited.value, path))].sort()).toEqual([first, third].sort());
      }
    }),
    { numRuns: 1500, examples: [[[{ at: grown.indexOf("[^/]") + 1, drop: 0, put: "a" }]]] },
  );
});
