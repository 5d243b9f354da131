import { beforeAll, describe, expect, test } from "vitest";
import type { RenderCache, RenderRecord } from "../../src/manifests/render-cache.ts";
import { secretPlaceholder } from "../../src/operations/open-secrets.ts";
import { everything } from "../../src/operations/select-units.ts";
import type { Selection } from "../../src/operations/select-units.ts";
import { synth } from "../../src/operations/synth.ts";
import type { SynthResult } from "../../src/operations/synth.ts";
import type { AgeIdentity } from "../../src/secrets/age-identity.ts";
import { identity, secondIdentity } from "../secrets/fixtures.ts";
import { append, edit, lineOf, madeUpPassword, samplePlatform, sealedService } from "../support/builders.ts";
import { web } from "../support/bad-input-cases.ts";
import { memoryFolder, memoryTree } from "../support/memory-tree.ts";
import type { Files, MemoryFolder } from "../support/memory-tree.ts";

const database = "workspaces/acme/db-01.yaml";
const sample = samplePlatform();
let sealed: Record<string, string>;

beforeAll(async () => {
  sealed = {
    ...sample,
    "workspaces/rival/workspace.yaml": "kind: Workspace\nname: Rival\n",
    [database]: await sealedService("acme/db-01"),
  };
});

interface Run {
  readonly folder?: MemoryFolder;
  readonly selection?: Partial<Selection>;
  readonly withSecrets?: boolean;
  readonly identities?: readonly AgeIdentity[];
  readonly cache?: RenderCache;
}

async function run(files: Files, options: Run = {}): Promise<{ result: SynthResult; folder: MemoryFolder }> {
  const {
    folder = memoryFolder(),
    selection = {},
    withSecrets = true,
    identities = [identity],
    cache,
  } = options;
  const deps = {
    tree: memoryTree(files),
    folder,
    cache,
    identities: () => identities,
    progress: () => undefined,
  };
  const result = await synth(deps, { selection: { ...everything, ...selection }, withSecrets });
  return { result, folder };
}

function problemsOf(result: SynthResult): readonly string[] {
  return result.problems.map(({ code, file, line }) => `${code} ${file}:${line}`);
}

function outcomesOf(result: SynthResult): Record<string, string> {
  if (!result.ok) throw new Error(problemsOf(result).join("\n"));
  return Object.fromEntries(result.files.map(({ path, outcome }) => [path, outcome]));
}

function textsOf(folder: MemoryFolder): Record<string, string | undefined> {
  return Object.fromEntries([...folder.files].map(([path, { text }]) => [path, text]));
}

describe("secrets", () => {
  const valuesOf = (folder: MemoryFolder): string => {
    const text = folder.files.get("default/paas-2-ws-acme-db-01.yaml")?.text ?? "";
    return Buffer.from(/values\.yaml: ([A-Za-z0-9+/=]+)/.exec(text)?.[1] ?? "", "base64").toString("utf8");
  };

  test("stand in the values Secret and nowhere else", async () => {
    const { folder } = await run(sealed);
    expect(valuesOf(folder)).toContain(`password: ${madeUpPassword}`);
    for (const { text } of folder.files.values()) expect(text).not.toContain(madeUpPassword);
  });

  test("without them placeholders stand there, and no key is asked for", async () => {
    const folder = memoryFolder();
    const deps = {
      tree: memoryTree(sealed),
      folder,
      identities: () => {
        throw new Error("asked for a key");
      },
      progress: () => undefined,
    };
    const result = await synth(deps, { selection: everything, withSecrets: false });
    expect(result.ok).toBe(true);
    expect(valuesOf(folder)).toContain(`password: ${secretPlaceholder}`);
  });

  test("a platform without secrets asks for no key", async () => {
    const deps = {
      tree: memoryTree(sample),
      folder: memoryFolder(),
      identities: () => {
        throw new Error("asked for a key");
      },
      progress: () => undefined,
    };
    expect((await synth(deps, { selection: everything, withSecrets: true })).ok).toBe(true);
  });

  const refused = async (files: Files, identities: readonly AgeIdentity[] = [identity]) => {
    const folder = memoryFolder();
    const { result } = await run(files, { folder, identities });
    expect(result.ok).toBe(false);
    expect([...folder.files.keys()]).toEqual([]);
    expect(JSON.stringify(result)).not.toContain(madeUpPassword);
    return problemsOf(result);
  };

  test("a block copied from another tenant is refused", async () => {
    const copy = "workspaces/rival/db-01.yaml";
    const files = { ...sealed, [copy]: sealed[database] ?? "" };
    const [problem, ...more] = await refused(files);
    expect(problem).toMatch(new RegExp(`^E_BIND_MISMATCH ${copy}:`));
    expect(more).toEqual([]);
  });

  test("a key that opens nothing, and none at all", async () => {
    const place = new RegExp(`^E_NO_IDENTITY ${database}:`);
    expect(await refused(sealed, [secondIdentity])).toEqual([expect.stringMatching(place)]);
    expect(await refused(sealed, [])).toEqual([expect.stringMatching(place)]);
  });

  test("a flipped byte in the value, in the code over all values, in the wrapped key", async () => {
    const flip = (pattern: RegExp): Record<string, string> => {
      const text = sealed[database] ?? "";
      const at = pattern.exec(text)?.indices?.[1]?.[0];
      if (at === undefined) throw new Error(`no ${pattern}`);
      return {
        ...sealed,
        [database]: text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1),
      };
    };
    const line = (text: string) => `${database}:${lineOf(sealed, database, text)}`;
    expect(await refused(flip(/auth\.password: ENC\[AES256_GCM,data:(.)/d))).toEqual([
      `E_VALUE_TAMPERED ${line("auth.password")}`,
    ]);
    expect(await refused(flip(/mac: ENC\[AES256_GCM,data:(.)/d))).toEqual([
      expect.stringMatching(new RegExp(`^E_MAC_MISMATCH ${database}:`)),
    ]);
    expect(await refused(flip(/\n +([A-Za-z0-9+/])\S*\n +-----END AGE/d))).toEqual([
      expect.stringMatching(new RegExp(`^E_DATA_KEY_TAMPERED ${database}:`)),
    ]);
  });

  test("every service with unusable secrets is named, and nothing is written", async () => {
    const second = "workspaces/acme/db-02.yaml";
    const files = { ...sealed, [second]: sealed[database] ?? "", [database]: sealed[database] ?? "" };
    expect(await refused(files, [])).toHaveLength(2);
  });

  test("what is forbidden in raw_values cannot hide in a secret", async () => {
    const { seal, textOf } = await import("../secrets/fixtures.ts");
    const hidden = textOf(
      await seal(sample[web] ?? "", { bind: "acme/web-01", set: { "a.targetNamespace": "kube-system" } }),
    );
    expect(await refused({ ...sealed, [web]: hidden })).toEqual([
      expect.stringMatching(new RegExp(`^isolation-value ${web}:`)),
    ]);
    const template = textOf(
      await seal(sample[web] ?? "", {
        bind: "acme/web-01",
        set: { note: '{{ lookup "v1" "Secret" "" "" }}' },
      }),
    );
    expect(await refused({ ...sealed, [web]: template })).toEqual([
      expect.stringMatching(new RegExp(`^isolation-value ${web}:`)),
    ]);
  });
});

describe("dist/", () => {
  test("is all or nothing: one problem anywhere and no file is touched", async () => {
    const { folder } = await run(sealed);
    const before = textsOf(folder);
    const wrong = append(
      edit(sealed, web, ["name: Shop", "name: Store"]),
      "workspaces/rival/workspace.yaml",
      "a: 1\n",
    );
    const { result } = await run(wrong, { folder });
    expect(result.ok).toBe(false);
    expect(textsOf(folder)).toEqual(before);
  });

  test("a second run changes nothing, an edit one file", async () => {
    const { folder } = await run(sealed);
    const again = outcomesOf((await run(sealed, { folder })).result);
    expect(new Set(Object.values(again))).toEqual(new Set(["unchanged"]));
    const edited = outcomesOf(
      (await run(append(sealed, web, "resources: { vcpu: 2 }\n"), { folder })).result,
    );
    expect(Object.entries(edited).filter(([, outcome]) => outcome !== "unchanged")).toEqual([
      ["default/paas-2-ws-acme-web-01.yaml", "configured"],
    ]);
  });

  test("a unit that is gone from git goes, foreign files stay", async () => {
    const foreign = {
      "default/paas-2-ws-acme-mine.yaml": "kind: ConfigMap\n",
      "default/paas-2-ws-acme-link.yaml": undefined,
      "default/notes.yaml": "# mine",
    };
    const folder = memoryFolder(foreign);
    await run(sealed, { folder });
    const { [database]: _, ...rest } = sealed;
    const outcomes = outcomesOf((await run(rest, { folder })).result);
    expect(Object.entries(outcomes).filter(([, outcome]) => outcome === "pruned")).toEqual([
      ["default/paas-2-ws-acme-db-01.yaml", "pruned"],
    ]);
    expect(textsOf(folder)).toMatchObject(foreign);
    expect(folder.files.has("default/paas-2-ws-acme-db-01.yaml")).toBe(false);
  });

  test("a cluster that is gone takes its files along", async () => {
    const folder = memoryFolder();
    const two = append(
      append(sealed, "platform.yaml", "  eu: { k3s_version: v1.35.8+k3s1, node_cidrs: [] }\n"),
      "workspaces/rival/workspace.yaml",
      "cluster: eu\n",
    );
    await run(two, { folder });
    expect([...folder.files.keys()]).toContain("eu/paas-1-ws-rival.yaml");
    await run(sealed, { folder });
    expect([...folder.files.keys()].filter((path) => path.startsWith("eu/"))).toEqual([]);
  });

  test("a foreign file in a unit's place stops the run before anything is written", async () => {
    const path = "default/paas-2-ws-acme-web-01.yaml";
    const folder = memoryFolder({ [path]: "kind: ConfigMap\n" });
    await expect(run(sealed, { folder })).rejects.toMatchObject({ code: "foreign-file", subject: path });
    expect(textsOf(folder)).toEqual({ [path]: "kind: ConfigMap\n" });
  });
});

describe("a run that remembers an earlier one", () => {
  const memory = (): RenderCache => {
    let records: ReadonlyMap<string, RenderRecord> = new Map();
    return {
      find: (path) => records.get(path),
      sign: (text) => text,
      save: (all) => {
        records = all;
      },
    };
  };
  const chart = {
    "charts/mine/Chart.yaml": "apiVersion: v2\nname: mine\nversion: 0.1.0\n",
    "charts/mine/values.yaml": "a: 1\n",
    "catalog/mine.yaml":
      'kind: CloudAppTemplate\nname: Mine\ndescription: x\ncategory: web\nhelm_chart:\n  { repository: "file:charts", chart_name: mine, chart_version: "0.1.0" }\n',
    "workspaces/rival/mine.yaml":
      'kind: CloudService\ntemplate_id: mine\nname: Mine\nchart_version: "0.1.0"\nsubdomain: mine\n',
  };

  test.each<readonly [string, string, readonly [string, string]]>([
    ["the template's repository", "catalog/web.yaml", ["charts.example.com", "other.example.com"]],
    ["the chart's name", "catalog/web.yaml", ["chart_name: web", "chart_name: web2"]],
    ["the template's default_values", "catalog/web.yaml", ['fullnameOverride: "{release_name}"', "a: 1"]],
    ["a default of a spec", "catalog/web.yaml", ["default_value: blue", "default_value: green"]],
    [
      "the template's Service",
      "catalog/web.yaml",
      ["default_port: 8080", 'default_port: 8080\nservice_name: "x"'],
    ],
    ["the template's port", "catalog/web.yaml", ["default_port: 8080", "default_port: 8081"]],
    ["a file of a chart of one's own", "charts/mine/values.yaml", ["a: 1", "a: 2"]],
    ["the service's version", web, ['"1.2.3"', '"1.2.4"']],
    ["the service's host", web, ["subdomain: shop", "subdomain: store"]],
    ["the platform's domain", "platform.yaml", ["apps.example.com", "apps.example.org"]],
    ["the issuer", "platform.yaml", ["letsencrypt-staging", "letsencrypt-prod"]],
    ["the cluster's K3s", "platform.yaml", ["v1.35.8", "v1.34.8"]],
    ["the nodes' addresses", "platform.yaml", ["192.0.2.0/28", "192.0.2.0/27"]],
    ["a member", "workspaces/acme/workspace.yaml", ["role: owner", "role: viewer"]],
    ["the platform's name", "platform.yaml", ["test-platform", "other-platform"]],
  ])("sees an edit of %s", async (_, path, change) => {
    const files = { ...sealed, ...chart };
    const folder = memoryFolder();
    const cache = memory();
    await run(files, { folder, cache });
    const again = await run(files, { folder, cache });
    expect(new Set(Object.values(outcomesOf(again.result)))).toEqual(new Set(["unchanged"]));
    const edited = edit(files, path, change);
    const remembered = await run(edited, { folder, cache });
    const fresh = await run(edited);
    expect(remembered.result.ok).toBe(true);
    expect(textsOf(folder)).toEqual(textsOf(fresh.folder));
    expect(Object.values(outcomesOf(remembered.result))).toContain("configured");
  });

  test("sees a file that somebody edited, and one that is gone", async () => {
    const folder = memoryFolder();
    const cache = memory();
    await run(sealed, { folder, cache });
    const wanted = textsOf(folder);
    const path = "default/paas-1-ws-acme.yaml";
    folder.files.set(path, { text: `${wanted[path] ?? ""}# edited\n`, modifiedMs: 0 });
    folder.files.delete("default/paas-2-ws-acme-web-01.yaml");
    expect((await run(sealed, { folder, cache })).result.ok).toBe(true);
    expect(textsOf(folder)).toEqual(wanted);
  });

  test("does not take placeholders for secrets, nor the other way round", async () => {
    const folder = memoryFolder();
    const cache = memory();
    await run(sealed, { folder, cache, withSecrets: false });
    await run(sealed, { folder, cache });
    expect(textsOf(folder)).toEqual(textsOf((await run(sealed)).folder));
    await run(sealed, { folder, cache, withSecrets: false });
    expect(textsOf(folder)).toEqual(textsOf((await run(sealed, { withSecrets: false })).folder));
  });

  test("without the key says so, although it knows what came out", async () => {
    const folder = memoryFolder();
    const cache = memory();
    await run(sealed, { folder, cache });
    const { result } = await run(sealed, { folder, cache, identities: [secondIdentity] });
    expect(problemsOf(result)).toEqual([expect.stringMatching(/^E_NO_IDENTITY /)]);
  });
});

describe("a selection", () => {
  test("writes what it names and missing prerequisites, prunes nothing outside", async () => {
    const { folder } = await run(sealed);
    const { [database]: _, [web]: __, ...rest } = sealed;
    const edited = edit(
      append(rest, "workspaces/rival/web-01.yaml", (sealed[web] ?? "").replace("shop", "rival")),
      "platform.yaml",
      ["letsencrypt-staging", "letsencrypt-prod"],
    );
    const outcomes = outcomesOf((await run(edited, { folder, selection: { workspaces: ["rival"] } })).result);
    expect(outcomes).toEqual({
      "default/paas-1-ws-rival.yaml": "configured",
      "default/paas-2-ws-rival-web-01.yaml": "created",
    });
    expect([...folder.files.keys()]).toContain("default/paas-2-ws-acme-web-01.yaml");
  });

  test("prunes inside itself", async () => {
    const { folder } = await run(sealed);
    const { [database]: _, ...rest } = sealed;
    const outcomes = outcomesOf((await run(rest, { folder, selection: { workspaces: ["acme"] } })).result);
    expect(outcomes["default/paas-2-ws-acme-db-01.yaml"]).toBe("pruned");
  });

  test("of one service writes its prerequisites only where they are missing", async () => {
    const first = await run(sealed, { selection: { services: ["acme/web-01"] } });
    expect(outcomesOf(first.result)).toEqual({
      "default/paas-0-platform.yaml": "created",
      "default/paas-1-ws-acme.yaml": "created",
      "default/paas-2-ws-acme-web-01.yaml": "created",
    });
    const again = await run(sealed, { folder: first.folder, selection: { services: ["acme/web-01"] } });
    expect(outcomesOf(again.result)).toEqual({ "default/paas-2-ws-acme-web-01.yaml": "unchanged" });
  });

  test.each([
    [{ workspaces: ["acmee"] }, "acmee"],
    [{ services: ["acme/web-1"] }, "acme/web-1"],
    [{ clusters: ["defualt"] }, "defualt"],
  ])("of what is not defined is refused: %o", async (selection, subject) => {
    const folder = memoryFolder();
    await expect(run(sealed, { folder, selection })).rejects.toMatchObject({ code: "not-found", subject });
    expect(folder.files.size).toBe(0);
  });
});

describe("the same input gives the same bytes", () => {
  test("whatever order the entries and the keys of a map in memory come in", async () => {
    const { folder } = await run(sealed);
    const reversed = Object.fromEntries(Object.entries(sealed).reverse());
    const tree = memoryTree(reversed);
    const shuffled = { ...tree, entries: [...tree.entries].reverse() };
    const other = memoryFolder();
    const deps = { tree: shuffled, folder: other, identities: () => [identity], progress: () => undefined };
    await synth(deps, { selection: everything, withSecrets: true });
    expect(textsOf(other)).toEqual(textsOf(folder));
  });

  test("an edit of one workspace leaves every other one's file alone", async () => {
    const { folder } = await run(sealed);
    const before = textsOf(folder);
    await run(append(sealed, "workspaces/rival/workspace.yaml", "quota: { vcpu: 4 }\n"), { folder });
    const changed = Object.entries(textsOf(folder)).filter(([path, text]) => before[path] !== text);
    expect(changed.map(([path]) => path)).toEqual(["default/paas-1-ws-rival.yaml"]);
  });
});
