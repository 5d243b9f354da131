// Runs after `npm ci`, on whatever Node npm itself runs on, so in plain JavaScript that Node 20 understands. npm 10 makes
// no link to the Node that the platform package brings; npm scripts need it, because they find programs there.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const brought = `node-${process.platform}-${process.arch}/bin/node`;
const link = `${root}node_modules/.bin/node`;
const wanted = 24;

if (!existsSync(link) && existsSync(`${root}node_modules/${brought}`)) {
  mkdirSync(`${root}node_modules/.bin`, { recursive: true });
  symlinkSync(`../${brought}`, link);
}
const node = existsSync(link) ? link : process.execPath;
const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
const version = String(stdout).trim();
if (Number(/^v(\d+)/.exec(version)?.[1] ?? 0) < wanted) {
  console.error(
    `woow needs Node ${wanted} or newer, this is ${version}. On Linux npm brings one along, unless it was told --omit=optional; elsewhere install it.`,
  );
  process.exit(1);
}
const built = spawnSync(node, [`${root}scripts/build.ts`], { stdio: "inherit" });
process.exit(built.status ?? 1);
