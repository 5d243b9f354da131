/** Bundles the CLI into build/: one entry, and a chunk per command that is loaded when the command runs. */
import { chmodSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { generateValidators } from "./generate-validators.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
rmSync(`${root}build`, { recursive: true, force: true });
const bundle = await rolldown({
  input: { woow: `${root}src/cli/main.ts` },
  cwd: root,
  platform: "node",
  logLevel: "warn",
  plugins: [generateValidators(root)],
});
await bundle.write({
  dir: `${root}build`,
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: false } },
});
await bundle.close();
chmodSync(`${root}build/woow.js`, 0o755);
