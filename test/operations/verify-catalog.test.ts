import { expect, test } from "vitest";
import { OperationError } from "../../src/errors.ts";
import { loadCatalog } from "../../src/operations/catalog/load-catalog.ts";
import { verifyCatalog } from "../../src/operations/catalog/verify-catalog.ts";
import { parseImage } from "../../src/model/image-reference.ts";
import { readChartValues } from "../../src/operations/catalog/verify/chart-values.ts";
import { listLookups } from "../../src/operations/catalog/verify/check-lookups.ts";
import type {
  HelmClient,
  OpenResult,
  RenderRequest,
  RenderResult,
} from "../../src/operations/catalog/verify/helm-client.ts";
import { parseRendering } from "../../src/operations/catalog/verify/rendered-objects.ts";
import { samplePassword } from "../../src/operations/catalog/verify/sample-values.ts";
import { readSchemaFaults } from "../../src/operations/catalog/verify/schema-faults.ts";
import type { TemplateReport } from "../../src/operations/catalog/verify/verify-template.ts";
import { append, edit, samplePlatform } from "../support/builders.ts";
import type { Definitions } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";

const service = (name: string, port = 8080) =>
  `---\n# Source: web/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { selector: { app: a }, ports: [{ port: ${port} }] }\n`;

/** A helm that notes what it is asked and answers as it is told; every value shows in an annotation. */
function fakeHelm(
  answers: {
    readonly open?: OpenResult;
    readonly render?: (request: RenderRequest) => RenderResult;
  } = {},
): HelmClient & { requests: RenderRequest[] } {
  const requests: RenderRequest[] = [];
  return {
    requests,
    version: "v4.0",
    openChart: ({ name, version }) =>
      Promise.resolve(
        answers.open ?? {
          ok: true,
          chart: { location: `/charts/${name}`, files: new Map([["Chart.yaml", `version: ${version}\n`]]) },
        },
      ),
    render: (request) => {
      requests.push(request);
      const shown = `---\napiVersion: v1\nkind: Secret\nmetadata: { name: x }\nstringData: ${JSON.stringify({ all: JSON.stringify(request.values) })}\n`;
      return Promise.resolve(
        answers.render?.(request) ?? { ok: true, text: service(request.release) + shown },
      );
    },
  };
}

async function verify(
  helm: HelmClient,
  { files = samplePlatform(), ids = ["web"] }: { files?: Definitions; ids?: readonly string[] } = {},
): Promise<TemplateReport[]> {
  const reports: TemplateReport[] = [];
  const catalog = loadCatalog(memoryTree(files));
  for await (const report of verifyCatalog({ helm, progress: () => undefined }, { catalog, ids }))
    reports.push(report);
  return reports;
}

const codes = (reports: readonly TemplateReport[]) =>
  reports.flatMap(({ findings }) => findings.map(({ severity, code }) => `${severity} ${code}`));

test("helm gets what a chart job would get, and the Kubernetes version of the oldest cluster", async () => {
  const files = append(
    samplePlatform(),
    "platform.yaml",
    "  old: { k3s_version: v1.34.1+k3s1, node_cidrs: [192.0.2.16/28] }\n",
  );
  const helm = fakeHelm();
  await verify(helm, { files, ids: ["database"] });
  const [first] = helm.requests;
  expect(first).toMatchObject({
    location: "/charts/database",
    release: "paas-ws-123-x1",
    namespace: "paas-ws-123",
    kubeVersion: "v1.34.1",
    values: {
      fullnameOverride: "paas-ws-123-x1",
      primary: {
        resources: { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "2", memory: "2Gi" } },
        persistence: { size: "5Gi" },
      },
      auth: { database: "made-up", password: expect.stringMatching(/^a[0-9a-f]{23}$/) as string },
    },
  });
  // the longest name the template's suffix of 8 leaves
  expect(helm.requests.at(-1)?.release).toHaveLength(44);
});

test("reports come in the order of the ids, two charts at a time", async () => {
  let running = 0;
  let most = 0;
  const helm = fakeHelm();
  const slow: HelmClient = {
    ...helm,
    openChart: async (request) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      return helm.openChart(request);
    },
  };
  const more = Object.fromEntries(
    ["a", "b", "c"].map((id) => [`catalog/${id}.yaml`, samplePlatform()["catalog/web.yaml"] ?? ""]),
  );
  const reports = await verify(slow, { files: { ...samplePlatform(), ...more }, ids: [] });
  expect(reports.map(({ template }) => template)).toEqual(["a", "b", "c", "database", "web"]);
  expect(most).toBe(2);
});

test("a chart that cannot be had is a finding, and the next template is still verified", async () => {
  const open = { ok: false, reason: "unavailable", message: "no route to host" } as const;
  expect(codes(await verify(fakeHelm({ open }), { ids: [] }))).toEqual([
    "error chart-unavailable",
    "error chart-unavailable",
  ]);
});

test("bytes that are no chart are a finding, and the next template is still verified", async () => {
  const open = { ok: false, reason: "broken", message: "web 1.2.3 is no packed chart" } as const;
  const reports = await verify(fakeHelm({ open }), { ids: [] });
  expect(codes(reports)).toEqual(["error chart-broken", "error chart-broken"]);
  // what was locked before stays: a page of a proxy is no reason to throw it away
  expect(reports.map(({ isUnavailable }) => isUnavailable)).toEqual([true, true]);
});

test.each([
  ["PersistentVolume", /any folder of a node/],
  ["ClusterRole", /rights/],
  ["ClusterRoleBinding", /every namespace/],
  ["CustomResourceDefinition", /every tenant/],
  ["APIService", /API server/],
  ["ValidatingWebhookConfiguration", /every request to the cluster/],
  ["MutatingWebhookConfiguration", /every request to the cluster/],
])("a template that declares %s is told what that gives away, as a note", async (kind, words) => {
  const files = append(samplePlatform(), "catalog/web.yaml", `cluster_scoped_kinds: [Widget, ${kind}]\n`);
  const [report] = await verify(fakeHelm(), { files });
  const notes = report?.findings.filter(({ code }) => code === "strong-kind") ?? [];
  expect(notes).toEqual([
    expect.objectContaining({
      severity: "note",
      file: "catalog/web.yaml",
      message: expect.stringMatching(words) as string,
    }),
  ]);
  expect(notes[0]?.message).toContain(kind);
  const [without] = await verify(fakeHelm());
  expect(report?.findings.filter(({ code }) => code !== "strong-kind")).toEqual(without?.findings);
});

test("a helm that stops in the middle is an error of the world", async () => {
  const render = () => {
    throw new OperationError("program-failed", "helm gave no answer");
  };
  await expect(verify(fakeHelm({ render }), { ids: [] })).rejects.toMatchObject({ code: "program-failed" });
});

test("an unknown id is refused with the nearest one", async () => {
  await expect(verify(fakeHelm(), { ids: ["wep"] })).rejects.toMatchObject({
    code: "not-found",
    hint: expect.stringContaining("web") as string,
  });
});

test("a broken workspace does not keep the catalog from being verified", async () => {
  const files = append(samplePlatform(), "workspaces/acme/web-01.yaml", "nonsense: true\n");
  expect(loadCatalog(memoryTree(files)).problems).toEqual([]);
  const broken = edit(samplePlatform(), "catalog/web.yaml", ["category: web", "category: wep"]);
  const catalog = loadCatalog(memoryTree(broken));
  expect(catalog.problems.map(({ code, file }) => `${code} ${file}`)).toEqual([
    "value-not-in-options catalog/web.yaml",
  ]);
  expect(catalog.entries.map(({ template }) => template.id)).toEqual(["database"]);
});

test("helm's words reach the finding", async () => {
  const render = () => ({ ok: false as const, message: "template: web/x.yaml:3:4: nil pointer" });
  const [report] = await verify(fakeHelm({ render }));
  expect(report?.findings).toMatchObject([
    {
      code: "render-failed",
      file: "catalog/web.yaml",
      message: expect.stringContaining("nil pointer") as string,
    },
  ]);
});

test("schema failures of Helm 4 and of early Helm 3 are read alike", () => {
  const head = "values don't meet the specifications of the schema(s) in the following chart(s):\n";
  const four = `${head}web:\n- at '/ui': additional properties 'mesage', 'colour' not allowed\n- at '/replicas': got string, want integer\n\nredis:\n- at '/auth/enabled': got number, want boolean\n`;
  expect(
    readSchemaFaults(four, "web").map(({ steps, unknownKeys }) => [steps.join("."), unknownKeys]),
  ).toEqual([
    ["ui", ["mesage", "colour"]],
    ["replicas", []],
    ["redis.auth.enabled", []],
  ]);
  const three = `${head}web:\n- (root): Additional property colour is not allowed\n- ui.size: Invalid type. Expected: integer, given: string\n`;
  expect(
    readSchemaFaults(three, "web").map(({ steps, unknownKeys }) => [steps.join("."), unknownKeys]),
  ).toEqual([
    ["", ["colour"]],
    ["ui.size", []],
  ]);
});

test.each([
  ["redis", "docker.io/library/redis", undefined, undefined],
  ["bitnami/redis:7.2", "docker.io/bitnami/redis", "7.2", undefined],
  ["registry-1.docker.io/bitnami/redis:7", "docker.io/bitnami/redis", "7", undefined],
  ["localhost:5000/app", "localhost:5000/app", undefined, undefined],
  ["ghcr.io/a/b:1@sha256:00", "ghcr.io/a/b", "1", "sha256:00"],
  ["", "docker.io/library/", undefined, undefined],
])("the image %s", (image, ...parts) => {
  const { repository, tag, digest } = parseImage(image);
  expect([repository, tag, digest]).toEqual(parts);
});

test("what a chart knows: values, schema with references, sub-charts by alias, free maps", () => {
  const chart = readChartValues(
    new Map([
      ["Chart.yaml", "dependencies: [{ name: child, alias: helper, condition: helper.on }]"],
      ["values.yaml", "a: { b: 1, free: {} }\nempty:\nlist: []\n"],
      [
        "values.schema.json",
        JSON.stringify({
          properties: { s: { $ref: "#/$defs/s" }, p: { patternProperties: { "^x": {} } } },
          $defs: { s: { allOf: [{ properties: { t: {} } }], properties: { loop: { $ref: "#/$defs/s" } } } },
        }),
      ],
      ["charts/child/Chart.yaml", "name: child"],
      ["charts/child/values.yaml", "greeting: hi\nglobal: { zone: a }\n"],
    ]),
  );
  const knows = (path: string) => chart.knows(path.split("."));
  for (const path of [
    "a",
    "a.b",
    "s.t",
    "s.loop.loop.t",
    "p.x1",
    "helper.greeting",
    "helper.on",
    "global.zone",
  ])
    expect([path, knows(path)]).toEqual([path, "known"]);
  for (const path of ["a.free.x", "empty.x.y"]) expect([path, knows(path)]).toEqual([path, "open"]);
  for (const path of ["z", "a.c", "a.b.c", "list.x", "s.u", "p.y", "child.greeting", "helper.none"])
    expect([path, knows(path)]).toEqual([path, "unknown"]);
});

test("lookups in plain text and comments read nothing", () => {
  const files = new Map([
    [
      "templates/a.yaml",
      '# lookup "v1" "Secret" "" ""\n{{- /* lookup "v1" "Secret" "" "" */}}\ntext: lookup "v1" "Secret" "" ""\n',
    ],
    [
      "templates/b.yaml",
      'x: 1\ny: {{ (lookup "v1" "Secret" $.Release.Namespace "n").data }}\nz: {{ lookup "v1" "Node" "" "" }}\n',
    ],
    ["README.md", '{{ lookup "v1" "Secret" "" "" }}'],
  ]);
  expect(listLookups(files)).toEqual([
    { file: "templates/b.yaml", line: 2, kind: "Secret", reach: "own" },
    { file: "templates/b.yaml", line: 3, kind: "Node", reach: "foreign" },
  ]);
});

test("a chart's tests and empty documents are no objects; lists are taken apart", () => {
  const { objects, tests } = parseRendering(
    `---\n# Source: a/templates/empty.yaml\n---\n${service("one")}---\nkind: List\nitems: [{ kind: ConfigMap, metadata: { name: two } }]\n---\nkind: Pod\nmetadata: { name: three, annotations: { helm.sh/hook: "test-success, test-failure" } }\n`,
  );
  expect(objects.map(({ kind, name, file }) => `${kind} ${name} ${file}`)).toEqual([
    "Service one web/templates/service.yaml",
    "ConfigMap two ",
  ]);
  expect(tests.map(({ name }) => name)).toEqual(["three"]);
});

test("made-up passwords fit their length, begin with a letter and differ by key", () => {
  const one = samplePassword({ key: "a", generate: { length: 200, alphabet: "hex" } });
  expect(one).toMatch(/^a[0-9a-f]{199}$/);
  expect(samplePassword({ key: "b", generate: undefined })).not.toBe(
    samplePassword({ key: "a", generate: undefined }),
  );
});
