import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isForCluster, listDocuments, readBlocks } from "../docs/document.ts";
import { checkConsoles, prepareWork } from "../docs/run-consoles.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import { clusterOrSkip } from "./test-cluster.ts";

const root = join(import.meta.dirname, "..", "..");
/** The playground is what this test starts itself; test/cluster/playground.test.ts starts it as a person would. */
const playground = new Set(["npm run cluster -- --platform ../tour"]);

const documents = listDocuments().flatMap((path) => {
  const blocks = readBlocks(readFileSync(join(root, path), "utf8"));
  const consoles = blocks.filter(({ language, info }) => language === "console" && isForCluster(info));
  return consoles.length === 0 ? [] : [{ path, consoles }];
});

const found = await clusterOrSkip();

test("the tour is in README", () => {
  expect(documents.map(({ path }) => path)).toContain("README.md");
});

describe.skipIf("skip" in found)("what documents show of a cluster", () => {
  test.each(documents)("$path", async ({ path, consoles }) => {
    if ("skip" in found) throw new Error(found.skip);
    const cluster = await found.start();
    const work = prepareWork("tour");
    try {
      const platform = await writeTestPlatform({
        dir: work.cwd,
        cluster,
        workspaces: { acme: 1, demo: 1 },
        databases: ["acme"],
      });
      const env = { ...work.env, ...platform.env, KUBECONFIG: cluster.kubeconfigPath, WOOW_ACTOR: "you" };
      const stale = checkConsoles(path, { blocks: consoles, work: { ...work, env }, skip: playground });
      expect(stale.join("\n\n")).toBe("");
    } finally {
      await cluster.stop();
      rmSync(work.base, { recursive: true, force: true });
    }
  });
});
