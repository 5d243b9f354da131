import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { parse } from "yaml";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = ["platform.yaml", "domains.yaml", ...list("catalog"), ...list("workspaces")];

function list(folder: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".yaml")).map((name) => `${folder}/${name}`);
}

// What an editor does: it follows the header and checks the YAML as it stands, without woow's own reading of ids.
test.each(files)("%s names its schema, and fits it in an editor", (file) => {
  const text = readFileSync(join(root, file), "utf8");
  const [, schema = ""] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
  const path = join(root, dirname(file), schema);
  expect(schema).not.toBe("");
  expect(existsSync(path)).toBe(true);
  const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(
    JSON.parse(readFileSync(path, "utf8")) as object,
  );
  validate(parse(text));
  expect(validate.errors ?? []).toEqual([]);
});
