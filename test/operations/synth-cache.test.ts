import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cacheKeyName, cachePath, openSynthCache } from "../../src/edges/synth-cache.ts";
import type { RenderCache } from "../../src/manifests/render-cache.ts";
import { everything } from "../../src/operations/select-units.ts";
import type { Selection } from "../../src/operations/select-units.ts";
import { synth } from "../../src/operations/synth.ts";
import type { SynthResult } from "../../src/operations/synth.ts";
import type { AgeIdentity } from "../../src/secrets/age-identity.ts";
import { identity, secondIdentity } from "../secrets/fixtures.ts";
import { edit, madeUpPassword, samplePlatform, sealedService } from "../support/builders.ts";
import { memoryFolder, memoryTree } from "../support/memory-tree.ts";
import type { MemoryFolder } from "../support/memory-tree.ts";

const build = "test-build";
const database = "workspaces/acme/db-01.yaml";
let root: string;
let sealed: Record<string, string>;

beforeAll(async () => {
  sealed = { ...samplePlatform(), [database]: await sealedService("acme/db-01") };
});
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "woow-cache-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const openCache = (of = build): RenderCache =>
  openSynthCache({ root, target: join(root, "dist"), build: of });

interface Run {
  readonly cache?: RenderCache | undefined;
  readonly withSecrets?: boolean;
  readonly identities?: readonly AgeIdentity[];
  readonly selection?: Partial<Selection>;
}

async function run(
  files: Record<string, string>,
  folder: MemoryFolder,
  { cache, withSecrets = true, identities = [identity], selection = {} }: Run,
): Promise<{ result: SynthResult; rendered: number }> {
  let rendered = 0;
  const tree = memoryTree(files);
  // a rendered service asks for its secrets' key, so opening counts renderings of services with secrets
  const counted = identities.map((one) => ({
    ...one,
    open: (armored: string) => ((rendered += 1), one.open(armored)),
  }));
  const deps = { tree, folder, cache, identities: () => counted, progress: () => undefined };
  const result = await synth(deps, { selection: { ...everything, ...selection }, withSecrets });
  return { result, rendered };
}

function texts(folder: MemoryFolder): Record<string, string | undefined> {
  return Object.fromEntries([...folder.files].map(([path, { text }]) => [path, text]));
}

describe("a run that remembers", () => {
  test("renders nothing again when nothing changed", async () => {
    const folder = memoryFolder();
    expect((await run(sealed, folder, { cache: openCache() })).rendered).toBe(1);
    const { result, rendered } = await run(sealed, folder, { cache: openCache() });
    expect(rendered).toBe(0);
    expect(result.ok && result.files.every(({ outcome }) => outcome === "unchanged")).toBe(true);
  });

  test("renders again what was edited in dist/", async () => {
    const folder = memoryFolder();
    await run(sealed, folder, { cache: openCache() });
    const before = texts(folder);
    for (const [path, text] of Object.entries(before)) {
      folder.files.set(path, { text: `${text}# edited\n`, modifiedMs: 0 });
    }
    await run(sealed, folder, { cache: openCache() });
    expect(texts(folder)).toEqual(before);
  });

  test("still says that a key is lost", async () => {
    const folder = memoryFolder();
    await run(sealed, folder, { cache: openCache() });
    const { result } = await run(sealed, folder, { cache: openCache(), identities: [secondIdentity] });
    expect(result.ok ? [] : result.problems.map(({ code }) => code)).toEqual(["E_NO_IDENTITY"]);
  });

  test("keeps placeholders and secrets apart", async () => {
    const folder = memoryFolder();
    await run(sealed, folder, { cache: openCache(), withSecrets: false });
    const placeholders = texts(folder);
    await run(sealed, folder, { cache: openCache() });
    expect(texts(folder)).not.toEqual(placeholders);
    await run(sealed, folder, { cache: openCache(), withSecrets: false });
    expect(texts(folder)).toEqual(placeholders);
  });

  test("keeps what it knows of units that a selection leaves out", async () => {
    const folder = memoryFolder();
    await run(sealed, folder, { cache: openCache() });
    await run(sealed, folder, { cache: openCache(), selection: { services: ["acme/web-01"] } });
    expect((await run(sealed, folder, { cache: openCache() })).rendered).toBe(0);
  });

  test("gives the same as a run without memory, over random edits of definitions and dist/", async () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant("message" as const), value: fc.constantFrom("a", "b", "yes", "0X1f") }),
      fc.record({
        what: fc.constant("domain" as const),
        value: fc.constantFrom("one.example.com", "two.example.com"),
      }),
      fc.record({
        what: fc.constant("version" as const),
        value: fc.constantFrom("v1.35.8+k3s1", "v1.33.4+k3s1"),
      }),
      fc.record({ what: fc.constant("quota" as const), value: fc.constantFrom("4", "6") }),
      fc.record({ what: fc.constant("template" as const), value: fc.constantFrom("web", "other") }),
      fc.record({ what: fc.constant("service" as const), value: fc.constantFrom("add", "remove") }),
      fc.record({ what: fc.constant("tamper" as const), value: fc.nat({ max: 3 }).map(String) }),
      fc.record({ what: fc.constant("delete" as const), value: fc.nat({ max: 3 }).map(String) }),
      fc.record({ what: fc.constant("secrets" as const), value: fc.constantFrom("with", "without") }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        rmSync(join(root, ".woow"), { recursive: true, force: true });
        const remembered = memoryFolder();
        let files = { ...sealed };
        let withSecrets = true;
        for (const { what, value } of steps) {
          const [path] = [...remembered.files.keys()].sort().slice(Number(value) || 0);
          const set = (file: string, pattern: RegExp, text: string): void => {
            files = { ...files, [file]: (files[file] ?? "").replace(pattern, text) };
          };
          if (what === "message") {
            set(
              "workspaces/acme/web-01.yaml",
              /\nraw_values:[^]*$|$/,
              `\nraw_values:\n  message: "${value}"\n`,
            );
          } else if (what === "domain") set("platform.yaml", /^domain: .*$/m, `domain: ${value}`);
          else if (what === "version") set("platform.yaml", /k3s_version: .*/, `k3s_version: ${value}`);
          else if (what === "quota") {
            set("workspaces/acme/workspace.yaml", /\nquota:.*|$/, `\nquota: { vcpu: ${value} }`);
          } else if (what === "template") set("catalog/web.yaml", /chart_name: .*/, `chart_name: ${value}`);
          else if (what === "service" && value === "add") {
            files = { ...files, "workspaces/acme/web-02.yaml": files["workspaces/acme/web-01.yaml"] ?? "" };
            set("workspaces/acme/web-02.yaml", /^subdomain: .*\n/m, "");
          } else if (what === "service") delete files["workspaces/acme/web-02.yaml"];
          else if (what === "secrets") withSecrets = value === "with";
          else if (path !== undefined && what === "delete") remembered.files.delete(path);
          else if (path !== undefined) {
            const text = remembered.files.get(path)?.text;
            remembered.files.set(path, { text: text?.replace(/kind: \w/, "kind: X"), modifiedMs: 0 });
          }
          const plain = memoryFolder();
          const expected = await run(files, plain, { withSecrets });
          const actual = await run(files, remembered, { withSecrets, cache: openCache() });
          expect(actual.result.ok).toBe(expected.result.ok);
          if (expected.result.ok) expect(texts(remembered)).toEqual(texts(plain));
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

describe("the cache on disk", () => {
  const fill = async (): Promise<MemoryFolder> => {
    const folder = memoryFolder();
    await run(sealed, folder, { cache: openCache() });
    return folder;
  };

  test("holds no secret and no definition, and only its owner reads it", async () => {
    await fill();
    const files = [join(root, cachePath), join(root, "dist", cacheKeyName)];
    const text = files.map((file) => readFileSync(file, "utf8")).join("\n");
    expect(text).not.toContain(madeUpPassword);
    expect(text).not.toContain(Buffer.from(madeUpPassword).toString("base64").slice(0, 12));
    expect(text).not.toContain("ENC[");
    for (const file of files) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(root, ".woow", "cache"))).toEqual(["synth.json"]);
  });

  test("knows nothing after another build, without its key, or damaged", async () => {
    const folder = await fill();
    const path = join(root, cachePath);
    const [file = ""] = folder.files.keys();
    const text = readFileSync(path, "utf8");
    expect(openCache().find(file)).toBeDefined();
    expect(openCache("other-build").find(file)).toBeUndefined();
    for (const damaged of [
      "",
      "{",
      "null",
      "[]",
      '{"build":1}',
      text.slice(0, -20),
      text.replaceAll("[", "{"),
    ]) {
      writeFileSync(path, damaged);
      expect(openCache().find(file), damaged.slice(0, 20)).toBeUndefined();
    }
    writeFileSync(path, text);
    expect(openCache().find(file)).toBeDefined();
    writeFileSync(join(root, "dist", cacheKeyName), Buffer.alloc(32, 7).toString("base64"));
    expect(openCache().find(file)).toBeUndefined();
    rmSync(join(root, "dist", cacheKeyName));
    expect(openCache().find(file)).toBeUndefined();
  });

  test("signs under a key of its own in every repository", () => {
    const other = openSynthCache({ root: join(root, "b"), target: join(root, "b", "dist"), build });
    expect(openCache().sign("made-up-password-1")).not.toBe(other.sign("made-up-password-1"));
  });

  test("that cannot be written is no error", async () => {
    writeFileSync(join(root, ".woow"), "a file where a folder should be");
    chmodSync(join(root, ".woow"), 0o400);
    const { result } = await run(sealed, memoryFolder(), { cache: openCache() });
    expect(result.ok).toBe(true);
  });
});

test("the definitions of this test are valid after an edit", async () => {
  const files = edit(sealed, "platform.yaml", ["apps.example.com", "one.example.com"]);
  expect((await run(files, memoryFolder(), {})).result.ok).toBe(true);
});
