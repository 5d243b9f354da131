import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { OperationError } from "../../src/errors.ts";
import { writeLockText } from "../../src/operations/catalog/lock/write-lock-text.ts";
import { createService } from "../../src/operations/create/create-service.ts";
import type { CreatedService, CreateServiceOptions } from "../../src/operations/create/create-service.ts";
import { lineBreak } from "../../src/model/isolation-values.ts";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { synth } from "../../src/operations/synth.ts";
import { formatKey } from "../../src/secrets/definition-text.ts";
import { identity, openText, tools } from "../secrets/fixtures.ts";
import { memoryFolder } from "../support/memory-tree.ts";
import { memoryWriter } from "../support/memory-writer.ts";
import { definitionsOf, newPlatform, shippedFiles, treeOf } from "../support/new-platform.ts";

let base: Record<string, string>;
beforeAll(async () => {
  base = definitionsOf(await newPlatform());
});

/** What a person has to say for a template, beside a host. */
const answers: Readonly<Record<string, Partial<CreateServiceOptions>>> = {
  container: { settings: ["image.repository=docker.io/traefik/whoami", "image.tag=v1.11.0"] },
  metabase: {
    settings: ["database.host=paas-ws-demo-postgresql-01"],
    secrets: { "database.password": "made-up-password-1" },
  },
  "open-webui": { settings: ["appEnv.WEBUI_ADMIN_EMAIL=admin@example.com"] },
};

async function create(
  options: Partial<CreateServiceOptions> & { templateId: string },
  files: Readonly<Record<string, string>> = base,
) {
  const writer = memoryWriter(files);
  const result = await createService(
    { tree: treeOf(files), writer, tools },
    { workspaceId: "demo", ...options },
  );
  return { result, written: writer.written };
}

async function created(
  options: Partial<CreateServiceOptions> & { templateId: string },
  files: Readonly<Record<string, string>> = base,
): Promise<{ service: CreatedService; text: string; files: Record<string, string> }> {
  const { result, written } = await create(options, files);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return {
    service: result.service,
    text: written[result.service.path] ?? "",
    files: { ...files, ...written },
  };
}

/** The code of an OperationError, or the codes of the problems; nothing may have been written. */
async function refusal(
  options: Partial<CreateServiceOptions> & { templateId: string },
  files: Readonly<Record<string, string>> = base,
): Promise<string> {
  const writer = memoryWriter(files);
  try {
    const deps = { tree: treeOf(files), writer, tools };
    const result = await createService(deps, { workspaceId: "demo", ...options });
    return result.ok ? "accepted" : result.problems.map(({ code }) => code).join();
  } catch (error) {
    if (error instanceof OperationError) return error.code;
    throw error;
  } finally {
    expect(writer.written).toEqual({});
  }
}

const errorsOf = (files: Readonly<Record<string, string>>) =>
  loadPlatform(treeOf(files)).problems.filter(({ severity }) => severity === "error");

const templateIds = [...shippedFiles().keys()].flatMap(
  (path) => /^catalog\/(.+)\.yaml$/.exec(path)?.[1] ?? [],
);

describe.each(templateIds)("a new service of %s", (templateId) => {
  const host = (files: Readonly<Record<string, string>>) =>
    files[`catalog/${templateId}.yaml`]?.includes("\ningress_enabled: false") === true
      ? {}
      : { subdomain: "app" };

  test("validates, and its manifests are made with the secrets opened", async () => {
    const { service, files } = await created({ templateId, ...host(base), ...answers[templateId] });
    expect(service.open).toEqual([]);
    expect(errorsOf(files)).toEqual([]);
    const folder = memoryFolder();
    const result = await synth(
      { tree: treeOf(files), folder, identities: () => [identity], progress: () => undefined },
      { selection: { clusters: [], workspaces: [], services: [service.unit] }, withSecrets: true },
    );
    expect(result.problems.filter(({ severity }) => severity === "error")).toEqual([]);
    expect([...folder.files.keys()].join()).toContain(
      `paas-2-ws-demo-${service.unit.slice("demo/".length)}.yaml`,
    );
  });

  test("explains every value, and every line that is a comment is usable when its # goes", async () => {
    const { service, text, files } = await created({ templateId, ...host(base), ...answers[templateId] });
    const keys = new Set(service.template.specs.map(({ key }) => formatKey(key)));
    let uncommented = text.replace(/^# (?=(helm_values|resources|raw_values):)/gm, "");
    uncommented = uncommented.replace(/^(?: {2}# |# {3})(\S+)(?=: )/gm, (line, key: string) =>
      keys.has(key) ? `  ${key}` : line,
    );
    for (const { key, label, type } of service.template.specs) {
      expect(text, key).toContain(label.split(" ")[0]);
      if (type !== "password") expect(uncommented, key).toContain(`\n  ${formatKey(key)}: `);
    }
    expect(errorsOf({ ...files, [service.path]: uncommented })).toEqual([]);
  });
});

test("the file has the documented order, the pin in quotes and what was chosen", async () => {
  const { text, service } = await created({
    templateId: "podinfo",
    workspaceId: "demo",
    name: "Order: automation # 1",
    subdomain: "orders",
    isPrivate: false,
    settings: ["logLevel=debug", "replicaCount=2", "ui.message=yes"],
  });
  const keys = [...text.matchAll(/^([a-z_]+):/gm)].map(([, key]) => key);
  expect(keys).toEqual(["kind", "template_id", "name", "chart_version", "subdomain", "helm_values"]);
  expect(text).toContain(`chart_version: "${service.template.chart.version}"`);
  expect(text).toContain('\n  ui.message: "yes"\n');
  expect(text).toContain("\n  replicaCount: 2\n");
  expect(text).toContain('\nname: "Order: automation # 1"\n');
  expect(service).toMatchObject({
    unit: "demo/podinfo-02",
    path: "workspaces/demo/podinfo-02.yaml",
    url: "https://orders.apps.example.com",
    monthlyPrice: 3,
    currency: "USD",
    generated: [],
    open: [],
  });
});

test.each([
  "y",
  "NO",
  "1.10",
  "0x1f",
  "1e3",
  "~",
  "null",
  "- a",
  "a: b",
  "a #b",
  "&a",
  "*a",
  "!x",
  "%x",
  "@x",
  "`x",
  "{x}",
  "[x",
  "'x",
  '"x',
  "x\ty",
  "é 中文",
  "\u2028x",
  "x\u0085",
  "12:30:45",
  "2026-11-23",
  ".inf",
  "=",
  "<<",
  "x:",
  " x ",
  "http://a.b/c?d=e&f",
])("the text %j arrives as it was typed", async (typed) => {
  // a value of the chart has one line; the service's name is only ours
  const message = lineBreak.test(typed) ? "x" : typed;
  const { text, files, service } = await created({
    templateId: "podinfo",
    name: typed,
    settings: [`ui.message=${message}`],
  });
  expect(errorsOf(files)).toEqual([]);
  const { definitions } = loadPlatform(treeOf({ ...base, [service.path]: text }));
  const value = definitions.services.find(({ id }) => id === "podinfo-02")?.value;
  expect(value?.name).toBe(typed);
  expect(value?.helm_values?.["ui.message"]).toBe(message);
  // some readers take these for line ends
  expect(text).not.toMatch(/[\u0085\u2028\u2029]/);
});

test("passwords that can be generated are, sealed for this service, each with its own value", async () => {
  const { text, service } = await created({ templateId: "wordpress", subdomain: "blog" });
  expect(service.generated).toEqual(["mariadb.userDatabase.password", "mariadb.settings.rootPassword"]);
  const opened = await openText(text, { bind: "demo/wordpress-01" });
  if (!opened.ok) throw new Error(opened.error.code);
  const values = Object.values(opened.values) as string[];
  expect(values).toHaveLength(2);
  expect(new Set(values).size).toBe(2);
  for (const value of values) {
    expect(value).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(text).not.toContain(value);
    expect(JSON.stringify(service)).not.toContain(value);
  }
});

test("values only a person knows are left open, said, and the only thing validate finds", async () => {
  const { service, files, text } = await created({ templateId: "metabase" });
  expect(service.open.map(({ key }) => key)).toEqual(["database.host", "database.password"]);
  expect(service.open[1]?.hint).toBe("woow secrets set demo/metabase-01 database.password");
  expect(errorsOf(files).map(({ code, file }) => `${code} ${file}`)).toEqual([
    `missing-value ${service.path}`,
    `missing-value ${service.path}`,
  ]);
  expect(text).toContain("\n  # database.host: ");
  // what is required and has a default is pinned; what is optional stays the catalog's business
  const settings = text.slice(0, text.indexOf("secret_values:"));
  const live = [...settings.matchAll(/^ {2}([\w.]+): /gm)].map(([, key]) => key);
  expect(live).toEqual(["database.port", "database.dbname", "database.username"]);
});

test("a service is made beside another one that has problems of its own", async () => {
  const { files } = await created({ templateId: "metabase" });
  const { service } = await created({ templateId: "podinfo", subdomain: "x" }, files);
  expect(service).toMatchObject({ unit: "demo/podinfo-02", url: "https://x.apps.example.com", warnings: [] });
});

test("a quota that becomes too small is a warning, not a refusal", async () => {
  let files = base;
  let codes: string[] = [];
  for (let count = 0; count < 8; count += 1) {
    const made = await created({ templateId: "podinfo" }, files);
    files = made.files;
    codes = made.service.warnings.map(({ code }) => code);
  }
  expect(codes).toEqual(["quota-exceeded"]);
});

test.each([
  ["b\u00fccher.example", "xn--bcher-kva.example # b\u00fccher.example, "],
  ["Desk.ACME.example", "desk.acme.example # "],
  ["desk.acme.example.", "desk.acme.example # "],
])("a custom domain may be typed as people write it: %s", async (customDomain, written) => {
  const { text, files } = await created({ templateId: "podinfo", subdomain: "x", customDomain });
  expect(text).toContain(`\ncustom_domain: ${written}served once`);
  expect(errorsOf(files)).toEqual([]);
});

test("a custom domain that another service has is found however it is typed", async () => {
  const { files } = await created({ templateId: "podinfo", customDomain: "xn--bcher-kva.example" });
  const again = { templateId: "podinfo", customDomain: "B\u00dcCHER.example." };
  expect(await refusal(again, files)).toBe("already-exists");
});

test("where only verified charts run, a new service says whether its chart is still to be locked", async () => {
  const files = {
    ...base,
    "platform.yaml": (base["platform.yaml"] ?? "").replace(/^# charts: any/m, "charts: verified"),
  };
  const first = await created({ templateId: "podinfo" }, files);
  expect(first.service.needsLock).toBe(true);
  const { chart } = first.service.template;
  const bytes = new TextEncoder().encode("made-up packed chart");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const lock = writeLockText([
    {
      chart: chart.name,
      version: chart.version,
      repository: chart.repository,
      sha256,
      delivery: "download",
      templates: ["podinfo"],
      images: [],
    },
  ]);
  const locked = { ...files, "catalog.lock.yaml": lock };
  expect((await created({ templateId: "podinfo" }, locked)).service.needsLock).toBe(false);
  expect((await created({ templateId: "redis" }, locked)).service.needsLock).toBe(true);
  expect((await created({ templateId: "podinfo" })).service.needsLock).toBe(false);
});

test("the first free number counts files that are only broken", async () => {
  const broken = {
    ...base,
    "workspaces/demo/redis-01.yaml": "kind: [\n",
    "workspaces/demo/redis-02.yml": "kind: CloudService\n",
    "workspaces/demo/Redis-03.yaml": "kind: CloudService\n",
  };
  const { service } = await created({ templateId: "redis" }, broken);
  expect(service.unit).toBe("demo/redis-04");
});

describe("nothing is written", () => {
  const inactive = {
    ...shippedFilesWith("catalog/podinfo.yaml", (text) =>
      text.replace("category:", "is_active: false\ncategory:"),
    ),
  };
  test.each<[string, Partial<CreateServiceOptions> & { templateId: string }, string]>([
    ["an unknown template", { templateId: "podinf" }, "not-found"],
    ["an unknown workspace", { templateId: "podinfo", workspaceId: "nope" }, "not-found"],
    ["a service as workspace", { templateId: "podinfo", workspaceId: "demo/podinfo-01" }, "not-found"],
    ["an id that is taken", { templateId: "podinfo", referenceId: "podinfo-01" }, "already-exists"],
    ["the id of the workspace's own file", { templateId: "podinfo", referenceId: "workspace" }, "usage"],
    ["an id that leaves the folder", { templateId: "podinfo", referenceId: "../x" }, "usage"],
    ["an upper-case id", { templateId: "podinfo", referenceId: "Shop" }, "usage"],
    ["an id that is too long", { templateId: "podinfo", referenceId: "a".repeat(60) }, "name-too-long"],
    ["a host that is taken", { templateId: "podinfo", subdomain: "demo" }, "already-exists"],
    ["a reserved subdomain", { templateId: "podinfo", subdomain: "www" }, "reserved-subdomain"],
    ["a subdomain with a dot", { templateId: "podinfo", subdomain: "a.b" }, "bad-format"],
    [
      "a custom domain inside the platform's",
      { templateId: "podinfo", customDomain: "a.apps.example.com" },
      "domain-inside-platform",
    ],
    ["a wildcard", { templateId: "podinfo", customDomain: "*.acme.example" }, "usage"],
    ["the address of a page", { templateId: "podinfo", customDomain: "https://acme.example/x" }, "usage"],
    ["a host for an app without HTTP", { templateId: "redis", subdomain: "cache" }, "usage"],
    ["no host for an app that needs one", { templateId: "n8n" }, "usage"],
    [
      "a private service without a private network",
      { templateId: "podinfo", subdomain: "x", isPrivate: true },
      "private-network-missing",
    ],
    ["an unknown key", { templateId: "podinfo", settings: ["ui.messag=x"] }, "usage"],
    ["a setting without =", { templateId: "podinfo", settings: ["logLevel"] }, "usage"],
    ["a number that is none", { templateId: "podinfo", settings: ["replicaCount=two"] }, "usage"],
    [
      "a number that YAML reads otherwise",
      { templateId: "podinfo", settings: ["replicaCount=010"] },
      "usage",
    ],
    ["a choice that is none", { templateId: "podinfo", settings: ["logLevel=loud"] }, "usage"],
    [
      "true or false that is neither",
      { templateId: "postgresql", settings: ["metrics.enabled=yes"] },
      "usage",
    ],
    ["template text", { templateId: "podinfo", settings: ["ui.message={{ lookup }}"] }, "isolation-value"],
    [
      "a password on the command line",
      { templateId: "postgresql", settings: ["auth.password=made-up-password-1"] },
      "usage",
    ],
  ])("for %s", async (_, options, code) => {
    expect(await refusal(options)).toBe(code);
  });

  test("for a template that is not active", async () => {
    expect(await refusal({ templateId: "podinfo" }, { ...base, ...inactive })).toBe("usage");
  });

  test("without .sops.yaml, when there is something to seal", async () => {
    const { ".sops.yaml": _, ...without } = base;
    expect(await refusal({ templateId: "redis" }, without)).toBe("secrets");
    expect((await create({ templateId: "podinfo" }, without)).result.ok).toBe(true);
  });

  test("with an error that repeats a password typed where it does not belong", async () => {
    const attempt = create({ templateId: "postgresql", settings: ["auth.password=made-up-password-1"] });
    await expect(attempt).rejects.toThrow(expect.not.stringContaining("made-up") as string);
  });
});

test("a password that a person types is sealed and nowhere else", async () => {
  const { text, service } = await created({ templateId: "metabase", ...answers["metabase"] });
  expect(text + JSON.stringify(service)).not.toContain("made-up-password-1");
  const opened = await openText(text, { bind: "demo/metabase-01" });
  expect(opened.ok && opened.values["database.password"]).toBe("made-up-password-1");
});

function shippedFilesWith(path: string, change: (text: string) => string): Record<string, string> {
  return { [path]: change(shippedFiles().get(path) ?? "") };
}
