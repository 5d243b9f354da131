/**
 * What one writes without woow: a chart per file, an object each, one App, `app.synth()`. The objects are read from
 * one JSON file, which woow's own output was turned into, so that both programs write the very same objects; the
 * naive program reads no YAML, validates nothing and decrypts nothing.
 *
 * Usage: node bench/naive-program.ts OBJECTS.json OUTDIR
 */
import { readFileSync } from "node:fs";
import { ApiObject, App, Chart } from "cdk8s";
import type { ApiObjectProps } from "cdk8s";

const [objectsFile = "", outdir = ""] = process.argv.slice(2);
const files = JSON.parse(readFileSync(objectsFile, "utf8")) as Record<string, ApiObjectProps[]>;
const app = new App({ outdir });
for (const [file, objects] of Object.entries(files)) {
  const chart = new Chart(app, file);
  for (const [index, object] of objects.entries()) new ApiObject(chart, `object-${index}`, object);
}
app.synth();
