import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { packageChart } from "../../src/manifests/package-chart.ts";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { writeLockText } from "../../src/operations/catalog/lock/write-lock-text.ts";
import type { LockEntry } from "../../src/operations/catalog/lock/make-lock.ts";
import { everything } from "../../src/operations/select-units.ts";
import { synth } from "../../src/operations/synth.ts";
import type { SynthResult } from "../../src/operations/synth.ts";
import { validatePlatform } from "../../src/operations/validate-platform.ts";
import { openDefinitionTree } from "../../src/edges/definition-files.ts";
import { tempPlatform } from "../support/temp-platform.ts";
import { append, samplePlatform } from "../support/builders.ts";
import { memoryFolder, memoryTree } from "../support/memory-tree.ts";
import type { Files } from "../support/memory-tree.ts";

const bytes = new TextEncoder().encode("made-up packed chart");
const sha256 = createHash("sha256").update(bytes).digest("hex");
const locked = `charts/.verified/${sha256}.tgz`;

/** The sample platform with `charts: verified` and a lock file with an entry for every chart, as a test has them. */
function verified(change: (entry: LockEntry) => LockEntry | undefined, more: Files = {}): Files {
  const files = append(samplePlatform(), "platform.yaml", "charts: verified\n");
  const { platform } = loadPlatform(memoryTree(samplePlatform()));
  const entries = [...(platform?.templates.values() ?? [])].flatMap(({ id, chart }) => {
    const { repository, name, version } = chart;
    const entry = { chart: name, version, repository, sha256, delivery: "content" as const };
    return change({ ...entry, templates: [id], images: [] }) ?? [];
  });
  return { ...files, "catalog.lock.yaml": writeLockText(entries), ...more };
}

async function render(files: Files): Promise<{ readonly result: SynthResult; readonly text: string }> {
  const folder = memoryFolder();
  const deps = { tree: memoryTree(files), folder, identities: () => [], progress: () => undefined };
  const result = await synth(deps, { selection: everything, withSecrets: false });
  return { result, text: [...folder.files.values()].map(({ text = "" }) => text).join("\n") };
}

const codes = ({ result }: { readonly result: SynthResult }) =>
  result.problems.filter(({ severity }) => severity === "error").map(({ code, file }) => `${code} ${file}`);

test("the verified bytes stand in the HelmChart, and no repository it could be had from", async () => {
  const { result, text } = await render(verified((entry) => entry, { [locked]: bytes }));
  expect(result.ok).toBe(true);
  expect(text).toContain(`chartContent: ${Buffer.from(bytes).toString("base64")}`);
  expect(text).not.toMatch(/^ {2}repo: /m);
});

test("with charts: any the same lock file changes nothing", async () => {
  const files = verified((entry) => entry, { [locked]: bytes });
  const any = await render({ ...files, "platform.yaml": samplePlatform()["platform.yaml"] ?? "" });
  expect(any.text).toBe((await render(samplePlatform())).text);
});

test("with digests only the chart job downloads by itself", async () => {
  const { text } = await render(verified((entry) => ({ ...entry, delivery: "download" })));
  expect(text).not.toContain("chartContent");
});

test("a chart that is not in the lock file is written into no manifest", async () => {
  const run = await render(
    verified((entry) => (entry.templates.includes("web") ? undefined : entry), { [locked]: bytes }),
  );
  expect(run.text).toBe("");
  expect(new Set(codes(run))).toEqual(new Set(["bad-chart workspaces/acme/web-01.yaml"]));
});

test("validate says of a chart that is not in the lock file what synth says, also beside a broken service", async () => {
  const files = verified((entry) => (entry.templates.includes("web") ? undefined : entry), {
    [locked]: bytes,
  });
  const { ok, problems } = await validatePlatform(memoryTree(files));
  expect(ok).toBe(false);
  expect(problems).toEqual((await render(files)).result.problems);
  expect(problems).toContainEqual(
    expect.objectContaining({
      code: "bad-chart",
      file: "workspaces/acme/web-01.yaml",
      hint: expect.stringContaining("woow catalog verify --write-lock") as string,
    }),
  );
  const broken = { ...files, "workspaces/acme/broken-01.yaml": "kind: CloudService\n" };
  const found = (await validatePlatform(memoryTree(broken))).problems.map(
    ({ file, code }) => `${code} ${file}`,
  );
  expect(found).toContain("bad-chart workspaces/acme/web-01.yaml");
  const any = await validatePlatform(memoryTree(samplePlatform()));
  expect(any).toMatchObject({ ok: true, problems: [] });
});

test("bytes that are missing are a problem of the lock file, bytes that were changed one of their own", async () => {
  expect(new Set(codes(await render(verified((entry) => entry))))).toEqual(
    new Set(["bad-chart catalog.lock.yaml"]),
  );
  const other = new TextEncoder().encode("other");
  expect(codes(await render(verified((entry) => entry, { [locked]: other })))).toContain(
    `bad-chart ${locked}`,
  );
});

test("a lock file that names a chart twice, and one with another shape, are problems", async () => {
  const files = verified((entry) => entry, { [locked]: bytes });
  const text = String(files["catalog.lock.yaml"]);
  const [, entries = ""] = text.split("charts:\n");
  expect(codes(await render({ ...files, "catalog.lock.yaml": `${text}${entries}` }))).toContain(
    "conflicting-values catalog.lock.yaml",
  );
  const short = text.replaceAll(sha256, sha256.slice(1));
  expect(codes(await render({ ...files, "catalog.lock.yaml": short }))).toContain(
    "bad-format catalog.lock.yaml",
  );
});

test("a chart of one's own that was changed since it was verified is written into no manifest", async () => {
  const chart = (text: string): Files => ({
    "charts/web/Chart.yaml": 'name: web\nversion: "1.2.3"\n',
    "charts/web/values.yaml": text,
  });
  const own = (text: string): Files => {
    const files = verified((entry) => entry, { [locked]: bytes, ...chart(text) });
    const template = String(files["catalog/web.yaml"]).replace(/repository: \S+/, "repository: file:charts");
    return { ...files, "catalog/web.yaml": template };
  };
  const { definitions } = loadPlatform(memoryTree(own("a: 1\n")));
  const folder = definitions.charts.get("web");
  if (folder === undefined) throw new Error("no chart");
  const digest = createHash("sha256")
    .update(await packageChart(folder))
    .digest("hex");
  const lock = (files: Files): Files => ({
    ...files,
    "catalog.lock.yaml": writeLockText([
      {
        chart: "web",
        version: "1.2.3",
        repository: "file:charts",
        sha256: digest,
        delivery: "content",
        templates: ["web"],
        images: [],
      },
      ...lockOthers(files),
    ]),
  });
  expect(codes(await render(lock(own("a: 1\n"))))).toEqual([]);
  expect(new Set(codes(await render(lock(own("a: 2\n")))))).toEqual(
    new Set(["bad-chart workspaces/acme/web-01.yaml"]),
  );
});

/** Entries for all charts of the platform but web's. */
function lockOthers(files: Files): LockEntry[] {
  const { platform } = loadPlatform(memoryTree({ ...files, "catalog.lock.yaml": writeLockText([]) }));
  return [...(platform?.templates.values() ?? [])].flatMap(({ id, chart: { repository, name, version } }) =>
    id === "web"
      ? []
      : [
          {
            chart: name,
            version,
            repository,
            sha256,
            delivery: "download" as const,
            templates: [id],
            images: [],
          },
        ],
  );
}

test("a lock file under another ending is a problem, on disk too, and never none", async () => {
  const root = tempPlatform({ ...samplePlatform(), "catalog.lock.yml": "kind: CatalogLock\ncharts: []\n" });
  const { problems } = loadPlatform(openDefinitionTree(root));
  expect(problems.map(({ code, file }) => `${code} ${file}`)).toContain("wrong-extension catalog.lock.yml");
});
