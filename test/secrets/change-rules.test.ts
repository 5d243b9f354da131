import { expect, test } from "vitest";
import { changeEveryRule } from "../../src/secrets/change-rules.ts";
import { readRecipients } from "../../src/secrets/sops-config.ts";
import { identity, secondIdentity } from "./fixtures.ts";

const one = identity.recipient;
const two = secondIdentity.recipient;
const scope = "encrypted_regex: ^secret_values$\n    mac_only_encrypted: true";
const text = `# ours
creation_rules:
  # not woow's
  - path_regex: ^other/
    kms: arn:made-up
  - path_regex: ^workspaces/gone/[^/]+\\.yaml$
    ${scope}
    age: ${one}
  - path_regex: ^workspaces/acme/[^/]+\\.yaml$ # Acme's
    ${scope}
    age:
      - ${one} # the operator
  - path_regex: ""
    ${scope}
    age: >-
      ${one}
`;

const change = (present: readonly string[]): readonly string[] => [...present, two];

test("every rule about workspaces is changed, also of those that are gone or to come; others and comments stay", () => {
  const changed = changeEveryRule(text, { workspaceIds: ["acme", "beta"], change });
  if (!changed.ok) throw new Error(changed.error.message);
  for (const path of ["workspaces/acme/a.yaml", "workspaces/beta/a.yaml", "workspaces/gone/a.yaml"]) {
    expect(readRecipients(changed.value, path)).toEqual({ ok: true, value: [one, two] });
  }
  expect(readRecipients(changed.value, "workspaces/new/a.yaml")).toEqual({ ok: true, value: [one, two] });
  const taken = changed.value.split("\n").filter((line) => !line.trim().startsWith("age: age1"));
  for (const line of text.split("\n")) {
    if (!line.trim().startsWith(`age: ${one}`) && line.trim() !== one) expect(taken).toContain(line);
  }
  const back = changeEveryRule(changed.value, {
    workspaceIds: ["acme"],
    change: (present) => present.filter((recipient) => recipient !== two),
  });
  expect(back).toEqual({ ok: true, value: text });
});

test("a rule that cannot be used stops it", () => {
  const broken = text.replace("mac_only_encrypted: true\n    age: >-", "age: >-");
  expect(changeEveryRule(broken, { workspaceIds: [], change })).toMatchObject({
    ok: false,
    error: { code: "E_MAC_SCOPE" },
  });
});
