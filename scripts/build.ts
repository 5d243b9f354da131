/** Bundles the CLI into build/: one entry, and a chunk per command that is loaded when the command runs. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { generateValidators } from "./generate-validators.ts";
import { writeBuildId } from "./write-build-id.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const bundle = await rolldown({
  input: { woow: `${root}src/cli/launcher.ts` },
  cwd: root,
  platform: "node",
  logLevel: "warn",
  plugins: [generateValidators(root), writeBuildId(root)],
});
const { output } = await bundle.generate({
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: false } },
});
await bundle.close();
// only a build that worked takes the place of the old one
rmSync(`${root}build`, { recursive: true, force: true });
mkdirSync(`${root}build`);
for (const file of output) {
  writeFileSync(`${root}build/${file.fileName}`, file.type === "chunk" ? file.code : file.source);
}
chmodSync(`${root}build/woow.js`, 0o755);
