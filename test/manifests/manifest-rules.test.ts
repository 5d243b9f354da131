import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { operatorName } from "../../src/constructs/operator-role.ts";
import { packageChart } from "../../src/manifests/package-chart.ts";
import { readHeader, writeHeader } from "../../src/manifests/header.ts";
import { orderManifests } from "../../src/manifests/order.ts";
import type { Manifest } from "../../src/manifests/manifest.ts";
import { isUnitFileName } from "../../src/manifests/unit.ts";

const golden = join(import.meta.dirname, "..", "golden");
const files = readdirSync(golden, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.startsWith("paas-"))
  .map((entry) => join(entry.parentPath, entry.name));
const manifests = files.flatMap((path) =>
  parseAllDocuments(readFileSync(path, "utf8")).map((document) => document.toJS() as Manifest),
);
const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);

/** Every value with its dotted path. */
function* walk(value: unknown, path = ""): Generator<readonly [string, unknown]> {
  yield [path, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) yield* walk(item, `${path}.${key}`);
}

/** What Go's JSON leaves out: K3s' controller would drop it when it rewrites the object. */
function isZero(value: unknown): boolean {
  if (typeof value === "object") return value === null || Object.keys(value).length === 0;
  return value === false || value === 0 || value === "";
}

describe("what every golden manifest keeps to (design section 5)", () => {
  test("there is something of every kind", () => {
    expect([...new Set(manifests.map(({ kind }) => kind))].sort()).toEqual([
      "ClusterRole",
      "ClusterRoleBinding",
      "Deployment",
      "HelmChart",
      "HelmChartConfig",
      "Ingress",
      "LimitRange",
      "Middleware",
      "Namespace",
      "NetworkPolicy",
      "ResourceQuota",
      "RoleBinding",
      "Secret",
      "ServiceAccount",
      "ValidatingAdmissionPolicy",
      "ValidatingAdmissionPolicyBinding",
    ]);
  });

  test("our labels are on everything, and every label value is one", () => {
    for (const { metadata } of manifests) {
      expect(metadata.labels).toMatchObject({
        "app.kubernetes.io/part-of": "woow",
        "app.kubernetes.io/managed-by": "woow",
        "app.kubernetes.io/name": expect.any(String),
        "app.kubernetes.io/instance": expect.any(String),
        "paas.woowtech.com/platform": expect.any(String),
        "paas.woowtech.com/unit": expect.any(String),
      });
      for (const value of Object.values(metadata.labels ?? {})) {
        expect(value).toMatch(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
      }
    }
  });

  test("a HelmChart holds no zero value, and never what would give a tenant more", () => {
    for (const { spec, metadata } of ofKind("HelmChart") as (Manifest & {
      spec: Record<string, unknown>;
    })[]) {
      const zeros = [...walk(spec)].filter(([, value]) => isZero(value)).map(([path]) => path);
      expect(zeros).toEqual([]);
      const never = ["set", "jobImage", "bootstrap", "createNamespace", "takeOwnership"];
      expect(Object.keys(spec).filter((key) => never.includes(key))).toEqual([]);
      expect(metadata.namespace).toBe("paas-charts");
      expect(spec).toMatchObject({
        failurePolicy: "abort",
        targetNamespace: expect.stringMatching(/^paas-ws-/),
      });
      expect(spec["timeout"]).toMatch(/^[0-9]+m[0-9]+s$/);
      if (String(spec["chart"]).startsWith("oci://")) expect(spec).not.toHaveProperty("repo");
      expect(("chart" in spec && "version" in spec) !== "chartContent" in spec).toBe(true);
    }
  });

  test("network policies write out what they deny, ports and their protocols", () => {
    for (const { spec } of ofKind("NetworkPolicy") as (Manifest & {
      spec: { policyTypes: string[]; ingress?: unknown; egress?: unknown };
    })[]) {
      expect(spec.policyTypes.includes("Ingress")).toBe(Array.isArray(spec.ingress));
      expect(spec.policyTypes.includes("Egress")).toBe(Array.isArray(spec.egress));
      for (const [, value] of walk(spec)) {
        if (typeof value === "object" && value !== null && "port" in value)
          expect(value).toHaveProperty("protocol");
      }
    }
    const denied = ofKind("NetworkPolicy").filter(({ metadata }) => metadata.name === "default-deny");
    const namespaces = ofKind("Namespace").length;
    expect(denied).toHaveLength(namespaces);
    for (const { spec } of denied) expect(spec).toMatchObject({ ingress: [], egress: [] });
  });

  test("an Ingress has a host in every rule, a pathType, websecure only and TLS", () => {
    for (const { spec, metadata } of ofKind("Ingress") as (Manifest & {
      spec: { rules: { host?: string; http: { paths: { pathType?: string }[] } }[]; tls: unknown[] };
    })[]) {
      expect(metadata.annotations).toMatchObject({
        "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
      });
      expect(spec).toMatchObject({ ingressClassName: "traefik" });
      expect(spec).not.toHaveProperty("defaultBackend");
      expect(spec.tls.length).toBeGreaterThan(0);
      for (const { host, http } of spec.rules) {
        expect(host).toMatch(/\./);
        for (const path of http.paths) expect(path).toMatchObject({ pathType: "Prefix" });
      }
    }
  });

  test("Secrets hold data only, in paas-charts; no tenant's role reads them", () => {
    for (const secret of ofKind("Secret")) {
      expect(secret).not.toHaveProperty("stringData");
      expect(secret.metadata.namespace).toBe("paas-charts");
    }
    for (const { rules, metadata } of ofKind("ClusterRole") as (Manifest & {
      rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
    })[]) {
      if (metadata.name === operatorName) continue;
      for (const { apiGroups, resources, verbs } of rules) {
        expect([...apiGroups, ...resources, ...verbs]).not.toContain("*");
        if (!apiGroups.includes("paas.woowtech.com")) {
          expect(resources.filter((resource) => resource.startsWith("secrets"))).toEqual([]);
          expect(verbs.filter((verb) => !["get", "list", "watch"].includes(verb))).toEqual([]);
        }
      }
    }
  });

  test("members are users behind our prefix, with their API group", () => {
    for (const { subjects, roleRef } of ofKind("RoleBinding") as (Manifest & {
      subjects: { apiGroup: string; kind: string; name: string }[];
      roleRef: unknown;
    })[]) {
      expect(roleRef).toMatchObject({ apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole" });
      for (const subject of subjects) {
        expect(subject).toMatchObject({ apiGroup: "rbac.authorization.k8s.io", kind: "User" });
        expect(subject.name).toMatch(/^paas:/);
      }
    }
  });

  test("pods are held to a Pod Security Standard in every namespace", () => {
    for (const { metadata } of ofKind("Namespace")) {
      const level = metadata.labels?.["pod-security.kubernetes.io/enforce"];
      expect(level).toBe(metadata.name.startsWith("paas-ws-") ? "baseline" : "restricted");
    }
  });

  test("the reconciler fits the Pod Security Standard of its namespace, and carries no secret in sight", () => {
    const deployments = ofKind("Deployment") as (Manifest & { spec: { template: { spec: unknown } } })[];
    expect(deployments.length).toBeGreaterThan(0);
    for (const { metadata, spec } of deployments) {
      expect(metadata.namespace).toBe("paas-system");
      expect(spec.template.spec).toMatchObject({
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ["ALL"] },
            },
          },
        ],
      });
      for (const [path, value] of walk(spec))
        if (path.endsWith(".name") && typeof value === "string") expect(value).not.toMatch(/TOKEN|PASSWORD/);
    }
  });

  test("whoever may bind or escalate may do so with the tenants' roles only", () => {
    for (const { rules } of ofKind("ClusterRole") as (Manifest & {
      rules: { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }[];
    })[]) {
      for (const { apiGroups, resources, verbs, resourceNames } of rules) {
        expect([...apiGroups, ...resources, ...verbs]).not.toContain("*");
        if (verbs.includes("bind") || verbs.includes("escalate"))
          expect(resourceNames).toEqual(["woow-admin", "woow-member", "woow-owner", "woow-viewer"]);
        expect(verbs).not.toContain("impersonate");
      }
    }
  });

  test("file names have one dot and are known again", () => {
    for (const path of files) {
      const name = path.slice(path.lastIndexOf("/") + 1);
      expect(isUnitFileName(name)).toBe(true);
      expect(name.split(".")).toHaveLength(2);
      expect(readHeader(readFileSync(path, "utf8"))).toMatchObject({ tombstone: false });
    }
  });
});

test.each([
  { platform: "p", unit: "platform", tombstone: false },
  { platform: "a-b", unit: "123/n8n-01", tombstone: true },
])("a header is read back: %o", (header) => {
  expect(readHeader(writeHeader(header))).toEqual(header);
  expect(readHeader(`${writeHeader(header)}kind: X\n`)).toEqual(header);
});

test.each([
  "",
  "# Made by somebody\n# platform: p\n# unit: u\n",
  `kind: X\n${writeHeader({ platform: "p", unit: "u", tombstone: false })}`,
])("%j has no header of ours", (text) => expect(readHeader(text)).toBeUndefined());

test("objects are ordered by kind, namespace and name, whatever order they come in", () => {
  const object = (kind: string, name: string, namespace?: string): Manifest => ({
    apiVersion: "v1",
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  });
  const ordered = [
    object("Namespace", "b"),
    object("NetworkPolicy", "z", "a"),
    object("NetworkPolicy", "a", "b"),
    object("Secret", "s", "a"),
    object("HelmChart", "h", "a"),
    object("Ingress", "i", "a"),
    object("Unheard", "u"),
  ];
  expect(orderManifests([...ordered].reverse())).toEqual(ordered);
});

test("a chart is packed the same every time", async () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const entries: readonly (readonly [string, Uint8Array])[] = [
    ["Chart.yaml", bytes("name: tiny\n")],
    ["templates/a.yaml", bytes("a: 1\n")],
  ];
  const pack = (files: readonly (readonly [string, Uint8Array])[]) =>
    packageChart({ name: "tiny", version: "0.1.0", files: new Map(files) });
  expect(await pack(entries)).toEqual(await pack(entries));
  expect(await pack(entries)).not.toEqual(await pack(entries.slice(1)));
});
