import { beforeAll, expect, test } from "vitest";
import { OperationError } from "../../src/errors.ts";
import { createWorkspace } from "../../src/operations/create/create-workspace.ts";
import type { CreateWorkspaceOptions } from "../../src/operations/create/create-workspace.ts";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { readRecipients } from "../../src/secrets/sops-config.ts";
import { identity, secondIdentity } from "../secrets/fixtures.ts";
import { memoryWriter } from "../support/memory-writer.ts";
import { definitionsOf, newPlatform, treeOf } from "../support/new-platform.ts";

let base: Record<string, string>;
beforeAll(async () => {
  base = definitionsOf(await newPlatform());
});

function create(options: CreateWorkspaceOptions, files: Readonly<Record<string, string>> = base) {
  const writer = memoryWriter(files);
  const result = createWorkspace({ tree: treeOf(files), writer }, options);
  return { result, written: writer.written, files: { ...files, ...writer.written } };
}

function refusal(options: CreateWorkspaceOptions, files: Readonly<Record<string, string>> = base): string {
  const writer = memoryWriter(files);
  try {
    const result = createWorkspace({ tree: treeOf(files), writer }, options);
    return result.ok ? "accepted" : result.problems.map(({ code }) => code).join();
  } catch (error) {
    if (error instanceof OperationError) return error.code;
    throw error;
  } finally {
    expect(writer.written).toEqual({});
  }
}

test("a workspace has its file and its rule, and validates", () => {
  const { result, files, written } = create({
    id: "acme",
    name: "Acme: Ltd",
    members: ["alice@acme.example=owner", "bob=viewer"],
  });
  expect(result).toMatchObject({ ok: true, path: "workspaces/acme/workspace.yaml", warnings: [] });
  expect(Object.keys(written).sort()).toEqual([".sops.yaml", "workspaces/acme/workspace.yaml"]);
  const { platform } = loadPlatform(treeOf(files));
  const acme = platform?.clusters[0]?.workspaces.find(({ id }) => id === "acme");
  expect(acme?.name).toBe("Acme: Ltd");
  expect(acme?.members).toEqual(
    new Map([
      ["owner", ["alice@acme.example"]],
      ["viewer", ["bob"]],
    ]),
  );
});

test("an id of digits, as the specification has them, and text that YAML would change", () => {
  for (const [id, name] of [
    ["123", "123"],
    ["0x1f", "yes"],
    ["1e3", "null"],
    ["no", "~"],
  ] as const) {
    const { platform } = loadPlatform(treeOf(create({ id, name }).files));
    expect(platform?.clusters[0]?.workspaces.find((workspace) => workspace.id === id)?.name).toBe(name);
  }
});

test("its settings that are comments are usable when their # goes", () => {
  const { files } = create({ id: "acme" });
  const path = "workspaces/acme/workspace.yaml";
  const text = (files[path] ?? "").replace(/^# (?=[a-z]+: |members:| {2}- )/gm, "");
  expect(text).toMatch(/^cluster: default.*\n\n.*\nquota: .*\n\n.*\nmembers:\n {2}- \{ user: /m);
  const { problems } = loadPlatform(treeOf({ ...files, [path]: text }));
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
});

test("its recipients are the platform's and its own; other rules stay byte for byte", () => {
  const { files } = create({ id: "acme", recipients: [secondIdentity.recipient] });
  const config = files[".sops.yaml"] ?? "";
  const read = (id: string) => readRecipients(config, `workspaces/${id}/x.yaml`);
  expect(read("acme")).toEqual({ ok: true, value: [identity.recipient, secondIdentity.recipient] });
  expect(read("demo")).toEqual({ ok: true, value: [identity.recipient] });
  expect(read("other")).toEqual({ ok: true, value: [identity.recipient] });
  const before = (base[".sops.yaml"] ?? "").split("\n");
  const lines = config.split("\n");
  expect(before.every((line) => lines.includes(line))).toBe(true);
});

test("a second cluster can be named", () => {
  const two = {
    ...base,
    "platform.yaml": `${base["platform.yaml"] ?? ""}  second: { k3s_version: v1.35.8+k3s1 }\n`,
  };
  const { platform } = loadPlatform(treeOf(create({ id: "acme", cluster: "second" }, two).files));
  expect(platform?.clusters.find(({ name }) => name === "second")?.workspaces[0]?.id).toBe("acme");
});

test.each<[string, CreateWorkspaceOptions, string]>([
  ["a hyphen", { id: "a-b" }, "usage"],
  ["upper case", { id: "Acme" }, "usage"],
  ["21 characters", { id: "a".repeat(21) }, "usage"],
  ["a way out of the folder", { id: "../x" }, "usage"],
  ["nothing", { id: "" }, "usage"],
  ["a reserved id", { id: "platform" }, "usage"],
  ["one that is there", { id: "demo" }, "already-exists"],
  ["an unknown cluster", { id: "acme", cluster: "nope" }, "unknown-cluster"],
  ["an unknown role", { id: "acme", members: ["alice=king"] }, "usage"],
  ["a member without a role", { id: "acme", members: ["alice"] }, "usage"],
  [
    "a member that YAML or RBAC could not keep",
    { id: "acme", members: ["system:masters=owner"] },
    "bad-format",
  ],
  ["the same member twice", { id: "acme", members: ["a=owner", "a=viewer"] }, "conflicting-values"],
  ["a recipient that is no key", { id: "acme", recipients: ["age1nope"] }, "secrets"],
])("%s is refused and nothing is written", (_, options, code) => {
  expect(refusal(options)).toBe(code);
});

test("a workspace whose file is only broken is not written over", () => {
  const broken = { ...base, "workspaces/acme/workspace.yaml": "kind: [\n" };
  expect(refusal({ id: "acme" }, broken)).toBe("already-exists");
});

test("a repository without .sops.yaml gets the workspace alone, and no recipient", () => {
  const { ".sops.yaml": _, ...without } = base;
  expect(Object.keys(create({ id: "acme" }, without).written)).toEqual(["workspaces/acme/workspace.yaml"]);
  expect(refusal({ id: "acme", recipients: [secondIdentity.recipient] }, without)).toBe("secrets");
});

test("a rule that a run before left behind is used", () => {
  const { written } = create({ id: "acme" });
  const again = create({ id: "acme" }, { ...base, ".sops.yaml": written[".sops.yaml"] ?? "" });
  expect(Object.keys(again.written)).toEqual(["workspaces/acme/workspace.yaml"]);
});
