import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { goTool } from "../support/go-tool.ts";
import { tempFolder } from "../support/temp-platform.ts";
import { cleanEnvironment } from "../support/woow.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const text = readFileSync(join(root, "Dockerfile"), "utf8");

/** Instructions with their arguments, continued lines joined, by stage. */
const stages = text
  .replaceAll(/^\s*#.*\n/gm, "")
  .replaceAll(/\\\n/g, " ")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .reduce<string[][]>((all, line) => {
    if (line.startsWith("FROM ")) all.push([]);
    all.at(-1)?.push(line.trim());
    return all;
  }, []);

describe("BuildKit's checks", () => {
  let linter = "";
  let skip = "";
  beforeAll(async () => {
    const tool = await goTool("dockerfile-lint");
    if ("skip" in tool) skip = tool.skip;
    else linter = tool.path;
  });

  test("find nothing in the Dockerfile", async (context) => {
    if (skip !== "") return context.skip(skip);
    const { stdout, exitCode } = await execa(linter, [join(root, "Dockerfile")], { reject: false });
    expect(stdout).toBe("");
    expect(exitCode).toBe(0);
  });

  test("find what is wrong with another", async (context) => {
    if (skip !== "") return context.skip(skip);
    const bad = join(tempFolder(), "Dockerfile");
    writeFileSync(bad, `${text}\nENV MADE_UP_PASSWORD=x\nCMD woow\n`);
    const { stdout, exitCode } = await execa(linter, [bad], { reject: false });
    expect(stdout).toContain("SecretsUsedInArgOrEnv");
    expect(stdout).toContain("MultipleInstructionsDisallowed");
    expect(stdout).toContain("JSONArgsRecommended");
    expect(exitCode).toBe(1);
  });
});

test("the image runs as nobody in particular, the one the Deployment names", () => {
  const last = stages.at(-1) ?? [];
  const golden = readFileSync(
    join(root, "test/golden/reconciler/manifests/default/paas-0-platform.yaml"),
    "utf8",
  );
  const user = /runAsUser: ([0-9]+)/.exec(golden)?.[1];
  expect(last).toContain(`USER ${user}:${user}`);
  expect(last.indexOf(`USER ${user}:${user}`)).toBeGreaterThan(
    last.findLastIndex((line) => line.startsWith("RUN ")),
  );
});

test("what the image copies is there, is not ignored, and is enough to build and run woow", async () => {
  const copied = (lines: readonly string[]) =>
    lines
      .filter((line) => line.startsWith("COPY ") && !line.includes("--from="))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
  const ignored = readFileSync(join(root, ".dockerignore"), "utf8");
  for (const path of copied(stages.flat())) {
    expect(existsSync(join(root, path)), path).toBe(true);
    expect(ignored.split("\n")).toContain(`!${path}`);
  }
  const [build = [], run = []] = stages;
  const source = tempFolder();
  for (const path of copied(build)) cpSync(join(root, path), join(source, path), { recursive: true });
  // npm ci as such is proven on every clone
  symlinkSync(join(root, "node_modules"), join(source, "node_modules"));
  expect(build.at(-1)).toBe("RUN node scripts/build.ts");
  await execa(process.execPath, ["scripts/build.ts"], {
    cwd: source,
    env: cleanEnvironment(source),
    extendEnv: false,
  });

  const image = join(tempFolder(), "opt/woow");
  for (const path of copied(run)) {
    mkdirSync(dirname(join(image, path)), { recursive: true });
    cpSync(join(root, path), join(image, path), { recursive: true });
  }
  cpSync(join(source, "build"), join(image, "build"), { recursive: true });
  const entry = /^ENTRYPOINT \["node", "\/opt\/woow\/(.+)"\]$/.exec(
    run.find((line) => line.startsWith("ENTRYPOINT")) ?? "",
  );
  const { stdout } = await execa(process.execPath, [join(image, entry?.[1] ?? ""), "reconcile", "--help"], {
    cwd: image,
    env: cleanEnvironment(image),
    extendEnv: false,
  });
  expect(stdout).toContain("woow reconcile --git");
});
