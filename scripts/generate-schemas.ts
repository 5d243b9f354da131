/**
 * Writes schemas/*.json from the TypeBox schemas; with --check only says whether they are fresh.
 * The JSON is what editors read and what the program validates with, so TypeBox is not loaded at run time.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { schemasByFile } from "../src/definitions/schema/index.ts";

const folder = fileURLToPath(new URL("../schemas/", import.meta.url));
const check = process.argv.includes("--check");
let stale = 0;

mkdirSync(folder, { recursive: true });
for (const [name, schema] of Object.entries(schemasByFile)) {
  const path = `${folder}${name}.schema.json`;
  const document = { $schema: "https://json-schema.org/draft/2020-12/schema", ...schema };
  const text = `${JSON.stringify(document, null, 2)}\n`;
  const present = readText(path);
  if (present === text) continue;
  if (check) {
    console.error(`schemas/${name}.schema.json is out of date: run \`npm run generate\` and commit it`);
    stale += 1;
  } else {
    writeFileSync(path, text);
    console.log(`wrote schemas/${name}.schema.json`);
  }
}
process.exitCode = stale > 0 ? 1 : 0;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
