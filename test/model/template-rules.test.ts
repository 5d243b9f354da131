import { expect, test } from "vitest";
import type { ProblemCode } from "../../src/definitions/problem.ts";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { samplePlatform } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";

const sample = samplePlatform();

const template = (rest: string, chart = "") => `kind: CloudAppTemplate
name: Probe
description: For one rule
category: web
helm_chart:
  repository: https://charts.example.com
  chart_name: probe
  chart_version: "1.0.0"
${chart}${rest}`;

const spec = (text: string) => template(`optional_values:\n  - ${text}\n`);

test.each<[string, string, ProblemCode]>([
  [
    "two specs for one value",
    `${spec("{ key: a.b, label: A, type: text }")}  - { key: a, label: A, type: text }\n`,
    "duplicate-helm-path",
  ],
  ["a path into a list", spec("{ key: 'a[0].b', label: A, type: text }"), "bad-helm-path"],
  ["a select without options", spec("{ key: a, label: A, type: select }"), "bad-value-spec"],
  ["options of a text", spec("{ key: a, label: A, type: text, options: [x] }"), "bad-value-spec"],
  [
    "a default that is no option",
    spec("{ key: a, label: A, type: select, options: [x], default_value: y }"),
    "bad-value-spec",
  ],
  [
    "a default of another type",
    spec("{ key: a, label: A, type: number, default_value: '1' }"),
    "bad-value-spec",
  ],
  [
    "generate for a text",
    spec("{ key: a, label: A, type: text, generate: { length: 20 } }"),
    "bad-value-spec",
  ],
  [
    "two defaults for one value",
    template(
      "optional_values:\n  - { key: a, label: A, type: text, default_value: x }\n",
      "  default_values: { a: other }\n",
    ),
    "bad-value-spec",
  ],
  ["an unknown placeholder", template('service_name: "{relase_name}"\n'), "bad-placeholder"],
  [
    "an unknown placeholder deep in the values",
    template("", "  default_values: { a: [{ b: '{hots}' }] }\n"),
    "bad-placeholder",
  ],
])("a template with %s is a problem in its own file", (_, text, code) => {
  const { problems, platform } = loadPlatform(memoryTree({ ...sample, "catalog/probe.yaml": text }));
  expect(platform).toBeUndefined();
  expect(problems.map((problem) => `${problem.code} ${problem.file}`)).toEqual([
    `${code} catalog/probe.yaml`,
  ]);
});

test.each<[string, string]>([
  ["http:// to another machine", "http://charts.example.com"],
  ["git", "git://charts.example.com"],
  ["a path", "file:other"],
])("a chart repository over %s is refused", (_, repository) => {
  const text = template("").replace("https://charts.example.com", repository);
  const { problems } = loadPlatform(memoryTree({ ...sample, "catalog/probe.yaml": text }));
  expect(problems.map(({ code }) => code)).toEqual(["bad-format"]);
});

test("http:// to a loopback address is for trying charts out", () => {
  const text = template("").replace("https://charts.example.com", "http://127.0.0.1:8080");
  expect(loadPlatform(memoryTree({ ...sample, "catalog/probe.yaml": text })).problems).toEqual([]);
});

const platformText = sample["platform.yaml"] ?? "";

test.each<[string, Record<string, string>, string]>([
  [
    "a K3s without valuesSecrets",
    { "platform.yaml": platformText.replace(/k3s_version: .*/, "k3s_version: v1.32.9+k3s1") },
    "unsupported-k3s-version platform.yaml",
  ],
  [
    "a pod range with host bits",
    { "platform.yaml": platformText.replace(/(\n +)(k3s_version: .*)/, "$1$2$1pod_cidr: 10.42.0.1/16") },
    "bad-cidr platform.yaml",
  ],
  [
    "a domain proven by nobody we know",
    { "domains.yaml": "kind: Domains\nverified:\n  - { domain: x.example, workspace: nobody }\n" },
    "unknown-workspace domains.yaml",
  ],
  [
    "an app that needs its address and has none",
    {
      "catalog/probe.yaml": template('service_name: "{host}"\n'),
      "workspaces/acme/probe-01.yaml":
        'kind: CloudService\ntemplate_id: probe\nname: P\nchart_version: "1.0.0"\n',
    },
    "host-needed workspaces/acme/probe-01.yaml",
  ],
])("%s is a problem", (_, files, expected) => {
  const { problems } = loadPlatform(memoryTree({ ...sample, ...files }));
  expect(problems.map(({ code, file }) => `${code} ${file}`)).toEqual([expected]);
});

test("an inactive template keeps the services it has", () => {
  const files = { ...sample, "catalog/web.yaml": `${sample["catalog/web.yaml"] ?? ""}is_active: false\n` };
  expect(loadPlatform(memoryTree(files)).problems).toEqual([]);
});
