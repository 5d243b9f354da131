import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, test } from "vitest";
import { isForCluster, listDocuments, readBlocks } from "../docs/document.ts";
import { goTool } from "../support/go-tool.ts";
import { checkConsoles, prepareWork } from "../docs/run-consoles.ts";
import { clusterOrSkip } from "./test-cluster.ts";

const root = join(import.meta.dirname, "..", "..");
/** What starts the playground in a document; here the test has done so. */
const playground = "npm run cluster -- --platform ../tour";

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
    const work = prepareWork("tour");
    await provideKubectl(join(work.base, "bin"));
    const cluster = await startPlayground(work.cwd);
    try {
      const env = { ...work.env, ...cluster.exports, WOOW_ACTOR: "you" };
      const stale = checkConsoles(path, {
        blocks: consoles,
        work: { ...work, env },
        skip: new Set([playground]),
      });
      expect(stale.join("\n\n")).toBe("");
    } finally {
      await cluster.stop();
      rmSync(work.base, { recursive: true, force: true });
    }
  });
});

/** Documents may use kubectl: the machine's own, or else one built like the test cluster. */
async function provideKubectl(bin: string): Promise<void> {
  const onPath = (process.env["PATH"] ?? "").split(delimiter).some((dir) => existsSync(join(dir, "kubectl")));
  if (onPath) return;
  const tool = await goTool("kubectl");
  if ("skip" in tool) throw new Error(tool.skip);
  symlinkSync(tool.path, join(bin, "kubectl"));
}

/** The playground as README starts it, in a process of its own, with what its lines tell a shell to export. */
async function startPlayground(
  platform: string,
): Promise<{ readonly exports: Record<string, string>; readonly stop: () => Promise<void> }> {
  const args = [join(root, "scripts", "cluster.ts"), "--platform", platform];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const exports: Record<string, string> = {};
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name, value] = /^export (\w+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) exports[name] = value;
    if (line.includes("Ctrl-C")) break;
  }
  if (exports["KUBECONFIG"] === undefined) throw new Error("the playground did not start");
  return {
    exports,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
