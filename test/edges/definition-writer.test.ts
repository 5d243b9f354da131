import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDefinitionWriter } from "../../src/edges/definition-writer.ts";
import { OperationError } from "../../src/errors.ts";
import { tempPlatform } from "../support/temp-platform.ts";

const codeOf = (run: () => void): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof OperationError ? error.code : "another error";
  }
};

test("nothing is created when one of the files is there", () => {
  const root = tempPlatform({ "workspaces/acme/old.yaml": "mine\n" });
  const files = new Map([
    ["workspaces/acme/new.yaml", "new\n"],
    ["workspaces/acme/old.yaml", "theirs\n"],
  ]);
  expect(codeOf(() => openDefinitionWriter(root).create(files))).toBe("already-exists");
  expect(existsSync(join(root, "workspaces/acme/new.yaml"))).toBe(false);
  expect(readFileSync(join(root, "workspaces/acme/old.yaml"), "utf8")).toBe("mine\n");
});

test("nothing is replaced when one of the files was changed meanwhile; modes stay", () => {
  const root = tempPlatform({ "a.yaml": "a\n", "b.yaml": "b\n" });
  const writer = openDefinitionWriter(root);
  const edits = [
    { path: "a.yaml", before: "a\n", after: "A\n" },
    { path: "b.yaml", before: "b\n", after: "B\n" },
  ];
  writeFileSync(join(root, "b.yaml"), "changed\n");
  expect(codeOf(() => writer.replace(edits))).toBe("changed-meanwhile");
  expect(readFileSync(join(root, "a.yaml"), "utf8")).toBe("a\n");
  writeFileSync(join(root, "b.yaml"), "b\n", { mode: 0o644 });
  const { mode } = statSync(join(root, "b.yaml"));
  writer.replace(edits);
  expect(readFileSync(join(root, "b.yaml"), "utf8")).toBe("B\n");
  expect(statSync(join(root, "b.yaml")).mode).toBe(mode);
});

test("files are removed with the folder they leave empty; one that changed meanwhile keeps all of them", () => {
  const root = tempPlatform({
    "workspaces/acme/workspace.yaml": "w\n",
    "workspaces/acme/a.yaml": "a\n",
    "workspaces/other/b.yaml": "b\n",
    "workspaces/other/c.yaml": "c\n",
  });
  const writer = openDefinitionWriter(root);
  const files = [
    { path: "workspaces/acme/workspace.yaml", before: "w\n" },
    { path: "workspaces/acme/a.yaml", before: "another\n" },
  ];
  expect(codeOf(() => writer.remove(files))).toBe("changed-meanwhile");
  expect(existsSync(join(root, "workspaces/acme/workspace.yaml"))).toBe(true);
  writer.remove([
    { path: "workspaces/acme/workspace.yaml", before: "w\n" },
    { path: "workspaces/acme/a.yaml", before: "a\n" },
    { path: "workspaces/acme/gone.yaml", before: "gone\n" },
    { path: "workspaces/other/b.yaml", before: "b\n" },
  ]);
  expect(existsSync(join(root, "workspaces/acme"))).toBe(false);
  expect(existsSync(join(root, "workspaces/other/b.yaml"))).toBe(false);
  expect(existsSync(join(root, "workspaces/other/c.yaml"))).toBe(true);
});
