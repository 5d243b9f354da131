import { beforeAll, describe, expect, test } from "vitest";
import { readHeader, writeHeader } from "../../src/manifests/header.ts";
import { publishManifests, tombstoneMinAgeMs } from "../../src/operations/publish-manifests.ts";
import type { PublishResult } from "../../src/operations/publish-manifests.ts";
import { everything } from "../../src/operations/select-units.ts";
import type { Selection } from "../../src/operations/select-units.ts";
import { identity } from "../secrets/fixtures.ts";
import { append, samplePlatform, sealedService } from "../support/builders.ts";
import { memoryFolder, memoryTree } from "../support/memory-tree.ts";
import type { Files, MemoryFolder } from "../support/memory-tree.ts";

const shop = "paas-2-ws-acme-web-01.yaml";
const orders = "paas-2-ws-acme-db-01.yaml";
const acme = "paas-1-ws-acme.yaml";
const rival = "paas-1-ws-rival.yaml";
const startMs = 1_000_000;
let files: Record<string, string>;

beforeAll(async () => {
  files = {
    ...samplePlatform(),
    "workspaces/rival/workspace.yaml": "kind: Workspace\nname: Rival\n",
    "workspaces/acme/db-01.yaml": await sealedService("acme/db-01"),
  };
});

interface Run {
  readonly nowMs?: number;
  readonly removeUnits?: readonly string[];
  readonly selection?: Partial<Selection>;
}

function publish(definitions: Files, folder: MemoryFolder, options: Run = {}): Promise<PublishResult> {
  const { nowMs = startMs, removeUnits = [], selection = {} } = options;
  return publishManifests(
    { tree: memoryTree(definitions), folder, identities: () => [identity], progress: () => undefined, nowMs },
    { selection: { ...everything, ...selection }, removeUnits },
  );
}

/** A directory after a first run. */
async function published(): Promise<MemoryFolder> {
  const folder = memoryFolder({}, { nowMs: () => startMs });
  expect((await publish(files, folder)).ok).toBe(true);
  return folder;
}

function without(...paths: readonly string[]): Files {
  return Object.fromEntries(Object.entries(files).filter(([path]) => !paths.includes(path)));
}

function changesOf(result: PublishResult): Record<string, string> {
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const changed = result.files.filter(({ outcome }) => outcome !== "unchanged");
  return Object.fromEntries(changed.map(({ path, outcome }) => [path, outcome]));
}

const textOf = (folder: MemoryFolder, path: string): string => folder.files.get(path)?.text ?? "";
const snapshot = (folder: MemoryFolder) => new Map([...folder.files].map(([path, { text }]) => [path, text]));

test("file names have one dot, and their order is the order of dependency", async () => {
  const names = [...(await published()).files.keys()].sort();
  expect(names).toEqual(["paas-0-platform.yaml", acme, rival, orders, shop]);
  for (const name of names) expect(name.split(".")).toHaveLength(2);
});

test("a second run changes nothing", async () => {
  const folder = await published();
  expect(changesOf(await publish(files, folder))).toEqual({});
});

describe("a unit that is gone from git", () => {
  test("stays as it is when nobody names it", async () => {
    const folder = await published();
    const before = snapshot(folder);
    const result = await publish(without("workspaces/acme/db-01.yaml"), folder);
    expect(changesOf(result)).toEqual({ [orders]: "kept" });
    expect(snapshot(folder)).toEqual(before);
  });

  test("becomes a file of comments when it is named, and the file goes once K3s had time to read it", async () => {
    const folder = await published();
    const gone = without("workspaces/acme/db-01.yaml");
    const removed = await publish(gone, folder, { removeUnits: ["acme/db-01"] });
    expect(changesOf(removed)).toEqual({ [orders]: "tombstoned" });
    const lines = textOf(folder, orders).trimEnd().split("\n");
    expect(lines.every((line) => line.startsWith("#"))).toBe(true);
    expect(readHeader(textOf(folder, orders))).toMatchObject({ unit: "acme/db-01", tombstone: true });

    const soon = await publish(gone, folder, { nowMs: startMs + tombstoneMinAgeMs - 1 });
    expect(changesOf(soon)).toEqual({ [orders]: "waiting" });
    expect(folder.files.has(orders)).toBe(true);
    const later = await publish(gone, folder, { nowMs: startMs + tombstoneMinAgeMs });
    expect(changesOf(later)).toEqual({ [orders]: "swept" });
    expect(folder.files.has(orders)).toBe(false);
  });

  test("that comes back takes its tombstone's place", async () => {
    const folder = await published();
    const before = textOf(folder, orders);
    await publish(without("workspaces/acme/db-01.yaml"), folder, { removeUnits: ["acme/db-01"] });
    expect(changesOf(await publish(files, folder))).toEqual({ [orders]: "configured" });
    expect(textOf(folder, orders)).toBe(before);
  });

  test("named twice or named again while its tombstone waits is no error", async () => {
    const folder = await published();
    const gone = without("workspaces/acme/db-01.yaml");
    const removeUnits = ["acme/db-01", "acme/db-01"];
    expect(changesOf(await publish(gone, folder, { removeUnits }))).toEqual({ [orders]: "tombstoned" });
    expect(changesOf(await publish(gone, folder, { removeUnits }))).toEqual({ [orders]: "waiting" });
  });

  test("is not removed while git still defines it, nor when nobody knows it", async () => {
    const folder = await published();
    const before = snapshot(folder);
    for (const unit of ["acme/db-01", "acme", "platform", "acme/nothing", "nobody"]) {
      await expect(publish(files, folder, { removeUnits: [unit] })).rejects.toMatchObject({
        code: "usage",
        subject: unit,
      });
    }
    expect(snapshot(folder)).toEqual(before);
  });

  test("a workspace goes only after its services", async () => {
    const folder = await published();
    const paths = Object.keys(files).filter((path) => path.startsWith("workspaces/acme/"));
    const gone = without(...paths);
    await expect(publish(gone, folder, { removeUnits: ["acme"] })).rejects.toMatchObject({ code: "usage" });
    const together = ["acme", "acme/db-01", "acme/web-01"];
    await expect(publish(gone, folder, { removeUnits: together })).rejects.toMatchObject({ code: "usage" });
    const services = await publish(gone, folder, { removeUnits: ["acme/db-01", "acme/web-01"] });
    expect(changesOf(services)).toEqual({ [acme]: "kept", [orders]: "tombstoned", [shop]: "tombstoned" });
    const workspace = await publish(gone, folder, { removeUnits: ["acme"] });
    expect(changesOf(workspace)).toMatchObject({ [acme]: "tombstoned" });
  });

  test("outside the selection is not spoken of", async () => {
    const folder = await published();
    const gone = without("workspaces/acme/db-01.yaml");
    expect(changesOf(await publish(gone, folder, { selection: { workspaces: ["rival"] } }))).toEqual({});
  });
});

describe("a file that is not ours", () => {
  const foreign = "# somebody's\nkind: ConfigMap\n";
  const otherPlatform = writeHeader({ platform: "other", unit: "acme/web-01", tombstone: false });

  test.each([
    ["without our header", foreign],
    ["of another platform", otherPlatform],
    ["that cannot be read or is a link", undefined],
  ])("%s in a unit's place stops the run before anything is written", async (_, text) => {
    const folder = memoryFolder({ [shop]: text });
    await expect(publish(files, folder)).rejects.toMatchObject({ code: "foreign-file", subject: shop });
    expect(snapshot(folder)).toEqual(new Map([[shop, text]]));
  });

  test("in no unit's place is left alone, and never removed", async () => {
    const others = {
      "paas-2-ws-acme-mine.yaml": foreign,
      "paas-2-ws-acme-theirs.yaml": otherPlatform,
      "traefik.yaml": foreign,
    };
    const folder = memoryFolder(others);
    await publish(files, folder);
    for (const [path, text] of Object.entries(others)) expect(textOf(folder, path)).toBe(text);
    await expect(publish(files, folder, { removeUnits: ["acme/theirs"] })).rejects.toMatchObject({
      code: "usage",
    });
  });
});

describe("nothing is written", () => {
  test("when any definition has a problem", async () => {
    const folder = memoryFolder();
    const result = await publish(append(files, "workspaces/rival/workspace.yaml", "a: 1\n"), folder);
    expect(result).toMatchObject({ ok: false, problems: [{ code: "unknown-key" }] });
    expect(folder.files.size).toBe(0);
  });

  test("when a file cannot be read: it never looks like a deletion", async () => {
    const folder = await published();
    const before = snapshot(folder);
    const broken = { ...files, "workspaces/acme/db-01.yaml": "\t" };
    expect(await publish(broken, folder, { removeUnits: ["acme/db-01"] })).toMatchObject({ ok: false });
    expect(snapshot(folder)).toEqual(before);
  });

  test("when the platform has several clusters and none is named", async () => {
    const two = append(files, "platform.yaml", "  eu: { k3s_version: v1.35.8+k3s1, node_cidrs: [] }\n");
    const folder = memoryFolder();
    await expect(publish(two, folder)).rejects.toMatchObject({ code: "usage" });
    expect(folder.files.size).toBe(0);
    expect((await publish(two, folder, { selection: { clusters: ["default"] } })).ok).toBe(true);
    expect([...folder.files.keys()]).toContain(shop);
  });
});

test("a workspace that moved to another cluster is kept here, not removed", async () => {
  const folder = await published();
  const moved = append(
    append(files, "platform.yaml", "  eu: { k3s_version: v1.35.8+k3s1, node_cidrs: [] }\n"),
    "workspaces/rival/workspace.yaml",
    "cluster: eu\n",
  );
  const result = await publish(moved, folder, { selection: { clusters: ["default"] } });
  expect(changesOf(result)).toEqual({ [rival]: "kept" });
});
