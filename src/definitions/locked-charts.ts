import { createHash } from "node:crypto";
import type { DefinitionTree } from "./definition-tree.ts";
import type { FileRole } from "./layout.ts";
import { maxFileBytes } from "./parse.ts";
import { problemAt } from "./problem.ts";
import type { Problem } from "./problem.ts";

/** The bytes of a packed chart of charts/.verified/; a file whose name is not the hash of its bytes is a problem. */
export function readLockedChart(
  tree: DefinitionTree,
  { path, sha256 }: FileRole & { role: "locked-chart" },
): { readonly bytes: Uint8Array } | { readonly problem: Problem } {
  const read = tree.read(path);
  const fail = (message: string, hint: string) => ({
    problem: problemAt({ file: path, line: 1, column: 1 }, { code: "bad-chart", message, hint }),
  });
  if ("reason" in read) return fail(`the file cannot be read: ${read.reason}`, "check its permissions");
  const { bytes } = read;
  if (bytes.byteLength > maxFileBytes)
    return fail(
      `the file has more than ${maxFileBytes} bytes`,
      "woow catalog verify puts no such chart here",
    );
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found === sha256) return { bytes };
  return fail(
    `the file was changed: its name says ${sha256.slice(0, 12)}..., its bytes are ${found.slice(0, 12)}...`,
    "bring it back from git, or write it again with woow catalog verify --write-lock",
  );
}
