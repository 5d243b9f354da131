import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { readDefinitions } from "../../src/definitions/read-definitions.ts";
import { writeLockText } from "../../src/operations/catalog/lock/write-lock-text.ts";
import { loadCatalog } from "../../src/operations/catalog/load-catalog.ts";
import { lockCatalog } from "../../src/operations/catalog/lock/lock-catalog.ts";
import type { LockOptions, LockReport } from "../../src/operations/catalog/lock/lock-catalog.ts";
import { verifyCatalog } from "../../src/operations/catalog/verify-catalog.ts";
import type { HelmClient } from "../../src/operations/catalog/verify/helm-client.ts";
import type { ChartFetcher } from "../../src/operations/charts/chart-fetcher.ts";
import { edit, samplePlatform } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";
import type { Files } from "../support/memory-tree.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const digest = (text: string) => `sha256:${sha256(text)}`;

/** Renders a Service, and what a test adds; the same for every chart. */
const fakeHelm = (more = ""): HelmClient => ({
  version: "v4.0",
  openChart: async ({ version }) => ({
    ok: true,
    chart: { location: "chart", files: new Map([["Chart.yaml", `version: ${version}\n`]]) },
  }),
  render: async ({ release, values }) => ({
    ok: true,
    text: `---\napiVersion: v1\nkind: Service\nmetadata: { name: ${release} }\nspec: { selector: { a: b }, ports: [{ port: 8080 }] }
---\napiVersion: v1\nkind: Secret\nmetadata: { name: x }\nstringData: ${JSON.stringify({ all: JSON.stringify(values) })}
---\napiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { containers: [{ name: c, image: "example.com/app:1", resources: { limits: { cpu: 1, memory: 1Gi } } }] }\n${more}`,
  }),
});

/** A repository whose charts' bytes are a text of their name, and of what a test says. */
const fetcherOf = (bytes: (name: string, version: string) => string | undefined): ChartFetcher => ({
  fetchChart: async ({ name, version }) => {
    const text = bytes(name, version);
    return text === undefined
      ? { ok: false, reason: "unavailable", message: "no route to host" }
      : { ok: true, bytes: new TextEncoder().encode(text), sha256: sha256(text), manifest: undefined };
  },
});
const honest = fetcherOf((name, version) => `${name} ${version}`);

interface Run {
  readonly files?: Files;
  readonly fetcher?: ChartFetcher;
  readonly helm?: HelmClient;
  readonly ids?: readonly string[];
  readonly write?: Partial<NonNullable<LockOptions["write"]>>;
}

async function lock({
  files = samplePlatform(),
  fetcher = honest,
  helm = fakeHelm(),
  ids = ["web"],
  write,
}: Run) {
  const catalog = loadCatalog(memoryTree(files));
  const reports = [];
  for await (const report of verifyCatalog({ helm, fetcher, progress: () => undefined }, { catalog, ids }))
    reports.push({ ...report, findings: report.findings.filter(({ code }) => code === "forbidden-kind") });
  const images = { resolveImage: async () => digest("app:1") };
  return lockCatalog({
    catalog,
    reports,
    write: write && { images, digestsOnly: false, acceptChanged: false, ...write },
  });
}

/** The platform with the files that writing made. */
function withLock({ content }: LockReport, files: Files = samplePlatform()): Files {
  if (content === undefined) throw new Error("nothing was written");
  const bytes = [...content.bytes].map(([name, value]) => [`charts/.verified/${name}.tgz`, value] as const);
  return { ...files, "catalog.lock.yaml": content.text, ...Object.fromEntries(bytes) };
}

const codes = ({ differences }: LockReport) => differences.map(({ code }) => code);

test("what was verified is written down: bytes, digests, templates, images; and is up to date then", async () => {
  const written = await lock({ write: {} });
  const [chart] = (parse(written.content?.text ?? "") as { charts: Record<string, unknown>[] }).charts;
  expect(chart).toMatchObject({
    chart: "web",
    sha256: sha256(`web ${String(chart?.["version"])}`),
    delivery: "content",
    templates: ["web"],
    images: [{ image: "example.com/app:1", digest: digest("app:1") }],
  });
  expect([...(written.content?.bytes.keys() ?? [])]).toEqual([chart?.["sha256"]]);
  expect(loadCatalog(memoryTree(withLock(written))).problems).toEqual([]);
  expect(await lock({ files: withLock(written) })).toMatchObject({ differences: [], open: [] });
  expect((await lock({ files: withLock(written), write: {} })).content?.text).toBe(written.content?.text);
});

test("without a lock file every chart is one that is missing, and nothing is written", async () => {
  const report = await lock({});
  expect(codes(report)).toEqual(["not-locked"]);
  expect(report.open).toHaveLength(1);
  expect(report.content).toBeUndefined();
});

test("other bytes under a locked version are an error, and are locked only when somebody says so", async () => {
  const written = await lock({ write: {} });
  const fetcher = fetcherOf((name) => `${name} changed`);
  const files = withLock(written);
  expect(codes(await lock({ files, fetcher }))).toEqual(["chart-changed"]);
  const refused = await lock({ files, fetcher, write: {} });
  expect(refused.open.map(({ code }) => code)).toEqual(["chart-changed"]);
  expect(refused.content?.text).toBe(written.content?.text);
  const accepted = await lock({ files, fetcher, write: { acceptChanged: true } });
  expect(accepted.open).toEqual([]);
  expect(accepted.content?.text).toContain(sha256("web changed"));
});

test("a chart that fails is not locked, and goes from the lock file", async () => {
  const files = withLock(await lock({ write: {} }));
  const helm = fakeHelm(
    "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: { name: w }\n",
  );
  expect((await lock({ helm, write: {} })).charts).toBe(0);
  const report = await lock({ files, helm, write: {} });
  expect(codes(report)).toEqual(["not-verified"]);
  expect(report.charts).toBe(0);
});

test("a repository that does not answer changes nothing of what was verified", async () => {
  const written = await lock({ write: {} });
  const report = await lock({ files: withLock(written), fetcher: fetcherOf(() => undefined), write: {} });
  expect(report.content?.text).toBe(written.content?.text);
});

test("an image whose registry says nothing is unresolved, and keeps the digest it was seen with before", async () => {
  const images = { resolveImage: async () => undefined };
  const first = await lock({ write: { images } });
  expect(first.unresolved).toEqual(["example.com/app:1"]);
  expect(first.content?.text).not.toContain("digest:");
  const written = await lock({ write: {} });
  const again = await lock({ files: withLock(written), write: { images } });
  expect(again.unresolved).toEqual([]);
  expect(again.content?.text).toBe(written.content?.text);
});

test("only digests: no bytes are kept, the chart job downloads; a chart beyond 750 KiB is always so", async () => {
  expect((await lock({ write: { digestsOnly: true } })).content).toMatchObject({
    text: expect.stringContaining("delivery: download") as string,
    bytes: new Map(),
  });
  const large = fetcherOf(() => "x".repeat(750 * 1024 + 1));
  expect((await lock({ fetcher: large, write: {} })).content?.bytes.size).toBe(0);
});

test("an older version that a service still runs is verified and locked beside the template's", async () => {
  const files = edit(samplePlatform(), "catalog/web.yaml", [
    'chart_version: "1.2.3"',
    'chart_version: "9.0.0"',
  ]);
  const report = await lock({ files, write: {} });
  expect(report.content?.text.match(/version: .*/g)).toHaveLength(2);
  // and stays when nobody runs it any more: a rollback needs it
  const later = await lock({
    files: withLock(
      report,
      Object.fromEntries(Object.entries(files).filter(([path]) => !path.includes("workspaces/"))),
    ),
    write: {},
  });
  expect(later.content?.text).toBe(report.content?.text);
});

test("a lock file nobody can read is not written over", async () => {
  const files = { ...samplePlatform(), "catalog.lock.yaml": "kind: CatalogLock\ncharts: 7\n" };
  await expect(lock({ files, write: {} })).rejects.toMatchObject({ code: "refused" });
});

test("what the lock file says is read back as it was meant: versions and digests that look like numbers are texts", () => {
  const entry = {
    chart: "web",
    repository: "https://charts.example.com",
    delivery: "download" as const,
    templates: ["web", "123", "no"],
    images: [{ image: "example.com/app:1.10" }],
  };
  const charts = [
    { ...entry, version: "1.10", sha256: "1".repeat(64) },
    { ...entry, version: "1e3", sha256: `12e${"4".repeat(61)}` },
    { ...entry, version: "0644", sha256: `0${"7".repeat(63)}` },
  ];
  const text = writeLockText(charts);
  const { definitions, problems } = readDefinitions(
    memoryTree({ ...samplePlatform(), "catalog.lock.yaml": text }),
  );
  expect(problems).toEqual([]);
  expect(definitions.lock?.value.charts).toEqual(charts);
});
