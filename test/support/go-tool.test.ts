import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { goTool } from "./go-tool.ts";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "woow-go-tool-"));
  vi.stubEnv("XDG_CACHE_HOME", folder);
  vi.stubEnv("WOOW_TEST_SOPS", "");
  vi.stubEnv("CI", "");
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** A folder with a `go` that writes a program after a while and notes each build. */
async function installFakeGo(build: string): Promise<void> {
  const script = `#!/bin/sh\n[ "$1" = version ] && exit 0\necho x >> ${folder}/builds\n${build}\n`;
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "bin", "go"), script, { mode: 0o755 });
  vi.stubEnv("PATH", `${join(folder, "bin")}:/usr/bin:/bin`);
}

// `go build -trimpath -ldflags "-s -w" -o FILE TARGET`
const writeProgram = 'sleep 0.3; echo "#!/bin/sh" > "$6"; chmod +x "$6"';

async function countBuilds(): Promise<number> {
  return (await readFile(join(folder, "builds"), "utf8")).split("\n").length - 1;
}

test("a program named by a variable is taken as it is, and must be one", async () => {
  vi.stubEnv("WOOW_TEST_SOPS", "/bin/sh");
  expect(await goTool("sops")).toEqual({ path: "/bin/sh" });
  vi.stubEnv("WOOW_TEST_SOPS", join(folder, "absent"));
  await expect(goTool("sops")).rejects.toThrow(/WOOW_TEST_SOPS/);
});

test("without Go there is a reason to skip, but not on a build server", async () => {
  vi.stubEnv("PATH", join(folder, "empty"));
  expect(await goTool("sops")).toMatchObject({
    skip: expect.stringMatching(/Go is not installed/) as string,
  });
  vi.stubEnv("CI", "true");
  await expect(goTool("sops")).rejects.toThrow(/in CI this test must run/);
});

test("a failed build is a reason to skip that shows Go's last words, but not on a build server", async () => {
  await installFakeGo("echo no such module >&2; exit 1");
  expect(await goTool("sops")).toMatchObject({ skip: expect.stringMatching(/no such module/) as string });
  vi.stubEnv("CI", "true");
  await expect(goTool("sops")).rejects.toThrow(/no such module/);
});

test("three who ask at once get one build, and later ones the kept program", async () => {
  await installFakeGo(writeProgram);
  const answers = await Promise.all([goTool("sops"), goTool("sops"), goTool("sops")]);
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  await goTool("sops");
  expect(await countBuilds()).toBe(1);
});

test("the lock of a builder that died is taken over", async () => {
  await installFakeGo(writeProgram);
  const first = await goTool("sops");
  if (!("path" in first)) throw new Error(first.skip);
  await rm(first.path);
  const lock = `${first.path}.lock`;
  await mkdir(lock);
  const noSuchProcess = 2 ** 22 + 1;
  await writeFile(join(lock, "pid"), String(noSuchProcess));
  expect(await goTool("sops")).toEqual(first);
  expect(await countBuilds()).toBe(2);
});
