import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TreeEntry } from "../../src/definitions/definition-tree.ts";
import type { ProblemCode } from "../../src/definitions/problem.ts";
import { append, edit, lineOf, samplePlatform } from "./builders.ts";
import type { Definitions } from "./builders.ts";
import type { Files, OddEntries } from "./memory-tree.ts";

/** A repository with something wrong in it, and every problem it must have, no more and no less. */
export interface BadInputCase {
  readonly name: string;
  readonly files: Files;
  /** What memory holds beside plain files, and how a disk comes to the same. */
  readonly odd?: OddEntries;
  readonly onDisk?: (root: string) => void;
  /** True where root could read on: the superuser ignores modes. */
  readonly needsPlainUser?: boolean;
  /** `code file:line`, sorted by place. */
  readonly expected: readonly string[];
  /** `file:line` of the other places that the problems name, for example the first use of a host. */
  readonly related?: readonly string[];
}

/** A code, a file, and a text whose line is meant; the first line without it. */
type Place = readonly [ProblemCode, string, string?];

export const web = "workspaces/acme/web-01.yaml";
export const workspace = "workspaces/acme/workspace.yaml";
const database = "workspaces/acme/db-01.yaml";
const rival = "workspaces/rival/web-01.yaml";
const sample = samplePlatform();

const rivalFiles: Definitions = {
  ...sample,
  "workspaces/rival/workspace.yaml": "kind: Workspace\nname: Rival\n",
  [rival]: sample[web]?.replace("subdomain: shop", "subdomain: rival") ?? "",
};

function wrong(name: string, files: Definitions, ...places: readonly Place[]): BadInputCase {
  const expected = places.map(
    ([code, path, text]) => `${code} ${path}:${text === undefined ? 1 : lineOf(files, path, text)}`,
  );
  return { name, files, expected };
}

const inWeb = (name: string, text: string, ...places: readonly Place[]): BadInputCase =>
  wrong(name, append(sample, web, text), ...places);

const raw = (name: string, text: string, [code, marker]: readonly [ProblemCode, string]): BadInputCase =>
  wrong(`raw_values: ${name}`, append(rivalFiles, web, `raw_values:\n  ${text}\n`), [code, web, marker]);

const words: readonly BadInputCase[] = [
  wrong("unknown template", edit(sample, web, ["template_id: web", "template_id: wep"]), [
    "unknown-template",
    web,
    "template_id",
  ]),
  inWeb("unknown key", "subdomian: other\n", ["unknown-key", web, "subdomian"]),
  inWeb("unknown nested key", "resources:\n  cpu: 1\n", ["unknown-key", web, "cpu"]),
  inWeb("unknown value of the template", "helm_values:\n  ui.mesage: hi\n", [
    "unknown-key",
    web,
    "ui.mesage",
  ]),
  inWeb("nested instead of dotted helm_values", "helm_values:\n  ui:\n    message: hi\n", [
    "unknown-key",
    web,
    "ui:",
  ]),
  wrong("unknown key in the platform", append(sample, "platform.yaml", "domian: x.example\n"), [
    "unknown-key",
    "platform.yaml",
    "domian",
  ]),
  wrong(
    "unknown key in a template",
    append(sample, "catalog/web.yaml", "prize: 3\n"),
    ["unknown-key", "catalog/web.yaml", "prize"],
    ["unknown-template", web, "template_id"],
  ),
  wrong("unknown kind", edit(sample, web, ["kind: CloudService", "kind: CloudServise"]), [
    "unknown-kind",
    web,
  ]),
  wrong("a kind that belongs elsewhere", edit(sample, web, ["kind: CloudService", "kind: Workspace"]), [
    "unknown-kind",
    web,
  ]),
  wrong("a kind that is a word of JavaScript", edit(sample, web, ["kind: CloudService", "kind: toString"]), [
    "unknown-kind",
    web,
  ]),
  wrong("no kind", edit(sample, web, ["kind: CloudService\n", ""]), ["unknown-kind", web]),
  wrong(
    "unknown category",
    edit(sample, "catalog/database.yaml", ["category: database", "category: databases"]),
    ["value-not-in-options", "catalog/database.yaml", "category"],
  ),
  wrong("unknown role", edit(sample, workspace, ["role: owner", "role: boss"]), [
    "value-not-in-options",
    workspace,
    "role",
  ]),
  wrong("unknown cluster", append(sample, workspace, "cluster: frankfurt\n"), [
    "unknown-cluster",
    workspace,
    "cluster",
  ]),
  wrong("no cluster called default", edit(sample, "platform.yaml", ["default:", "main:"]), [
    "unknown-cluster",
    workspace,
  ]),
  wrong("missing field", edit(sample, web, ["name: Shop\n", ""]), ["missing-field", web]),
  wrong(
    "missing required value and missing password",
    {
      ...sample,
      [database]: 'kind: CloudService\ntemplate_id: database\nname: Orders\nchart_version: "2.0.0"\n',
    },
    ["missing-value", database],
    ["missing-value", database],
  ),
  inWeb("wrong type of a field", 'is_private_network: "yes"\n', ["wrong-type", web, "is_private"]),
  inWeb("wrong type of a value", 'helm_values:\n  replicas: "3"\n', ["wrong-type", web, "replicas"]),
  inWeb("empty value", "resources:\n", ["wrong-type", web, "resources"]),
  wrong("a list where a map belongs", { ...sample, [workspace]: "- kind: Workspace\n" }, [
    "wrong-type",
    workspace,
  ]),
  inWeb("value not in options", "helm_values:\n  ui.color: red\n", ["value-not-in-options", web, "ui.color"]),
];

const hosts: readonly BadInputCase[] = [
  {
    ...wrong(
      "the same subdomain in two workspaces",
      edit(rivalFiles, rival, ["subdomain: rival", "subdomain: shop"]),
      ["duplicate-host", rival, "subdomain"],
    ),
    related: [`${web}:${lineOf(sample, web, "subdomain")}`],
  },
  {
    ...wrong(
      "the same subdomain twice in one workspace",
      { ...sample, "workspaces/acme/web-02.yaml": sample[web] ?? "" },
      ["duplicate-host", "workspaces/acme/web-02.yaml", "subdomain"],
    ),
    related: [`${web}:${lineOf(sample, web, "subdomain")}`],
  },
  {
    ...wrong(
      "the same custom domain twice in one workspace",
      append(
        append(
          edit(
            { ...sample, "workspaces/acme/web-02.yaml": sample[web] ?? "" },
            "workspaces/acme/web-02.yaml",
            ["subdomain: shop", "subdomain: shop2"],
          ),
          "workspaces/acme/web-02.yaml",
          "custom_domain: shop.acme.example\n",
        ),
        web,
        "custom_domain: shop.acme.example\n",
      ),
      ["unverified-domain", web, "custom_domain"],
      ["duplicate-host", "workspaces/acme/web-02.yaml", "custom_domain"],
      ["unverified-domain", "workspaces/acme/web-02.yaml", "custom_domain"],
    ),
    related: [`${web}:6`],
  },
  inWeb("a custom domain that is an address", "custom_domain: 203.0.113.9\n", [
    "bad-format",
    web,
    "custom_domain",
  ]),
  inWeb("a custom domain that is a wildcard", 'custom_domain: "*.acme.example"\n', [
    "bad-format",
    web,
    "custom_domain",
  ]),
  wrong(
    "a custom domain that another tenant verified",
    append(
      {
        ...rivalFiles,
        "domains.yaml": "kind: Domains\nverified:\n  - { domain: shop.acme.example, workspace: acme }\n",
      },
      rival,
      "custom_domain: shop.acme.example\n",
    ),
    ["foreign-domain", rival, "custom_domain"],
  ),
  inWeb("a custom domain inside the platform's domain", "custom_domain: shop2.apps.example.com\n", [
    "domain-inside-platform",
    web,
    "custom_domain",
  ]),
  inWeb("a custom domain that is the platform's domain", "custom_domain: apps.example.com\n", [
    "domain-inside-platform",
    web,
    "custom_domain",
  ]),
  wrong(
    "a custom domain inside an alias of the platform",
    append(
      append(sample, "platform.yaml", "domain_aliases: [old.example.net]\n"),
      web,
      "custom_domain: shop2.old.example.net\n",
    ),
    ["domain-inside-platform", web, "custom_domain"],
  ),
  inWeb("a custom domain in upper case", "custom_domain: Shop.Acme.example\n", [
    "bad-format",
    web,
    "custom_domain",
  ]),
  inWeb("a wildcard as custom domain", 'custom_domain: "*.acme.example"\n', [
    "bad-format",
    web,
    "custom_domain",
  ]),
  wrong("a reserved subdomain", edit(sample, web, ["subdomain: shop", "subdomain: admin"]), [
    "reserved-subdomain",
    web,
    "subdomain",
  ]),
  wrong("a subdomain of two labels", edit(sample, web, ["subdomain: shop", "subdomain: a.b"]), [
    "bad-format",
    web,
    "subdomain",
  ]),
  wrong("a subdomain in punycode", edit(sample, web, ["subdomain: shop", "subdomain: xn--bcher-kva"]), [
    "bad-format",
    web,
    "subdomain",
  ]),
  wrong(
    "a host on a template that speaks no HTTP",
    edit(sample, "catalog/web.yaml", ["default_port: 8080", "default_port: 8080\ningress_enabled: false"]),
    ["host-without-ingress", web, "subdomain"],
  ),
  wrong(
    "a private service without a private network",
    append(
      edit(sample, "platform.yaml", ["private_network: { source_ranges: [10.8.0.0/24] }\n", ""]),
      web,
      "is_private_network: true\n",
    ),
    ["private-network-missing", web, "is_private_network"],
  ),
];

const serviceAt = (id: string): Definitions => ({
  ...sample,
  [`workspaces/acme/${id}.yaml`]: (sample[web] ?? "").replace("subdomain: shop\n", ""),
});
const badReference = (name: string, id: string): BadInputCase =>
  wrong(`reference id: ${name}`, serviceAt(id), ["bad-id", `workspaces/acme/${id}.yaml`]);
const badWorkspace = (name: string, id: string): BadInputCase =>
  wrong(
    `workspace id: ${name}`,
    { ...sample, [`workspaces/${id}/workspace.yaml`]: "kind: Workspace\nname: X\n" },
    ["bad-id", `workspaces/${id}/workspace.yaml`],
  );

const names: readonly BadInputCase[] = [
  wrong("a release name of 51 characters", serviceAt("a".repeat(38)), [
    "name-too-long",
    `workspaces/acme/${"a".repeat(38)}.yaml`,
  ]),
  wrong(
    "a release name too long with its template's suffix",
    edit(serviceAt("a".repeat(32)), "catalog/web.yaml", [
      "default_port: 8080",
      'default_port: 8080\nlongest_name_suffix: "-primary"',
    ]),
    ["name-too-long", `workspaces/acme/${"a".repeat(32)}.yaml`],
  ),
  badReference("upper case", "Web"),
  badReference("a dot", "web.01"),
  badReference("an underscore", "web_01"),
  badReference("a hyphen in front", "-web"),
  badReference("a hyphen behind", "web-"),
  badWorkspace("a hyphen", "big-corp"),
  badWorkspace("upper case", "BigCorp"),
  badWorkspace("an underscore", "big_corp"),
  badWorkspace("a dot", "big.corp"),
  badWorkspace("21 characters", "a".repeat(21)),
  wrong(
    "a reserved workspace id",
    { ...sample, "workspaces/platform/workspace.yaml": "kind: Workspace\nname: X\n" },
    ["reserved-name", "workspaces/platform/workspace.yaml"],
  ),
  inWeb("an id that is not the file's", "reference_id: web-02\n", ["identity-mismatch", web, "reference_id"]),
  wrong("an id that YAML reads as another number", append(sample, workspace, "id: 0123\n"), [
    "unquoted-id",
    workspace,
    "id: 0123",
  ]),
];

const places: readonly BadInputCase[] = [
  wrong("a service in a .yml file", { ...sample, "workspaces/acme/web-02.yml": "kind: CloudService\n" }, [
    "wrong-extension",
    "workspaces/acme/web-02.yml",
  ]),
  wrong("a template in a .YAML file", { ...sample, "catalog/x.YAML": "kind: CloudAppTemplate\n" }, [
    "wrong-extension",
    "catalog/x.YAML",
  ]),
  wrong(
    "platform.yml",
    Object.fromEntries(
      Object.entries(sample).map(([path, text]) => [path === "platform.yaml" ? "platform.yml" : path, text]),
    ),
    ["missing-file", "platform.yaml"],
    ["wrong-extension", "platform.yml"],
  ),
  wrong(
    "a workspace folder without workspace.yaml",
    {
      ...sample,
      "workspaces/lost/web-01.yaml":
        sample["catalog/none"] ??
        'kind: CloudService\ntemplate_id: web\nname: Lost\nchart_version: "1.2.3"\n',
    },
    ["missing-workspace-file", "workspaces/lost/workspace.yaml"],
  ),
  wrong(
    "a definition directly in workspaces/",
    { ...sample, "workspaces/web-02.yaml": "kind: CloudService\n" },
    ["unexpected-file", "workspaces/web-02.yaml"],
  ),
  wrong("a definition too deep", { ...sample, "workspaces/acme/more/web-02.yaml": "kind: CloudService\n" }, [
    "unexpected-file",
    "workspaces/acme/more/web-02.yaml",
  ]),
  wrong("a template in a folder", { ...sample, "catalog/more/x.yaml": "kind: CloudAppTemplate\n" }, [
    "unexpected-file",
    "catalog/more/x.yaml",
  ]),
  wrong("another file among definitions", { ...sample, "workspaces/acme/values.json": "{}" }, [
    "unexpected-file",
    "workspaces/acme/values.json",
  ]),
  wrong("a hidden definition", { ...sample, "workspaces/acme/.web-02.yaml": "kind: CloudService\n" }, [
    "bad-id",
    "workspaces/acme/.web-02.yaml",
  ]),
  wrong("a loose file in charts/", { ...sample, "charts/values.yaml": "{}" }, [
    "unexpected-file",
    "charts/values.yaml",
  ]),
  wrong("a chart without Chart.yaml", { ...sample, "charts/mine/values.yaml": "{}" }, [
    "bad-chart",
    "charts/mine/Chart.yaml",
  ]),
];

const link = (path: string, type: TreeEntry["type"]): OddEntries => ({ entries: [{ path, type }] });

const disk: readonly BadInputCase[] = [
  {
    name: "a symbolic link out of the tree",
    files: sample,
    odd: link("workspaces/acme/web-02.yaml", "link-outside"),
    onDisk: (root) => symlinkSync("/etc/hostname", join(root, "workspaces/acme/web-02.yaml")),
    expected: ["symlink workspaces/acme/web-02.yaml:1"],
  },
  {
    name: "a symbolic link to nowhere",
    files: sample,
    odd: link("catalog/gone.yaml", "link-outside"),
    onDisk: (root) => symlinkSync("nowhere.yaml", join(root, "catalog/gone.yaml")),
    expected: ["symlink catalog/gone.yaml:1"],
  },
  {
    name: "a workspace folder that is a link",
    files: sample,
    odd: link("workspaces/copy", "link-to-folder"),
    onDisk: (root) => symlinkSync("acme", join(root, "workspaces/copy")),
    expected: ["symlink workspaces/copy:1"],
  },
  {
    name: "a folder in a service's place",
    files: without(sample, web),
    odd: link(web, "folder"),
    onDisk: (root) => mkdirSync(join(root, web)),
    expected: [`unexpected-file ${web}:1`],
  },
  {
    name: "a folder in a template's place",
    files: without(sample, "catalog/database.yaml"),
    odd: link("catalog/database.yaml", "folder"),
    onDisk: (root) => mkdirSync(join(root, "catalog/database.yaml")),
    expected: ["unexpected-file catalog/database.yaml:1"],
  },
  {
    name: "a link in the workspaces folder's place",
    files: without(without(sample, web), workspace),
    odd: link("workspaces", "link-to-folder"),
    onDisk: (root) => symlinkSync("catalog", join(root, "workspaces")),
    expected: ["symlink workspaces:1"],
  },
  {
    name: "a file that cannot be read",
    files: without(sample, web),
    odd: { unreadable: { [web]: "permission denied" } },
    onDisk: (root) => {
      writeFileSync(join(root, web), sample[web] ?? "");
      chmodSync(join(root, web), 0);
    },
    needsPlainUser: true,
    expected: [`unreadable-file ${web}:1`],
  },
  {
    name: "a folder that cannot be listed",
    files: sample,
    odd: { unreadableFolders: { "workspaces/acme": "permission denied" } },
    onDisk: (root) => chmodSync(join(root, "workspaces/acme"), 0),
    needsPlainUser: true,
    expected: ["unreadable-file workspaces/acme:1"],
  },
  {
    name: "a file in the workspaces folder's place",
    files: { ...without(without(sample, web), workspace), workspaces: "" },
    expected: ["unexpected-file workspaces:1"],
  },
];

function without(files: Definitions, path: string): Definitions {
  return Object.fromEntries(Object.entries(files).filter(([name]) => name !== path));
}

const withBytes = (name: string, bytes: Uint8Array, code: ProblemCode): BadInputCase => ({
  name,
  files: { ...sample, [web]: bytes },
  expected: [`${code} ${web}:1`],
});

const bomb = `kind: CloudService
template_id: web
name: Shop
chart_version: "1.2.3"
raw_values:
  a: &a [x, x, x, x, x, x, x, x, x, x]
  b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
  c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
  d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
  e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
  f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
  g: [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]
`;

const yaml: readonly BadInputCase[] = [
  inWeb("a duplicate key", "name: Other\n", ["duplicate-key", web, "name: Other"]),
  inWeb("a duplicate key below", "resources:\n  vcpu: 1\n  vcpu: 2\n", ["duplicate-key", web, "vcpu: 2"]),
  wrong("an alias bomb", { ...sample, [web]: bomb }, ["alias-limit", web, "b: &b"]),
  inWeb("an alias of itself", "raw_values: &a\n  b: *a\n", ["too-deep", web, "b: *a"]),
  inWeb("an alias without its anchor", "raw_values: *nothing\n", ["yaml-syntax", web, "raw_values"]),
  inWeb("a tab as indentation", "resources:\n\tvcpu: 1\n", ["tab-indentation", web, "\tvcpu"]),
  inWeb("several documents", "---\nkind: CloudService\n", ["several-documents", web, "---"]),
  wrong("an empty file", { ...sample, [web]: "" }, ["empty-file", web]),
  wrong("a file of comments", { ...sample, [web]: "# nothing\n\n# more of it\n" }, ["empty-file", web]),
  { ...inWeb("an open quote", 'custom_domain: "shop\n'), expected: [`yaml-syntax ${web}:7`] },
  inWeb("a tag", "raw_values: !!js/function x\n", ["unknown-tag", web, "!!js"]),
  inWeb("a merge key", "raw_values:\n  <<: { a: 1 }\n", ["forbidden-key", web, "<<"]),
  inWeb("__proto__ at the top", "__proto__: { polluted: true }\n", ["forbidden-key", web, "__proto__"]),
  inWeb("__proto__ below", "raw_values:\n  a:\n    - b:\n        __proto__: { polluted: true }\n", [
    "forbidden-key",
    web,
    "__proto__",
  ]),
  inWeb("constructor.prototype", "raw_values:\n  constructor: { prototype: { polluted: true } }\n", [
    "forbidden-key",
    web,
    "constructor",
  ]),
  inWeb("__proto__ in helm_values", "helm_values:\n  __proto__.polluted: yes please\n", [
    "unknown-key",
    web,
    "__proto__",
  ]),
  wrong("__proto__ as a cluster", edit(sample, "platform.yaml", ["  default:", "  __proto__:"]), [
    "forbidden-key",
    "platform.yaml",
    "__proto__",
  ]),
  wrong(
    "__proto__ in a template's key",
    edit(sample, "catalog/web.yaml", ["key: ui.message", "key: __proto__.message"]),
    ["bad-helm-path", "catalog/web.yaml", "__proto__"],
  ),
  inWeb("a hundred thousand brackets", `raw_values: ${"[".repeat(100_000)}\n`, [
    "too-deep",
    web,
    "raw_values",
  ]),
  inWeb("a hundred thousand closed brackets", `raw_values: ${"[".repeat(100_000)}${"]".repeat(100_000)}\n`, [
    "too-deep",
    web,
    "raw_values",
  ]),
  inWeb("a hundred levels", `raw_values: ${"{ a: ".repeat(100)}1${" }".repeat(100)}\n`, [
    "too-deep",
    web,
    "raw_values",
  ]),
  inWeb("a number that cannot be kept", "raw_values:\n  big: 12345678901234567890\n", [
    "number-out-of-range",
    web,
    "big",
  ]),
  inWeb("a word that YAML 1.1 reads as a truth value", "helm_values:\n  ui.message: no\n", [
    "ambiguous-scalar",
    web,
    "ui.message",
  ]),
  withBytes(
    "a file of more than 1 MiB",
    new TextEncoder().encode(`${sample[web] ?? ""}# ${"x".repeat(1024 * 1024)}\n`),
    "file-too-large",
  ),
  withBytes("a binary file", new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0xff, 0xfe]), "not-text"),
  withBytes("UTF-16", new Uint8Array(Buffer.from(`\ufeff${sample[web] ?? ""}`, "utf16le")), "not-text"),
  withBytes("a zero byte", new TextEncoder().encode(`${sample[web] ?? ""}# \0\n`), "not-text"),
];

const versions: readonly BadInputCase[] = [
  wrong("an unquoted version", edit(sample, web, ['"1.2.3"', "1.10"]), [
    "unquoted-version",
    web,
    "chart_version",
  ]),
  wrong("no version in a service", edit(sample, web, ['chart_version: "1.2.3"\n', ""]), [
    "missing-field",
    web,
  ]),
  wrong("a version range", edit(sample, web, ['"1.2.3"', '"^1.2"']), ["bad-format", web, "chart_version"]),
  wrong(
    "an unquoted version in a template",
    edit(sample, "catalog/web.yaml", ['chart_version: "1.2.3"', "chart_version: 1.10"]),
    ["unquoted-version", "catalog/web.yaml", "chart_version"],
  ),
  wrong(
    "a version in the wrong form, an unknown key and a value that is no option, in one file",
    append(
      edit(sample, web, ['chart_version: "1.2.3"', "chart_version: 1.10"]),
      web,
      "subdomian: x\nhelm_values:\n  ui.color: gren\n",
    ),
    ["unquoted-version", web, "chart_version"],
    ["unknown-key", web, "subdomian"],
  ),
  wrong(
    "an unknown kind and an unknown key, in one file",
    edit(sample, web, ["kind: CloudService", "kind: CloudServise\nsubdomian: x"]),
    ["unknown-kind", web, "CloudServise"],
    ["unknown-key", web, "subdomian"],
  ),
  wrong(
    "a template with latest",
    edit(sample, "catalog/web.yaml", ['chart_version: "1.2.3"', "chart_version: latest"]),
    ["bad-format", "catalog/web.yaml", "chart_version"],
    ["unknown-template", web, "template_id"],
  ),
  wrong(
    "a template without a version",
    edit(sample, "catalog/web.yaml", ['  chart_version: "1.2.3"\n', ""]),
    ["missing-field", "catalog/web.yaml", "repository"],
    ["unknown-template", web, "template_id"],
  ),
  wrong(
    "a template from a plain http repository",
    edit(sample, "catalog/web.yaml", ["https://charts", "http://charts"]),
    ["bad-format", "catalog/web.yaml", "repository"],
    ["unknown-template", web, "template_id"],
  ),
];

const databaseService =
  'kind: CloudService\ntemplate_id: database\nname: Orders\nchart_version: "2.0.0"\nhelm_values:\n  auth.database: orders\n';

const passwords: readonly BadInputCase[] = [
  wrong(
    "a password in helm_values",
    { ...sample, [database]: `${databaseService}  auth.password: made-up-password-1\n` },
    ["missing-value", database],
    ["plain-text-password", database, "auth.password"],
  ),
  wrong(
    "a password in raw_values",
    { ...sample, [database]: `${databaseService}raw_values:\n  auth:\n    password: made-up-password-1\n` },
    ["missing-value", database],
    ["plain-text-password", database, "password: made"],
  ),
  wrong(
    "a password in secret_values that is not encrypted",
    { ...sample, [database]: `${databaseService}secret_values:\n  auth.password: made-up-password-1\n` },
    ["secrets-not-usable", database, "secret_values"],
    ["missing-value", database, "auth.password"],
    ["plain-text-password", database, "auth.password"],
  ),
  wrong(
    "a default for a password in a template",
    edit(sample, "catalog/database.yaml", [
      "type: password,",
      "type: password, default_value: made-up-password-1,",
    ]),
    ["plain-text-password", "catalog/database.yaml", "auth.password"],
  ),
];

const rawTricks: readonly BadInputCase[] = [
  raw("targetNamespace", "targetNamespace: kube-system", ["isolation-value", "targetNamespace"]),
  raw("namespaceOverride", "namespaceOverride: paas-ws-rival", ["isolation-value", "namespaceOverride"]),
  raw("namespaceOverride deep down", "a: { b: [{ c: { namespaceOverride: x } }] }", [
    "isolation-value",
    "namespaceOverride",
  ]),
  raw("namespace in another spelling", "release_namespace: kube-system", [
    "isolation-value",
    "release_namespace",
  ]),
  raw("fullnameOverride", "fullnameOverride: paas-ws-rival-web-01", ["isolation-value", "fullnameOverride"]),
  raw("an ingress of its own", "ingress: { enabled: true, hosts: [shop2.acme.example] }", [
    "isolation-value",
    "ingress",
  ]),
  raw("an ingress in a subchart", "sub: { ingress: { enabled: true } }", ["isolation-value", "ingress"]),
  raw("another tenant's host", "extraEnv: { URL: https://rival.apps.example.com/x }", [
    "foreign-host",
    "rival.apps",
  ]),
  raw("a network policy", "networkPolicy: { enabled: false }", ["isolation-value", "networkPolicy"]),
  raw("extraDeploy", "extraDeploy: [{ kind: Secret }]", ["isolation-value", "extraDeploy"]),
  raw("whole objects under any key", "things: [{ apiVersion: v1, kind: Secret }]", [
    "isolation-value",
    "things",
  ]),
  raw("hostNetwork", "hostNetwork: true", ["isolation-value", "hostNetwork"]),
  raw("privileged", "securityContext: { privileged: true }", ["isolation-value", "privileged"]),
  raw("hostPath", "extraVolumes: [{ name: x, hostPath: { path: / } }]", ["isolation-value", "hostPath"]),
  raw("a Service of type LoadBalancer", "service: { type: LoadBalancer }", [
    "isolation-value",
    "LoadBalancer",
  ]),
  raw("a node port", "service: { nodePort: 30080 }", ["isolation-value", "nodePort"]),
  raw("a cluster role", "rbac: { clusterRole: true }", ["isolation-value", "clusterRole"]),
  raw("a template that looks up Secrets", `note: '{{ lookup "v1" "Secret" "kube-system" "" }}'`, [
    "isolation-value",
    "lookup",
  ]),
  raw("a template in a key", `'{{ lookup "v1" "Secret" "" "" }}': x`, ["isolation-value", "lookup"]),
  raw("a label of the platform", "podLabels: { paas.woowtech.com/workspace: rival }", [
    "isolation-value",
    "podLabels",
  ]),
  raw("a Traefik annotation", "annotations: { traefik.ingress.kubernetes.io/router.middlewares: x }", [
    "isolation-value",
    "annotations",
  ]),
  raw("lines that become objects", 'image: { pullPolicy: "Always\\n---\\nkind: ClusterRoleBinding" }', [
    "isolation-value",
    "pullPolicy",
  ]),
  raw("a line end that only YAML 1.1 knows", 'image: { pullPolicy: "Always\\u0085evil: true" }', [
    "isolation-value",
    "pullPolicy",
  ]),
  raw("a line break in a key", '"a\\nkind": x', ["isolation-value", '"a']),
  raw("a second Ingress under another name", "controller: { secondaryingress: { enabled: true } }", [
    "isolation-value",
    "secondaryingress",
  ]),
  raw("every host below another tenant's name", "x: '*.apps.example.com'", ["foreign-host", "x:"]),
  raw("a gateway's route", "grpcRoute: { enabled: true }", ["isolation-value", "grpcRoute"]),
  raw("a type with a blank behind it", "service: { type: 'LoadBalancer ' }", [
    "isolation-value",
    "LoadBalancer",
  ]),
  raw("a type under another key", "controller: { serviceType: NodePort }", ["isolation-value", "NodePort"]),
  raw("a namespace under a longer key", "prometheus: { serviceMonitorNamespace: kube-system }", [
    "isolation-value",
    "serviceMonitorNamespace",
  ]),
  raw("rules for the whole cluster", "rbac: { extraClusterRoleRules: [{ verbs: ['*'] }] }", [
    "isolation-value",
    "rbac",
  ]),
  raw("host networking in a longer word", "controller: { hostNetworking: true }", [
    "isolation-value",
    "hostNetworking",
  ]),
  raw("a key with an invisible character", '"host\\u200bNetwork": true', ["isolation-value", '"host']),
  raw("a place before everybody else", "priorityClassName: system-node-critical", [
    "isolation-value",
    "priorityClassName",
  ]),
  raw("a volume by its name", "persistence: { volumeName: pvc-of-a-rival }", [
    "isolation-value",
    "volumeName",
  ]),
  raw("the parent of the service's size", "resources: null", ["conflicting-values", "resources"]),
  raw("a value of the template", "ui: { message: hi }", ["conflicting-values", "ui:"]),
  raw("the service's size", "resources: { limits: { cpu: 64 } }", ["conflicting-values", "resources"]),
  inWeb("a template in helm_values", `helm_values:\n  ui.message: '{{ lookup "v1" "Secret" "" "" }}'\n`, [
    "isolation-value",
    web,
    "ui.message",
  ]),
];

/** Everything a repository can say that must be met with problems; files with secrets come from `sealedCases`. */
export const badInputCases: readonly BadInputCase[] = [
  ...words,
  ...hosts,
  ...names,
  ...places,
  ...disk,
  ...yaml,
  ...versions,
  ...passwords,
  ...rawTricks,
];
