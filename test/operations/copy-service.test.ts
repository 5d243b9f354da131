import { beforeAll, expect, test } from "vitest";
import { OperationError } from "../../src/errors.ts";
import { copyService } from "../../src/operations/create/copy-service.ts";
import type { CopyServiceOptions } from "../../src/operations/create/copy-service.ts";
import { createService } from "../../src/operations/create/create-service.ts";
import { createWorkspace } from "../../src/operations/create/create-workspace.ts";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { identity, openText, seal, secondIdentity, textOf, tools } from "../secrets/fixtures.ts";
import { memoryWriter } from "../support/memory-writer.ts";
import { definitionsOf, newPlatform, treeOf } from "../support/new-platform.ts";

const path = "workspaces/demo/metabase-01.yaml";
let base: Record<string, string>;
beforeAll(async () => {
  const files = definitionsOf(await newPlatform());
  const workspace = memoryWriter(files);
  createWorkspace({ tree: treeOf(files), writer: workspace }, { id: "acme" });
  const withAcme = { ...files, ...workspace.written };
  const writer = memoryWriter(withAcme);
  await createService(
    { tree: treeOf(withAcme), writer, tools },
    {
      templateId: "metabase",
      workspaceId: "demo",
      subdomain: "numbers",
      settings: ["database.host=paas-ws-demo-postgresql-01"],
      secrets: { "database.password": "made-up-password-1" },
    },
  );
  const text = (writer.written[path] ?? "")
    .replace("helm_values:\n", "helm_values: # tuned by hand\n  # asked for by Alice\n")
    .replace("kind:", "reference_id: metabase-01 # its file says so too\nkind:");
  base = { ...withAcme, [path]: text };
});

async function copy(
  options: Partial<CopyServiceOptions> = {},
  { files = base, identities = () => [identity] } = {},
) {
  const writer = memoryWriter(files);
  const deps = { tree: treeOf(files), writer, tools, identities };
  const all = { from: "demo/metabase-01", to: "metabase-02", keepSecrets: false, ...options };
  try {
    const result = await copyService(deps, all);
    if (!result.ok) return { code: result.problems.map(({ code }) => code).join(), written: writer.written };
    const text = writer.written[result.service.path] ?? "";
    return { code: "copied", service: result.service, text, written: writer.written };
  } catch (error) {
    if (error instanceof OperationError) return { code: error.code, written: writer.written };
    throw error;
  }
}

async function copied(...parameters: Parameters<typeof copy>) {
  const { service, text, written, code } = await copy(...parameters);
  if (service === undefined || text === undefined) throw new Error(code);
  return { service, text, written };
}

test("settings and comments stay, line for line; identity, host and secrets do not", async () => {
  const { text, service, written } = await copied();
  expect(Object.keys(written)).toEqual(["workspaces/demo/metabase-02.yaml"]);
  const original = (base[path] ?? "").split("\n");
  const end = original.findIndex((line) => line === "secret_values:");
  const gone = /^(reference_id|subdomain):/;
  const expected = original
    .slice(0, end)
    .filter((line) => !gone.test(line))
    .map((line) => line.replace("demo/metabase-01", "demo/metabase-02"));
  expect(text.split("\n").slice(0, expected.length)).toEqual(expected);
  expect(text).toContain("helm_values: # tuned by hand\n  # asked for by Alice\n");
  expect(service).toMatchObject({
    from: "demo/metabase-01",
    url: undefined,
    droppedHosts: ["numbers.apps.example.com"],
    generated: ["database.encryptionKey"],
    kept: [],
  });
  expect(service.open.map(({ key, hint }) => [key, hint])).toEqual([
    ["database.password", "woow secrets set demo/metabase-02 database.password"],
  ]);
});

test("secrets that can be made are made anew, also when the others are kept", async () => {
  const { text, service } = await copied({ keepSecrets: true });
  const old = await openText(base[path] ?? "", { bind: "demo/metabase-01" });
  const fresh = await openText(text, { bind: "demo/metabase-02" });
  if (!old.ok || !fresh.ok) throw new Error("not opened");
  expect(fresh.values["database.password"]).toBe("made-up-password-1");
  expect(fresh.values["database.encryptionKey"]).toMatch(/^[\w-]{16,}$/);
  expect(fresh.values["database.encryptionKey"]).not.toBe(old.values["database.encryptionKey"]);
  expect(service).toMatchObject({
    kept: ["database.password"],
    open: [],
    generated: ["database.encryptionKey"],
  });
  expect(JSON.stringify(service)).not.toContain("made-up");
});

test("the copy validates once nothing is open", async () => {
  const { written } = await copied({ keepSecrets: true, subdomain: "numbers2" });
  const { problems } = loadPlatform(treeOf({ ...base, ...written }));
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
});

test("to another workspace it is sealed for that one's recipients", async () => {
  const files = { ...base };
  const rules = memoryWriter(files);
  createWorkspace(
    { tree: treeOf(files), writer: rules },
    { id: "beta", recipients: [secondIdentity.recipient] },
  );
  const { text, service } = await copied({ to: "beta/numbers" }, { files: { ...files, ...rules.written } });
  expect(service.path).toBe("workspaces/beta/numbers.yaml");
  const opened = await openText(text, { bind: "beta/numbers", identities: [secondIdentity] });
  expect(opened.ok && Object.keys(opened.values)).toEqual(["database.encryptionKey"]);
  expect(text).not.toContain("demo/metabase-01");
  expect(text).not.toContain("paas-ws-demo-metabase-01");
  expect(text).toContain("database.host: paas-ws-demo-postgresql-01");
});

test("a new host and name stand in the place of the old ones", async () => {
  const { text, service } = await copied({ subdomain: "numbers2", name: "Second: one" });
  expect(text).toContain("\nsubdomain: numbers2 # numbers2.apps.example.com\n");
  expect(text.match(/^subdomain:/gm)).toHaveLength(1);
  expect(text).toContain('\nname: "Second: one"\n');
  expect(service.url).toBe("https://numbers2.apps.example.com");
});

test("secrets that no template knows are left open, and kept when asked; line ends stay", async () => {
  const plain =
    'kind: CloudService\r\ntemplate_id: podinfo\r\nname: Hello # mine\r\nchart_version: "6.14.1"\r\n';
  const sealed = textOf(
    await seal(plain, { bind: "demo/extra", set: { "extra.token": "made-up-password-2" }, identities: [] }),
  );
  const files = { ...base, "workspaces/demo/extra.yaml": sealed };
  const options = { from: "demo/extra", to: "extra-2" };
  const open = await copied(options, { files });
  expect(open.service.open.map(({ key }) => key)).toEqual(["extra.token"]);
  expect(open.text).not.toMatch(/secret_values|sops/);
  expect(open.text).toContain("name: Hello # mine\r\n");
  const kept = await copied({ ...options, keepSecrets: true }, { files });
  const opened = await openText(kept.text, { bind: "demo/extra-2" });
  expect(opened.ok && opened.values).toEqual({ "extra.token": "made-up-password-2" });
});

test("a line of a value that looks like a comment is not touched", async () => {
  const text = `kind: CloudService
template_id: podinfo
name: Hello
chart_version: "6.14.1"
# paas-ws-demo-notes is this one
raw_values:
  notes: >-
    # paas-ws-demo-notes stays
`;
  const made = await copied(
    { from: "demo/notes", to: "notes-2" },
    { files: { ...base, "workspaces/demo/notes.yaml": text } },
  );
  expect(made.text).toContain("    # paas-ws-demo-notes stays\n");
});

test.each<[string, Partial<CopyServiceOptions>, string]>([
  ["an unknown original", { from: "demo/metabase-1" }, "not-found"],
  ["a workspace as original", { from: "demo" }, "not-found"],
  ["an unknown workspace", { to: "nope/x" }, "not-found"],
  ["a name that is taken", { to: "podinfo-01" }, "already-exists"],
  ["itself", { to: "demo/metabase-01" }, "already-exists"],
  ["an unusable name", { to: "Metabase" }, "usage"],
  ["too many parts", { to: "demo/a/b" }, "usage"],
  ["a host that is taken", { subdomain: "numbers" }, "already-exists"],
  ["a reserved host", { subdomain: "www" }, "reserved-subdomain"],
])("%s is refused and nothing is written", async (_, options, code) => {
  const result = await copy(options);
  expect(result.code).toBe(code);
  expect(result.written).toEqual({});
});

test("without a key that opens them, secrets cannot be kept; a copy without them needs none", async () => {
  const identities = () => [secondIdentity];
  expect(await copy({ keepSecrets: true }, { identities })).toMatchObject({ code: "secrets", written: {} });
  const none = (): never => {
    throw new Error("no key was needed");
  };
  expect((await copy({}, { identities: none })).code).toBe("copied");
});

test("an original with an error of its own is refused with it", async () => {
  const files = { ...base, [path]: (base[path] ?? "").replace("database.port: 5432", "database.port: many") };
  expect(await copy({}, { files })).toMatchObject({ code: "wrong-type", written: {} });
});

test("an app that needs a host is not copied without one", async () => {
  const writer = memoryWriter(base);
  await createService(
    { tree: treeOf(base), writer, tools },
    { templateId: "n8n", workspaceId: "demo", subdomain: "flows" },
  );
  const files = { ...base, ...writer.written };
  expect((await copy({ from: "demo/n8n-01", to: "n8n-02" }, { files })).code).toBe("usage");
  expect((await copy({ from: "demo/n8n-01", to: "n8n-02", subdomain: "flows2" }, { files })).code).toBe(
    "copied",
  );
});
