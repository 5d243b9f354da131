import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { HelmClient, RenderRequest } from "../../../src/operations/catalog/verify/helm-client.ts";
import { renderService } from "../../../src/operations/cluster/render/render-service.ts";
import type { RenderJob } from "../../../src/operations/cluster/render/render-service.ts";
import type { ServiceRendering } from "../../../src/operations/cluster/render/service-rendering.ts";
import { maskValue } from "../../../src/plan/compare/mask.ts";

const salt = "made-up-salt";
const oldSecret = "made-up-canary-4Kd2";
const newSecret = "made-up-canary-6Wm5";

interface Values {
  readonly password: string;
  readonly message?: string;
  readonly [key: string]: unknown;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

function objects(values: Values, version = "1.0.0"): RenderJob["after"] {
  return {
    chart: { spec: { chart: "web", repo: "https://charts.example.com", version, targetNamespace: "tenant" } },
    valuesSecret: { data: { "values.yaml": base64(JSON.stringify(values)) } },
  };
}

/** A chart that does to its password all that charts do. */
const derivingChart = ({ password, message = "" }: Values) => `---
# Source: web/templates/all.yaml
apiVersion: v1
kind: ConfigMap
metadata: { name: config, annotations: { checksum/secret: ${sha256(password)} } }
data:
  url: "postgres://user:${password}@db/${encodeURIComponent(password)}"
  basic: ${base64(`user:${password}`)}
  quoted: ${JSON.stringify(password)}
  message: ${JSON.stringify(message)}
---
apiVersion: v1
kind: Secret
metadata: { name: secret }
data: { password: ${base64(password)} }
stringData: { dsn: "user:${password}" }
`;

interface Scene {
  readonly before?: Values;
  readonly after: Values;
  readonly chart?: (values: Values, request: RenderRequest) => string;
  readonly job?: Partial<RenderJob>;
}

async function render({ before, after, chart = derivingChart, job = {} }: Scene): Promise<{
  readonly result: ServiceRendering;
  readonly text: string;
  readonly requests: readonly RenderRequest[];
}> {
  const requests: RenderRequest[] = [];
  const helm: Pick<HelmClient, "openChart" | "render"> = {
    openChart: ({ name }) => Promise.resolve({ ok: true, chart: { location: name, files: new Map() } }),
    render: (request) => {
      requests.push(request);
      try {
        return Promise.resolve({ ok: true, text: chart(request.values as unknown as Values, request) });
      } catch (error) {
        return Promise.resolve({ ok: false, message: (error as Error).message });
      }
    },
  };
  const result = await renderService(
    {
      unit: "acme/shop",
      release: "shop",
      before: before && objects(before),
      after: objects(after),
      secretKeys: ["password"],
      formerSecretKeys: ["password"],
      isDoubtful: false,
      ...job,
    },
    { helm, kubeVersion: "v1.35.8", salt },
  );
  return { result, text: JSON.stringify(result), requests };
}

/** What a person could find a secret by, or try guesses against. */
function tracesOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    base64(secret),
    base64(`user:${secret}`),
    base64(`user:${secret}`).slice(0, -6),
    sha256(secret),
    createHash("md5").update(secret).digest("hex"),
  ];
}

const expectNoTrace = (text: string) => {
  for (const trace of [oldSecret, newSecret].flatMap(tracesOf)) expect(text).not.toContain(trace);
};

test("whatever a chart makes of a secret, nothing of it is shown; that it changes is", async () => {
  const { result, text } = await render({
    before: { password: oldSecret },
    after: { password: newSecret, message: `in the open: ${newSecret}` },
  });
  expect(result.failure).toBeUndefined();
  expect(result.changes.map(({ ref, fields }) => [ref.kind, fields.map(({ path }) => path)])).toEqual([
    [
      "ConfigMap",
      ["metadata.annotations.checksum/secret", "data.url", "data.basic", "data.quoted", "data.message"],
    ],
    ["Secret", ["data.password", "stringData.dsn"]],
  ]);
  expectNoTrace(text);
  const [password] = result.changes[1]?.fields ?? [];
  expect(password).toMatchObject({
    before: maskValue(oldSecret, salt),
    after: maskValue(newSecret, salt),
    masked: true,
  });
});

test("a Secret is hidden whole, whatever is in it", async () => {
  const chart = ({ message = "" }: Values) =>
    `apiVersion: v1\nkind: Secret\nmetadata: { name: x }\ntype: ${message}\nstringData: { a: ${message} }\ndata: { b: ${base64(message)} }\n`;
  const { result } = await render({
    before: { password: oldSecret, message: "one" },
    after: { password: oldSecret, message: "two" },
    chart,
  });
  const shown = result.changes[0]?.fields.map(({ path, before, after }) => [path, before, after]);
  expect(shown).toEqual([
    ["type", "one", "two"],
    ["stringData.a", maskValue("one", salt), maskValue("two", salt)],
    ["data.b", maskValue(base64("one"), salt), maskValue(base64("two"), salt)],
  ]);
});

test("a declared secret whose name says nothing is hidden where it stands in the open as well", async () => {
  const { text } = await render({
    before: { password: "x", serial: oldSecret, message: `old ${oldSecret}` },
    after: { password: "x", serial: newSecret, message: `new ${newSecret}` },
    job: { secretKeys: ["serial"], formerSecretKeys: ["serial"] },
  });
  expect(text).toMatch(/new \(secret [0-9a-f]{8}\)/);
  expectNoTrace(text);
});

test("a secret that stays the same changes nothing", async () => {
  const { result } = await render({
    before: { password: oldSecret, message: "a" },
    after: { password: oldSecret, message: "b" },
  });
  expect(result).toMatchObject({ unchanged: 1, changes: [{ fields: [{ path: "data.message" }] }] });
  expect(result.changes[0]?.fields).toEqual([
    { path: "data.message", before: "a", after: "b", masked: false, changedBy: undefined },
  ]);
});

test("what was secret once, and what nobody knows of, is hidden in what runs now", async () => {
  const chart = ({ serial, note }: Values) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata: { a: ${String(serial)}, b: ${String(note)} }\n`;
  const before = { password: oldSecret, serial: newSecret, note: "written by hand" };
  const after = { password: oldSecret, serial: "public", note: "ours" };
  const known = await render({ before, after, chart, job: { formerSecretKeys: ["serial"] } });
  expectNoTrace(known.text);
  expect(known.text).toContain("written by hand");
  const doubtful = await render({ before, after, chart, job: { formerSecretKeys: [], isDoubtful: true } });
  expectNoTrace(doubtful.text);
  expect(doubtful.text).not.toContain("written by hand");
  expect(doubtful.text).toContain("ours");
});

test("values are refused: helm's words, without secrets in them", async () => {
  const { result, text } = await render({
    before: { password: oldSecret },
    after: { password: newSecret, message: "no" },
    chart: ({ password, message }) => {
      if (message === "no") throw new Error(`message must not be no, ${password} ${base64(password)}`);
      return derivingChart({ password });
    },
  });
  expect(result.failure).toMatchObject({ code: "render-failed" });
  expect(result.failure?.message).toContain("message must not be no, (secret ");
  expect(result.changes).toEqual([]);
  expectNoTrace(text);
});

test("the secret itself is refused: only places are told, helm's words might hold part of it", async () => {
  const { result, text } = await render({
    after: { password: newSecret },
    chart: ({ password }) => {
      if (password === newSecret)
        throw new Error(
          `execution error at (web/templates/all.yaml:3:7): at <.Values.password>: ${password.slice(0, -3)} is weak`,
        );
      return derivingChart({ password });
    },
  });
  expect(result.failure?.message).toContain("(web/templates/all.yaml:3:7, <.Values.password>)");
  expect(text).not.toContain(newSecret.slice(0, -3));
});

test("a chart that takes nothing but the secret itself: what changes, without any value", async () => {
  const { result, text } = await render({
    before: { password: oldSecret, message: "a" },
    after: { password: newSecret, message: "b" },
    chart: (values) => {
      if (![oldSecret, newSecret].includes(values.password)) throw new Error("not a password of ours");
      return derivingChart(values);
    },
  });
  expect(result.failure).toBeUndefined();
  expect(result.notes.join()).toContain("no values are shown");
  expect(result.changes[0]?.fields.map(({ path }) => path)).toContain("data.message");
  expect(result.changes.flatMap(({ fields }) => fields).every(({ masked }) => masked)).toBe(true);
  expectNoTrace(text);
});

test("what a chart makes at random is no change", async () => {
  let count = 0;
  const { result } = await render({
    before: { password: oldSecret, message: "a" },
    after: { password: oldSecret, message: "b" },
    chart: ({ message }) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata: { random: "${(count += 1)}", message: ${message} }\n`,
  });
  expect(result.changes[0]?.fields.map(({ path }) => path)).toEqual(["data.message"]);
  expect(result.notes.join()).toContain("1 field left out");
});

test("what runs now cannot be rendered: said, and no reason to fail", async () => {
  const { result, text } = await render({
    before: { password: oldSecret, message: "broken" },
    after: { password: oldSecret, message: "mended" },
    chart: (values) => {
      if (values.message === "broken") throw new Error(`it breaks on ${values.password}`);
      return derivingChart(values);
    },
  });
  expect(result).toMatchObject({ failure: undefined, changes: [] });
  expect(result.notes[0]).toContain(
    "what runs now cannot be compared: helm cannot render it: it breaks on (secret ",
  );
  expectNoTrace(text);
});

test("an upgrade is rendered as one, a new service is not; hooks and kept objects are told", async () => {
  const object = (name: string, annotations: object) =>
    `---\n${JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, annotations } })}\n`;
  const chart = ({ message }: Values) =>
    message === "a"
      ? object("kept", { "helm.sh/resource-policy": "keep" }) + object("gone", {})
      : object("job", { "helm.sh/hook": "pre-upgrade, post-upgrade" });
  const { result, requests } = await render({
    before: { password: oldSecret, message: "a" },
    after: { password: oldSecret, message: "b" },
    chart,
  });
  expect(result.changes).toMatchObject([
    { action: "create", ref: { name: "job" }, hooks: ["pre-upgrade", "post-upgrade"] },
    { action: "delete", ref: { name: "kept" }, keeps: true },
    { action: "delete", ref: { name: "gone" }, keeps: false },
  ]);
  expect(requests.every(({ isUpgrade, namespace }) => isUpgrade === true && namespace === "tenant")).toBe(
    true,
  );
  const fresh = await render({ after: { password: oldSecret, message: "b" }, chart });
  expect(fresh.requests.every(({ isUpgrade }) => isUpgrade === false)).toBe(true);
});

test("a variable whose name says secret, in an object of no secret kind", async () => {
  const chart = ({ message }: Values) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: x }
spec:
  containers:
    - name: a
      env: [{ name: API_TOKEN, value: ${message} }]
    ${message === "made-up-token-2" ? `- { name: b, env: [{ name: API_TOKEN, value: ${message} }] }` : ""}
`;
  const { result, text } = await render({
    before: { password: oldSecret, message: "made-up-token-1" },
    after: { password: oldSecret, message: "made-up-token-2" },
    chart,
  });
  expect(result.changes[0]?.fields.map(({ path }) => path)).toEqual([
    'spec.containers[name="a"].env[name="API_TOKEN"].value',
    'spec.containers[name="b"]',
  ]);
  expect(text).not.toContain("made-up-token");
});

test("a HelmChart that others made into something else is told, not followed", async () => {
  const before = objects({ password: oldSecret });
  const { result } = await render({
    after: { password: oldSecret },
    job: {
      before: { ...before, chart: { spec: { ...(before.chart["spec"] as object), set: { a: "b" } } } },
    },
  });
  expect(result.notes).toEqual(["what runs now also depends on spec.set, which is not rendered"]);
  const unnamed = await render({
    after: { password: oldSecret },
    job: { before: { ...before, chart: { spec: { chart: "web" } } } },
  });
  expect(unnamed.result).toMatchObject({ failure: undefined, changes: [] });
  expect(unnamed.result.notes[0]).toContain("names no chart at one certain version");
});
