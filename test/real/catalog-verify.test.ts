import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openDefinitionTree } from "../../src/edges/definition-files.ts";
import { openHelm } from "../../src/edges/helm.ts";
import { loadCatalog } from "../../src/operations/catalog/load-catalog.ts";
import { verifyCatalog } from "../../src/operations/catalog/verify-catalog.ts";
import type { TemplateReport } from "../../src/operations/catalog/verify/verify-template.ts";
import { samplePlatform } from "../support/builders.ts";
import { goTool } from "../support/go-tool.ts";
import type { GoTool } from "../support/go-tool.ts";
import { memoryTree } from "../support/memory-tree.ts";
import { tempFolder } from "../support/temp-platform.ts";

const charts = join(import.meta.dirname, "..", "charts");
const repository = join(import.meta.dirname, "..", "..");
let helm: GoTool = { skip: "not asked yet" };

beforeAll(async () => {
  helm = await goTool("helm");
}, 900_000);

beforeEach(({ skip }) => {
  if ("skip" in helm) skip(helm.skip);
});

interface Sources {
  readonly chartsDir?: string | undefined;
  readonly text?: string;
}

/** Verifies one template of a platform in memory with the real helm. */
async function verify(template: string, { chartsDir = charts }: Sources = {}): Promise<TemplateReport> {
  const platform = { "platform.yaml": samplePlatform()["platform.yaml"] ?? "", "catalog/app.yaml": template };
  const catalog = loadCatalog(memoryTree(platform));
  expect(catalog.problems).toEqual([]);
  return verifyWith(catalog, chartsDir);
}

async function verifyWith(
  catalog: ReturnType<typeof loadCatalog>,
  chartsDir: string | undefined,
): Promise<TemplateReport> {
  const client = await openHelm({ program: pathOf(helm), environment: process.env, chartsDir });
  try {
    const reports: TemplateReport[] = [];
    for await (const report of verifyCatalog(
      { helm: client, progress: () => undefined },
      { catalog, ids: ["app"] },
    ))
      reports.push(report);
    const [report] = reports;
    if (report === undefined) throw new Error("no report");
    return report;
  } finally {
    client.close();
  }
}

function pathOf(tool: GoTool): string {
  if ("skip" in tool) throw new Error(tool.skip);
  return tool.path;
}

/** `severity code line` of every finding, in the report's order. */
function codes({ findings }: TemplateReport): string[] {
  return findings.map(({ severity, code, line }) => `${severity} ${code} ${line}`);
}

const card = `kind: CloudAppTemplate
name: App
description: Made up for the tests of verify
category: web
`;
const good = `${card}helm_chart:
  repository: https://charts.example.com
  chart_name: good
  chart_version: "1.2.3"
  default_values:
    fullnameOverride: "{release_name}"
    helper: { greeting: hello }
service_port: 80
pod_port: 8080
resource_keys:
  containers: [{ path: resources }]
  storage: [{ path: persistence.size }]
required_values:
  - { key: password, label: Password, type: password }
  - { key: config.SITE, label: Site, type: text }
optional_values:
  - { key: message, label: Message, type: text, placeholder: hi }
  - { key: color, label: Colour, type: select, default_value: blue, options: [blue, green] }
  - { key: replicas, label: Copies, type: number, default_value: 1 }
  - { key: mail.host, label: Mail server, type: text }
  - { key: mail.port, label: Mail port, type: number, default_value: 25 }
`;
const replace = (from: string, to: string): string => {
  if (!good.includes(from)) throw new Error(`the good template does not hold ${from}`);
  return good.replace(from, to);
};
const lineIn = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split("\n").length;

test("a good template has no findings, and its random Secret hides nothing", async () => {
  const report = await verify(good);
  expect(report.findings).toEqual([]);
  expect(report.renderings).toBeGreaterThan(8);
});

test("verify leaves no files behind", async () => {
  const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith("woow-helm-"));
  const before = left();
  await verify(good);
  expect(left().filter((name) => !before.includes(name))).toEqual([]);
});

describe("values", () => {
  test("a spec key the chart does not know is an error at the key", async () => {
    const text = replace("key: message", "key: mesage");
    const report = await verify(text);
    expect(codes(report)).toEqual([`error unknown-chart-value ${lineIn(text, "key: mesage")}`]);
    expect(report.findings[0]?.column).toBe(12);
  });

  test("a leaf of default_values the chart does not know is an error, a sub-chart's too", async () => {
    const text = replace("greeting: hello", "greeting: hello, gretting: hello");
    expect(codes(await verify(text))).toEqual([`error unknown-chart-value ${lineIn(text, "gretting")}`]);
  });

  test("a known key without effect is a note", async () => {
    const text = replace("greeting: hello", "unread: x").replace("key: message", "key: leftover");
    expect(codes(await verify(text))).toEqual([
      `note value-without-effect ${lineIn(text, "unread")}`,
      `note value-without-effect ${lineIn(text, "key: leftover")}`,
    ]);
  });

  test("a password outside a Secret is an error", async () => {
    const text = replace(
      "key: message, label: Message, type: text, placeholder: hi",
      "key: message, label: M, type: password",
    );
    const report = await verify(text);
    expect(codes(report)).toEqual([`error exposed-secret ${lineIn(text, "key: message")}`]);
    expect(report.findings[0]?.message).toContain("Deployment");
  });

  test("what a schema refuses is reported line by line, and the rest is still checked", async () => {
    const text = `${card}helm_chart:
  repository: https://charts.example.com
  chart_name: strict
  chart_version: "1.0.0"
  default_values:
    level: middle
    levle: low
service_port: 81
optional_values:
  - { key: mode, label: Mode, type: select, options: [plain, fancy] }
  - { key: more, label: More, type: text }
`;
    const report = await verify(text);
    expect(codes(report).sort()).toEqual(
      [
        `error schema-violation ${lineIn(text, "middle")}`,
        `error unknown-chart-value ${lineIn(text, "levle")}`,
        `error unknown-chart-value ${lineIn(text, "key: more")}`,
        `error wrong-service-port ${lineIn(text, "service_port")}`,
      ].sort(),
    );
    expect(report.findings.find(({ code }) => code === "schema-violation")?.message).toMatch(/low/);
  });

  test("a choice that a schema refuses is an error at the options", async () => {
    const text = `${card}helm_chart: { repository: https://charts.example.com, chart_name: strict, chart_version: "1.0.0" }
optional_values:
  - { key: level, label: Level, type: select, default_value: low, options: [low, high, highest] }
`;
    const report = await verify(text);
    expect(codes(report)).toEqual([`error value-refused ${lineIn(text, "key: level")}`]);
    expect(report.findings[0]?.message).toContain("highest");
  });
});

describe("sizes", () => {
  test("a size key no container or claim takes is an error", async () => {
    const text = replace("path: resources", "path: config.resources").replace(
      "path: persistence.size",
      "path: leftover",
    );
    expect(codes(await verify(text))).toEqual([
      `error size-without-effect ${lineIn(text, "containers:")}`,
      `error size-without-effect ${lineIn(text, "path: leftover")}`,
      `note unsized-container ${lineIn(text, "containers:")}`,
    ]);
  });

  test("a size key the chart does not have is an error of its own", async () => {
    const text = replace("path: persistence.size", "path: storage.size");
    expect(codes(await verify(text))).toEqual([`error unknown-chart-value ${lineIn(text, "storage.size")}`]);
  });

  test("a claim that only a switch makes is a note, with the emptyDir that stands for it", async () => {
    const text = `${replace("helper: {", "persistence: { enabled: false }\n    helper: {").replace("    persistence: { enabled: false }\n", "")}  - { key: persistence.enabled, label: Keep, type: boolean, default_value: false }\n`;
    const report = await verify(text);
    expect(codes(report)).toEqual([
      `note empty-dir ${lineIn(text, "containers:")}`,
      `note size-without-effect ${lineIn(text, "persistence.size")}`,
    ]);
    expect(report.findings[1]?.message).toContain("persistence.enabled is true");
  });

  test("a claim no pod mounts is an error", async () => {
    const text = replace("helper: {", "persistence: { mounted: false }\n    helper: {");
    expect(codes(await verify(text))).toEqual([
      `error claim-not-mounted ${lineIn(text, "persistence.size")}`,
      `note empty-dir ${lineIn(text, "containers:")}`,
    ]);
  });
});

const faulty = (values: string, more = ""): string => `${card}helm_chart:
  repository: https://charts.example.com
  chart_name: faulty
  chart_version: "1.0.0"
  default_values: { ${values} }
service_port: 80
${more}`;
/** The faulty chart sizes nothing; that is not what these tests ask. */
const faults = async (text: string): Promise<string[]> =>
  (await verify(text)).findings
    .filter(({ code }) => code !== "unsized-container")
    .map(({ severity, code }) => `${severity} ${code}`);

describe("names, images and objects", () => {
  test("the faulty chart without a fault only has containers nobody sized", async () => {
    const report = await verify(faulty("note: hi"));
    expect(codes(report)).toEqual(["note unsized-container 1", "note unsized-container 1"]);
  });

  test.each([
    ["fault: clusterRole", "cluster-scoped-object"],
    ["fault: strongRole", "strong-role"],
    ["fault: namespace", "foreign-namespace"],
    ["fault: webhook", "forbidden-kind"],
    ["fault: ingress", "forbidden-kind"],
    ["fault: networkPolicy", "forbidden-kind"],
    ["fault: ingressRoute", "forbidden-kind"],
    ["fault: endpoints", "forbidden-kind"],
    ["fault: selectorless", "exposed-service"],
    ["fault: hostNetwork", "unsafe-pod"],
    ["fault: hostPath", "unsafe-pod"],
    ["fault: hostPort", "unsafe-pod"],
    ["fault: privileged", "unsafe-pod"],
    ["fault: capability", "unsafe-pod"],
    ["fault: otherRole", "strong-role"],
    ["fault: everybody", "foreign-subject"],
    ["fault: neighbour", "foreign-subject"],
    ["fault: typedList", "cluster-scoped-object"],
    ["fault: listInList", "foreign-namespace"],
    ["fault: clusterPolicy", "unknown-scope"],
    ["fault: hook", "foreign-namespace"],
    ["fault: priority", "unsafe-pod"],
    ["fault: issuer", "forbidden-kind"],
    ["fault: certificate", "forbidden-kind"],
    ["fault: servedSecret", "forbidden-kind"],
    ["fault: releaseRecord", "forbidden-kind"],
    ["fault: woowLabel", "forbidden-kind"],
    ["fault: externalIPs", "exposed-service"],
    ["fault: externalName", "exposed-service"],
    ["fault: traefikAnnotation", "exposed-service"],
    ["fault: hiddenLookup", "foreign-lookup"],
    ["fault: longService", "name-too-long"],
    ["fault: stops", "render-failed"],
    ["fault: yaml", "render-failed"],
    ["suffix: -primary", "name-suffix-too-short"],
    ["fullnameOverride: other", "wrong-service-name"],
    ["image: docker.io/example/faulty", "image-without-tag"],
    ['image: "example:latest"', "image-latest"],
    ['image: "bitnami/redis:7.2"', "image-moved"],
    ['image: "docker.io/bitnami/redis:7.2"', "image-moved"],
    ['image: "k8s.gcr.io/pause:3.1"', "image-moved"],
  ])("%s is %s", async (values, code) => {
    expect(await faults(faulty(values))).toEqual([`error ${code}`]);
  });

  test.each([
    ["serviceType: LoadBalancer", ["error exposed-service", "error wrong-service-type"]],
    ["serviceType: NodePort", ["error exposed-service", "error wrong-service-type"]],
    ['image: "docker.io/bitnamilegacy/redis:7.2"', ["note image-frozen"]],
    ["fault: viewRole", []],
    ["fault: ownLookup", []],
    [`image: "docker.io/example/x@sha256:${"0".repeat(64)}"`, []],
  ])("%s gives %j", async (values, expected) => {
    expect((await faults(faulty(values))).sort()).toEqual(expected);
  });

  test("what is declared is no error; that it gives the cluster away is noted", async () => {
    expect(await faults(faulty("fault: clusterRole", "cluster_scoped_kinds: [ClusterRole]\n"))).toEqual([
      "note strong-kind",
    ]);
    expect(await faults(faulty("suffix: -primary", 'longest_name_suffix: "-primary"\n'))).toEqual([]);
    // admission policies cannot guard themselves
    const webhook = faulty("fault: webhook", "cluster_scoped_kinds: [MutatingWebhookConfiguration]\n");
    expect(await faults(webhook)).toEqual(["error forbidden-kind", "note strong-kind"]);
  });

  test("what a sub-chart brings in crds/ lies outside every namespace", async () => {
    const text = `${card}helm_chart: { repository: https://charts.example.com, chart_name: nested, chart_version: "1.0.0" }\nservice_port: 80\n`;
    expect(await faults(text)).toEqual(["error cluster-scoped-object"]);
  });

  test("the hints name the right suffix, Service and port", async () => {
    const hint = async (text: string, code: string) =>
      (await verify(text)).findings.find((finding) => finding.code === code)?.hint;
    expect(await hint(faulty("suffix: -primary"), "name-suffix-too-short")).toContain('"-primary"');
    expect(await hint(faulty("fullnameOverride: other"), "wrong-service-name")).toContain("other");
    const port = faulty('fault: ""').replace("service_port: 80", "service_port: 81");
    expect(await hint(port, "wrong-service-port")).toContain("80 (http)");
  });

  test("a pod_port that is not where the Service leads would let Traefik in at the wrong port", async () => {
    const text = replace("pod_port: 8080", "pod_port: 80");
    const report = await verify(text);
    expect(codes(report)).toEqual([`error wrong-pod-port ${lineIn(text, "pod_port")}`]);
    expect(report.findings[0]?.hint).toBe("write pod_port: 8080");
    // left out it is default_port, whose default is 80; a name that no container has
    expect(codes(await verify(replace("pod_port: 8080\n", "")))).toEqual(["error wrong-pod-port 1"]);
    expect(codes(await verify(replace("pod_port: 8080", "pod_port: nowhere")))).toHaveLength(1);
    // what has no host needs no way in
    expect(codes(await verify(replace("pod_port: 8080", "ingress_enabled: false")))).toEqual([]);
  });

  test("lookups beyond the release's namespace", async () => {
    const text = `${card}helm_chart: { repository: https://charts.example.com, chart_name: reader, chart_version: "1.0.0" }\n`;
    const { findings } = await verify(text);
    const lines = readFileSync(join(charts, "reader/templates/service.tpl"), "utf8").split("\n");
    const at = (variable: string) => `service.tpl:${lines.findIndex((line) => line.includes(variable)) + 1} `;
    expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
      "error foreign-lookup",
      "error foreign-lookup",
      "error foreign-lookup",
      "error foreign-lookup",
      "error foreign-lookup",
      "note unclear-lookup",
    ]);
    expect(findings[0]?.message).toContain(at("$all"));
    expect(findings[1]?.message).toContain(at("$fixed"));
    expect(findings.at(-1)?.message).toContain(at("$unclear"));
  });
});

describe("where charts come from", () => {
  test("a chart that is not in the folder, and one at another version", async () => {
    const text = replace("chart_name: good", "chart_name: absent");
    expect(codes(await verify(text))).toEqual([`error chart-not-found ${lineIn(text, "chart_version")}`]);
    const other = replace('"1.2.3"', '"1.2.4"');
    expect(codes(await verify(other))).toEqual([
      `error chart-version-mismatch ${lineIn(other, "chart_version")}`,
    ]);
  });

  test("a packed chart with a packed sub-chart", async () => {
    const folder = tempFolder();
    cpSync(join(charts, "good"), join(folder, "good"), { recursive: true });
    await execa(pathOf(helm), ["package", "good/charts/child", "-d", "good/charts"], { cwd: folder });
    await execa("rm", ["-r", "good/charts/child"], { cwd: folder });
    mkdirSync(join(folder, "packed"));
    await execa(pathOf(helm), ["package", "good", "-d", "packed"], { cwd: folder });
    expect(codes(await verify(good, { chartsDir: join(folder, "packed") }))).toEqual([]);
    const text = replace("greeting: hello", "unread: x");
    expect(codes(await verify(text, { chartsDir: join(folder, "packed") }))).toEqual([
      `note value-without-effect ${lineIn(text, "unread")}`,
    ]);
  });

  test("a repository over HTTP, one without the version, and one that does not answer", async () => {
    const away = replace("https://charts.example.com", "http://127.0.0.1:1");
    const platform = samplePlatform()["platform.yaml"] ?? "";
    const open = (text: string) =>
      loadCatalog(memoryTree({ "platform.yaml": platform, "catalog/app.yaml": text }));
    expect(codes(await verifyWith(open(away), undefined))).toEqual([
      `error chart-unavailable ${lineIn(away, "repository")}`,
    ]);
    const address = await serveCharts();
    const there = replace("https://charts.example.com", address);
    expect(codes(await verifyWith(open(there), undefined))).toEqual([]);
    const missing = there.replace('"1.2.3"', '"1.2.4"');
    expect(codes(await verifyWith(open(missing), undefined))).toEqual([
      `error chart-not-found ${lineIn(missing, "chart_version")}`,
    ]);
  });

  test.each(["anythingllm", "container"])(
    "%s: our own chart through file:charts, as it is packed",
    async (id) => {
      const folder = tempFolder();
      mkdirSync(join(folder, "catalog"));
      cpSync(join(repository, "charts"), join(folder, "charts"), { recursive: true });
      writeFileSync(join(folder, "platform.yaml"), samplePlatform()["platform.yaml"] ?? "");
      cpSync(join(repository, "catalog", `${id}.yaml`), join(folder, "catalog", "app.yaml"));
      const report = await verifyWith(loadCatalog(openDefinitionTree(folder)), undefined);
      expect(report.findings.filter(({ severity }) => severity === "error")).toEqual([]);
    },
  );
});

/** A chart repository with the good chart on a port of this machine, gone when the test ends. */
async function serveCharts(): Promise<string> {
  const folder = tempFolder();
  await execa(pathOf(helm), ["package", join(charts, "good"), "-d", folder]);
  await execa(pathOf(helm), ["repo", "index", folder]);
  const server = createServer((request, response) => {
    const name = (request.url ?? "").slice(1);
    if (name !== "index.yaml" && name !== "good-1.2.3.tgz") response.writeHead(404).end();
    else response.end(readFileSync(join(folder, name)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
