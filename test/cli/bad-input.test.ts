import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { writeHeader } from "../../src/manifests/header.ts";
import { keyFile, secondKeyFile } from "../secrets/fixtures.ts";
import { append, madeUpPassword, samplePlatform, sealedService } from "../support/builders.ts";
import { badInputCases, web } from "../support/bad-input-cases.ts";
import type { BadInputCase } from "../support/bad-input-cases.ts";
import { readFiles, tempPlatform, writeFiles } from "../support/temp-platform.ts";
import type { Files } from "../support/memory-tree.ts";
import { builtCli, cleanEnvironment, runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";

const sample = samplePlatform();
const isRoot = process.getuid?.() === 0;

const ours = (unit: string): string => writeHeader({ platform: "test-platform", unit, tombstone: false });
/** Files of ours that a successful run would overwrite and remove. */
const oldDist = {
  "dist/default/paas-0-platform.yaml": ours("platform"),
  "dist/default/paas-2-ws-acme-gone.yaml": ours("acme/gone"),
};

/** Problems as the CLI prints them: `code file:line`. */
function printedProblems(stderr: string): string[] {
  const lines = stderr.matchAll(/^(\S+):(\d+):\d+: (?:error|warning): .* \[([a-zA-Z_-]+)\]$/gm);
  return [...lines].map(([, file, line, code]) => `${code} ${file}:${line}`);
}

/** A refusal as a person meets it: exit 1, something to read, no stack, no secret, dist/ as it was. */
function expectRefusal(ran: Ran, root: string): void {
  expect(ran.status).toBe(1);
  expect(ran.stderr).not.toMatch(/^ {4}at /m);
  expect(ran.stderr + ran.stdout).not.toContain("made-up");
  expect(ran.stderr).toMatch(/error/);
  expect(readFiles(join(root, "dist"))).toEqual(belowDist(oldDist));
}

function belowDist(files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [path.replace("dist/", ""), text]));
}

function reasonToSkip({ odd, onDisk }: BadInputCase): string | undefined {
  return odd !== undefined && onDisk === undefined ? "cannot be put on a disk" : undefined;
}

describe("the table of bad input, on disk", () => {
  describe.each(badInputCases.map((badInput) => [badInput.name, badInput] as const))("%s", (_, badInput) => {
    const reason = reasonToSkip(badInput);
    test.skipIf(reason !== undefined)(reason ?? "is refused", async () => {
      const root = tempPlatform({ ...badInput.files, ...oldDist });
      badInput.onDisk?.(root);
      const obeysModes = badInput.needsPlainUser === true;
      const ran = await runWoow(["synth", "-C", root, "--without-secrets"], { cwd: root, obeysModes });
      expectRefusal(ran, root);
      expect(printedProblems(ran.stderr)).toEqual(badInput.expected);
    });
  });
});

describe("secrets", () => {
  const database = "workspaces/acme/db-01.yaml";
  const sealed = async (): Promise<Record<string, string>> => ({
    ...sample,
    [database]: await sealedService("acme/db-01"),
  });
  const refused = async (files: Files, env: Readonly<Record<string, string>>): Promise<string[]> => {
    const root = tempPlatform({ ...files, ...oldDist });
    const ran = await runWoow(["synth", "-C", root], { cwd: root, env });
    expectRefusal(ran, root);
    return printedProblems(ran.stderr);
  };
  const key = { SOPS_AGE_KEY: keyFile };

  test("the right key opens them", async () => {
    const root = tempPlatform(await sealed());
    const ran = await runWoow(["synth", "-C", root], { cwd: root, env: key });
    expect(ran).toMatchObject({ status: 0 });
    expect(ran.stdout + ran.stderr).not.toContain(madeUpPassword);
  });

  test("no key, and a wrong key", async () => {
    const noIdentity = [expect.stringMatching(`^E_NO_IDENTITY ${database}:`)];
    expect(await refused(await sealed(), {})).toEqual(noIdentity);
    expect(await refused(await sealed(), { SOPS_AGE_KEY: secondKeyFile })).toEqual(noIdentity);
  });

  test("a key file that is not there, and one that is none", async () => {
    const root = tempPlatform({ ...(await sealed()), ...oldDist, "not-a-key": "hello\n" });
    const missing = { WOOW_AGE_KEY_FILE: join(root, "nowhere") };
    expectRefusal(await runWoow(["synth", "-C", root], { cwd: root, env: missing }), root);
    const broken = { WOOW_AGE_KEY_FILE: join(root, "not-a-key") };
    expectRefusal(await runWoow(["synth", "-C", root], { cwd: root, env: broken }), root);
  });

  test("a block copied from another tenant", async () => {
    const files = await sealed();
    const copy = "workspaces/rival/db-01.yaml";
    const stolen = {
      ...files,
      "workspaces/rival/workspace.yaml": "kind: Workspace\nname: Rival\n",
      [copy]: files[database] ?? "",
    };
    expect(await refused(stolen, key)).toEqual([expect.stringMatching(`^E_BIND_MISMATCH ${copy}:`)]);
  });

  test("a flipped byte", async () => {
    const files = await sealed();
    const flip = (_: string, head: string, first: string) => head + (first === "A" ? "B" : "A");
    const text = (files[database] ?? "").replace(/(auth\.password: ENC\[AES256_GCM,data:)(.)/, flip);
    const flipped = { ...files, [database]: text };
    expect(await refused(flipped, key)).toEqual([expect.stringMatching(`^E_VALUE_TAMPERED ${database}:`)]);
  });
});

describe("dist/ that cannot be written", () => {
  const synth = (root: string, ...args: readonly string[]) =>
    runWoow(["synth", "-C", root, "--without-secrets", ...args], { cwd: root });
  const expectError = (ran: Ran): void => {
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/^error: /m);
    expect(ran.stderr).not.toMatch(/^ {4}at /m);
  };

  test("a file in the place of dist/", async () => {
    const root = tempPlatform({ ...sample, dist: "mine\n" });
    expectError(await synth(root));
    expect(readFiles(root)["dist"]).toBe("mine\n");
  });

  test("a file in the place of dist/<cluster>/", async () => {
    const root = tempPlatform({ ...sample, "dist/default": "mine\n" });
    expectError(await synth(root));
    expect(readFiles(join(root, "dist"))).toEqual({ default: "mine\n" });
  });

  test("a folder in the place of a manifest", async () => {
    const root = tempPlatform({ ...sample, "dist/default/paas-0-platform.yaml/x": "mine\n" });
    expectError(await synth(root));
    expect(readFiles(join(root, "dist"))).toEqual({ "default/paas-0-platform.yaml/x": "mine\n" });
  });

  test("a folder without the right to write", async () => {
    const root = tempPlatform(sample);
    mkdirSync(join(root, "dist"), { mode: 0o500 });
    expectError(await runWoow(["synth", "-C", root], { cwd: root, obeysModes: true }));
    chmodSync(join(root, "dist"), 0o700);
    expect(readdirSync(join(root, "dist"))).toEqual([]);
  });

  /** Runs a script as the owner of a mount namespace of its own; undefined where the kernel forbids that. */
  const inNamespace = async (script: string, root: string): Promise<Ran | undefined> => {
    const flags = isRoot ? ["--mount"] : ["--mount", "--map-root-user"];
    const probe = await execa("unshare", [...flags, "mount", "-t", "tmpfs", "none", "/mnt"], {
      reject: false,
    });
    if (probe.exitCode !== 0) return undefined;
    const { exitCode, stdout, stderr } = await execa(
      "unshare",
      [...flags, "sh", "-c", script, process.execPath, builtCli],
      { cwd: root, env: cleanEnvironment(root), extendEnv: false, reject: false },
    );
    return { status: exitCode, stdout, stderr };
  };

  test("a read-only file system", async (context) => {
    const root = tempPlatform({ ...sample, ...oldDist });
    const ran = await inNamespace(
      'mount --bind dist dist && mount -o remount,ro,bind dist && exec "$0" "$1" synth --without-secrets',
      root,
    );
    if (ran === undefined) return context.skip("no mount namespaces here");
    expectError(ran);
    expect(readFiles(join(root, "dist"))).toEqual(belowDist(oldDist));
    return undefined;
  });

  test("a disk that is full after some of the files: dist/ stays whole and old, nothing is left over", async (context) => {
    const root = tempPlatform(sample);
    const more = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [
        `workspaces/acme/web-${index + 10}.yaml`,
        (sample[web] ?? "").replace("shop", `shop-${index}`),
      ]),
    );
    writeFiles(join(root, "more"), more);
    const script = `mount -t tmpfs -o size=128k none dist
      "$0" "$1" synth --without-secrets || exit 99
      cp -r dist before && cp -r more/workspaces . && sed -i s/staging/prod/ platform.yaml
      "$0" "$1" synth --without-secrets; status=$?
      cp -r dist after; exit $status`;
    mkdirSync(join(root, "dist"));
    const ran = await inNamespace(script, root);
    if (ran === undefined) return context.skip("no mount namespaces here");
    expectError(ran);
    expect(ran.stderr).toContain("full");
    const before = readFiles(join(root, "before"));
    expect(Object.keys(before).length).toBeGreaterThan(2);
    expect(readFiles(join(root, "after"))).toEqual(before);
    return undefined;
  });

  test("a file larger than the process may write: the same", async () => {
    const root = tempPlatform({ ...sample, ...oldDist });
    writeFileSync(join(root, "run.sh"), 'ulimit -f 2; exec "$@"\n');
    const { exitCode, stderr, stdout } = await execa(
      "sh",
      ["run.sh", process.execPath, builtCli, "synth", "--without-secrets"],
      { cwd: root, env: cleanEnvironment(root), extendEnv: false, reject: false },
    );
    expectError({ status: exitCode, stderr, stdout });
    expect(readFiles(join(root, "dist"))).toEqual(belowDist(oldDist));
  });
});

test("a run with nothing wrong does write", async () => {
  const root = tempPlatform({ ...append(sample, web, "resources: { vcpu: 2 }\n"), ...oldDist });
  const ran = await runWoow(["synth", "-C", root], { cwd: root });
  expect(ran).toMatchObject({ status: 0, stderr: "" });
  const dist = readFiles(join(root, "dist"));
  expect(Object.keys(dist).filter((path) => !path.startsWith(".woow-"))).toEqual([
    "default/paas-0-platform.yaml",
    "default/paas-1-ws-acme.yaml",
    "default/paas-2-ws-acme-web-01.yaml",
  ]);
  expect(dist["default/paas-0-platform.yaml"]).not.toBe(ours("platform"));
});
