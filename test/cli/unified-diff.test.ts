import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDiff } from "../../src/cli/print/unified-diff.ts";
import { tempFolder } from "../support/temp-platform.ts";

test("reads like diff -u", () => {
  const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  const after = "1\n2\n3\n4\nfive\n6\n7\n8\n9";
  expect(formatDiff({ before, after }, { path: "a.yaml", colors: false })).toBe(
    [
      "--- a/a.yaml",
      "+++ b/a.yaml",
      "@@ -2,8 +2,8 @@",
      " 2",
      " 3",
      " 4",
      "-5",
      "+five",
      " 6",
      " 7",
      " 8",
      "-9",
      "+9",
      "\\ No newline at end of file",
      "",
    ].join("\n"),
  );
});

test("what is far apart stands in hunks of its own", () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}\n`);
  const before = lines.join("");
  const after = lines.with(3, "new\n").with(25, "new\n").join("");
  const diff = formatDiff({ before, after }, { path: "a", colors: false });
  expect(diff.match(/^@@ .* @@$/gm)).toEqual(["@@ -1,7 +1,7 @@", "@@ -23,7 +23,7 @@"]);
});

test("a new file comes from nothing", () => {
  expect(formatDiff({ before: undefined, after: "a\nb\n" }, { path: "new.yaml", colors: false })).toBe(
    "--- /dev/null\n+++ b/new.yaml\n@@ -0,0 +1,2 @@\n+a\n+b\n",
  );
});

test("colours only where they are wanted", () => {
  const change = { before: "a\n", after: "b\n" };
  expect(formatDiff(change, { path: "x", colors: false })).not.toContain("\u001b");
  expect(formatDiff(change, { path: "x", colors: true })).toContain("\u001b[31m-a");
});

test("git applies every diff and gets the new text", async () => {
  const folder = tempFolder();
  const line = fc.constantFrom("a", "b", "c", "", " d", "-e", "+f", "@@ -1 +1 @@");
  const text = fc.tuple(fc.array(line, { maxLength: 25 }), fc.boolean()).map(([lines, ends]) => {
    const joined = lines.join("\n");
    return ends && joined !== "" ? `${joined}\n` : joined;
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.option(text, { nil: undefined }), text, async (before, after) => {
      fc.pre(before !== after && before !== "" && after !== "");
      const cwd = join(folder, String((run += 1)));
      mkdirSync(cwd);
      if (before !== undefined) writeFileSync(join(cwd, "file.yaml"), before);
      const input = formatDiff({ before, after }, { path: "file.yaml", colors: false });
      const env = { GIT_CEILING_DIRECTORIES: folder };
      const applied = await execa("git", ["apply", "--whitespace=nowarn", "-"], {
        cwd,
        input,
        env,
        reject: false,
      });
      expect(applied.stderr, input).toBe("");
      expect(readFileSync(join(cwd, "file.yaml"), "utf8")).toBe(after);
    }),
    { numRuns: 60 },
  );
});
