import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";
import { tempFolder } from "../support/temp-platform.ts";
import { cleanEnvironment } from "../support/woow.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("the npm archive holds what a platform of one's own needs, and runs without this repository", async () => {
  const { stdout } = await execa("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root });
  const [archive] = Object.values(JSON.parse(stdout) as Record<string, { files: { path: string }[] }>);
  const files = (archive?.files ?? []).map(({ path }) => path);
  expect(files).toEqual(
    expect.arrayContaining([
      "build/woow.js",
      "catalog/n8n.yaml",
      "charts/app/Chart.yaml",
      "schemas/platform.schema.json",
      "package.json",
    ]),
  );
  expect(files.filter((path) => /^(src|test|bench|workspaces)\/|agekey/.test(path))).toEqual([]);

  const home = tempFolder();
  const installed = join(home, "node_modules/woow");
  for (const path of files) {
    mkdirSync(dirname(join(installed, path)), { recursive: true });
    cpSync(join(root, path), join(installed, path));
  }
  const run = (args: readonly string[], cwd: string) =>
    execa(process.execPath, [join(installed, "build/woow.js"), ...args], {
      cwd,
      env: cleanEnvironment(home),
      extendEnv: false,
    });
  await run(["init", "shop", "--domain", "apps.example.org"], home);
  const shop = join(home, "shop");
  expect((await run(["create", "service", "redis", "-w", "demo"], shop)).stdout).toContain(
    "created workspaces/demo/redis-01.yaml",
  );
  expect((await run(["synth"], shop)).stdout).toContain("paas-2-ws-demo-redis-01.yaml");
});
