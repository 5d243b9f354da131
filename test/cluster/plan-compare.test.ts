import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { beforeAll, describe, expect, test } from "vitest";
import type { ClusterClient } from "../../src/cluster/cluster-client.ts";
import type { LiveObject } from "../../src/cluster/live-object.ts";
import { labelRef, refOf } from "../../src/cluster/object-ref.ts";
import { resourceTypeOf } from "../../src/cluster/resource-types.ts";
import { connectCluster } from "../../src/edges/kubernetes/connect.ts";
import type { Manifest } from "../../src/manifests/manifest.ts";
import { compareObject } from "../../src/plan/compare/compare-object.ts";
import { useCluster } from "./use-cluster.ts";

const golden = join(import.meta.dirname, "..", "golden", "full", "manifests", "default");
const cluster = useCluster({ components: "api" });
let client: ClusterClient;
const manifests = readdirSync(golden)
  .sort()
  .flatMap((file) => loadAll(readFileSync(join(golden, file), "utf8")) as Manifest[]);

beforeAll(async () => {
  client = await connectCluster({
    kubeconfig: cluster().kubeconfigPath,
    environment: {},
    signal: new AbortController().signal,
  });
  for (const manifest of manifests) {
    const result = await client.apply(manifest);
    if (result.type !== "written") throw new Error(`${labelRef(refOf(manifest))}: ${result.type}`);
  }
});

async function read(manifest: Manifest): Promise<LiveObject> {
  const live = await client.get(refOf(manifest));
  if (live === undefined) throw new Error(`${labelRef(refOf(manifest))} is not there`);
  return live;
}

function find(label: string): Manifest {
  const found = manifests.find((manifest) => labelRef(refOf(manifest)) === label);
  if (found === undefined) throw new Error(`no ${label} in the golden manifests`);
  return found;
}

function pathOf(manifest: Manifest): string {
  const { apiVersion, namespaced, plural } = resourceTypeOf(manifest);
  const base = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const { namespace = "", name } = manifest.metadata;
  return `${base}${namespaced ? `/namespaces/${namespace}` : ""}/${plural}/${name}`;
}

/** What another manager does to an object, as `kubectl edit` would. */
async function editAs(manager: string, manifest: Manifest, patch: readonly object[]): Promise<void> {
  const { status, body } = await cluster().request({
    method: "PATCH",
    path: `${pathOf(manifest)}?fieldManager=${manager}`,
    contentType: "application/json-patch+json",
    body: patch,
  });
  if (status !== 200) throw new Error(JSON.stringify(body));
}

/** Puts an object right as apply does, and says what is still wrong. */
async function repair(manifest: Manifest): Promise<unknown> {
  const { removals } = compareObject(manifest, await read(manifest));
  await client.apply(manifest, { force: true });
  if (removals.length > 0) await client.patch(refOf(manifest), removals);
  return compareObject(manifest, await read(manifest)).differences;
}

test("what was applied is unchanged at once, object by object", async () => {
  const found = new Map<string, unknown>();
  for (const manifest of manifests) {
    const { state, differences } = compareObject(manifest, await read(manifest));
    if (state !== "unchanged") found.set(labelRef(refOf(manifest)), differences);
  }
  expect(Object.fromEntries(found)).toEqual({});
  expect(manifests.length).toBeGreaterThan(30);
});

const acme = "paas-ws-acme";
const shop = `paas-charts/${acme}-shop`;

interface Edit {
  readonly what: string;
  readonly label: string;
  readonly patch: readonly { readonly op: string; readonly path: string; readonly value?: unknown }[];
  /** Place and type of each difference; held by the editor unless it took something away. */
  readonly seen: readonly (readonly [string, "changed" | "added" | "unowned"])[];
  /** Takes a field away: nobody holds it then. */
  readonly takesAway?: boolean;
}

const policy = `NetworkPolicy ${acme}/default-deny`;
const edits: readonly Edit[] = [
  {
    what: "a hole in a policy that denies",
    label: policy,
    patch: [{ op: "add", path: "/spec/ingress", value: [{}] }],
    seen: [["spec.ingress", "changed"]],
  },
  {
    what: "a policy that no longer covers egress",
    label: policy,
    patch: [{ op: "replace", path: "/spec/policyTypes", value: ["Ingress"] }],
    seen: [["spec.policyTypes", "changed"]],
  },
  {
    what: "a policy for fewer pods",
    label: policy,
    patch: [{ op: "add", path: "/spec/podSelector/matchLabels", value: { a: "b" } }],
    seen: [["spec.podSelector", "changed"]],
  },
  {
    what: "one more peer in a rule",
    label: `NetworkPolicy ${acme}/allow-same-namespace`,
    patch: [{ op: "add", path: "/spec/ingress/0/from/-", value: { ipBlock: { cidr: "0.0.0.0/0" } } }],
    seen: [["spec.ingress", "changed"]],
  },
  {
    what: "egress where there was none to speak of",
    label: `NetworkPolicy ${acme}/allow-acme-solvers`,
    patch: [{ op: "add", path: "/spec/egress", value: [{}] }],
    seen: [["spec.egress", "added"]],
  },
  {
    what: "a raised quota",
    label: `ResourceQuota ${acme}/workspace-quota`,
    patch: [{ op: "replace", path: "/spec/hard/requests.cpu", value: "64" }],
    seen: [["spec.hard.requests.cpu", "changed"]],
  },
  {
    what: "a quota that is gone",
    label: `ResourceQuota ${acme}/workspace-quota`,
    patch: [{ op: "remove", path: "/spec/hard/persistentvolumeclaims" }],
    seen: [["spec.hard.persistentvolumeclaims", "changed"]],
    takesAway: true,
  },
  {
    what: "one more limit in the quota",
    label: `ResourceQuota ${acme}/workspace-quota`,
    patch: [{ op: "add", path: "/spec/hard/pods", value: "0" }],
    seen: [["spec.hard.pods", "added"]],
  },
  {
    what: "larger defaults for containers",
    label: `LimitRange ${acme}/container-defaults`,
    patch: [{ op: "replace", path: "/spec/limits/0/default/cpu", value: "8" }],
    seen: [["spec.limits", "changed"]],
  },
  {
    what: "one more member",
    label: `RoleBinding ${acme}/woow-owner`,
    patch: [
      {
        op: "add",
        path: "/subjects/-",
        value: { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "paas:eve@acme.example" },
      },
    ],
    seen: [["subjects", "changed"]],
  },
  {
    what: "no members at all",
    label: `RoleBinding ${acme}/woow-viewer`,
    patch: [{ op: "remove", path: "/subjects" }],
    seen: [["subjects", "changed"]],
    takesAway: true,
  },
  {
    what: "a stronger role",
    label: "ClusterRole woow-viewer",
    patch: [
      { op: "add", path: "/rules/-", value: { apiGroups: [""], resources: ["secrets"], verbs: ["*"] } },
    ],
    seen: [["rules", "changed"]],
  },
  {
    what: "a role that collects others",
    label: "ClusterRole woow-viewer",
    patch: [
      {
        op: "add",
        path: "/aggregationRule",
        value: { clusterRoleSelectors: [{ matchLabels: { "made.up/never": "true" } }] },
      },
    ],
    seen: [["aggregationRule", "added"]],
  },
  {
    what: "pod security switched off",
    label: `Namespace ${acme}`,
    patch: [
      { op: "replace", path: "/metadata/labels/pod-security.kubernetes.io~1enforce", value: "privileged" },
    ],
    seen: [["metadata.labels.pod-security.kubernetes.io/enforce", "changed"]],
  },
  {
    what: "pod security bound to an old version",
    label: `Namespace ${acme}`,
    patch: [
      { op: "add", path: "/metadata/labels/pod-security.kubernetes.io~1enforce-version", value: "v1.22" },
    ],
    seen: [["metadata.labels.pod-security.kubernetes.io/enforce-version", "added"]],
  },
  {
    what: "one more host",
    label: `Namespace ${acme}`,
    patch: [{ op: "add", path: "/metadata/annotations/paas.woowtech.com~1hosts", value: "evil.example" }],
    seen: [["metadata.annotations.paas.woowtech.com/hosts", "changed"]],
  },
  {
    what: "a label of ours that we did not write",
    label: `Namespace ${acme}`,
    patch: [{ op: "add", path: "/metadata/labels/paas.woowtech.com~1service", value: "x" }],
    seen: [["metadata.labels.paas.woowtech.com/service", "added"]],
  },
  {
    what: "the platform's label gone",
    label: `Namespace ${acme}`,
    patch: [{ op: "remove", path: "/metadata/labels/paas.woowtech.com~1platform" }],
    seen: [["metadata.labels.paas.woowtech.com/platform", "changed"]],
    takesAway: true,
  },
  {
    what: "another chart version",
    label: `HelmChart ${shop}`,
    patch: [{ op: "replace", path: "/spec/version", value: "0.0.1" }],
    seen: [["spec.version", "changed"]],
  },
  {
    what: "values beside ours",
    label: `HelmChart ${shop}`,
    patch: [{ op: "add", path: "/spec/set", value: { "image.tag": "evil" } }],
    seen: [["spec.set", "added"]],
  },
  {
    what: "a policy that deletes data",
    label: `HelmChart ${shop}`,
    patch: [{ op: "replace", path: "/spec/failurePolicy", value: "reinstall" }],
    seen: [["spec.failurePolicy", "changed"]],
  },
  {
    what: "an image for the job",
    label: `HelmChart ${shop}`,
    patch: [{ op: "add", path: "/spec/jobImage", value: "evil.example/helm" }],
    seen: [["spec.jobImage", "added"]],
  },
  {
    what: "other values",
    label: `HelmChart ${shop}`,
    patch: [{ op: "replace", path: "/spec/valuesContent", value: "replicas: 9\n" }],
    seen: [["spec.valuesContent", "changed"]],
  },
  {
    what: "other secrets",
    label: `Secret ${shop}-values`,
    patch: [{ op: "replace", path: "/data/values.yaml", value: "e30K" }],
    seen: [["data.values.yaml", "changed"]],
  },
  {
    what: "one more key in the Secret",
    label: `Secret ${shop}-values`,
    patch: [{ op: "add", path: "/data/more", value: "e30K" }],
    seen: [["data.more", "added"]],
  },
  {
    // another host or a default backend is refused by the admission policies
    what: "another path",
    label: `Ingress ${acme}/${acme}-shop`,
    patch: [{ op: "replace", path: "/spec/rules/0/http/paths/0/path", value: "/elsewhere" }],
    seen: [["spec.rules", "changed"]],
  },
  {
    what: "plain HTTP",
    label: `Ingress ${acme}/${acme}-shop`,
    patch: [
      {
        op: "replace",
        path: "/metadata/annotations/traefik.ingress.kubernetes.io~1router.entrypoints",
        value: "web",
      },
    ],
    seen: [["metadata.annotations.traefik.ingress.kubernetes.io/router.entrypoints", "changed"]],
  },
  {
    what: "everybody behind the VPN",
    label: `Middleware ${acme}/${acme}-intranet-private`,
    patch: [{ op: "replace", path: "/spec/ipAllowList/sourceRange", value: ["0.0.0.0/0"] }],
    seen: [["spec.ipAllowList.sourceRange", "changed"]],
  },
  {
    what: "another address than the client's",
    label: `Middleware ${acme}/${acme}-intranet-private`,
    patch: [{ op: "add", path: "/spec/ipAllowList/ipStrategy", value: { depth: 1 } }],
    seen: [["spec.ipAllowList.ipStrategy", "added"]],
  },
];

describe("a live edit is seen with its path and who made it, and mended", () => {
  test.each(edits)("$what ($label)", async ({ label, patch, seen, takesAway = false }) => {
    const manifest = find(label);
    await editAs("kubectl-edit", manifest, patch);
    const { differences, conflicts } = compareObject(manifest, await read(manifest));
    expect(differences.map(({ place, type }) => [place.text, type])).toEqual(seen);
    for (const { holders, owned } of differences) {
      expect(owned).toBe(false);
      expect(holders.map(({ manager }) => manager)).toEqual(takesAway ? [] : ["kubectl-edit"]);
      expect(holders.every(({ at }) => at !== undefined)).toBe(true);
    }
    const predicted = conflicts.map(({ manager, field }) => `${manager} ${field}`);
    const answer = await client.apply(manifest, { dryRun: true });
    const refused = answer.type === "conflict" ? answer.conflicts : [];
    expect(predicted).toEqual(refused.map(({ manager, field }) => `${manager} ${field}`));
    expect(await repair(manifest)).toEqual([]);
  });
});

describe("what is nobody's business", () => {
  test.each([
    [
      "an annotation of a controller",
      `HelmChart ${shop}`,
      "/metadata/annotations",
      { "made.up/by": "controller" },
    ],
    ["a label of somebody else", `Namespace ${acme}`, "/metadata/labels/made.up~1team", "blue"],
    ["a finalizer", `HelmChart ${shop}`, "/metadata/finalizers", ["made.up/finalizer"]],
  ])("%s", async (...[, label, path, value]) => {
    const manifest = find(label);
    await editAs("some-controller", manifest, [{ op: "add", path, value }]);
    expect(compareObject(manifest, await read(manifest)).differences).toEqual([]);
    if (path === "/metadata/finalizers") await editAs("x", manifest, [{ op: "remove", path }]);
  });
});

test("the same value by another manager is no difference: we own it both", async () => {
  const manifest = find(`HelmChart ${shop}`);
  const spec = manifest["spec"] as { version: string };
  await editAs("kubectl-edit", manifest, [{ op: "replace", path: "/spec/version", value: "9.9.9" }]);
  await client.apply(manifest, { force: true });
  const { status } = await cluster().request({
    method: "PATCH",
    path: `${pathOf(manifest)}?fieldManager=other&force=true`,
    contentType: "application/apply-patch+yaml",
    body: {
      apiVersion: manifest.apiVersion,
      kind: manifest.kind,
      metadata: { name: manifest.metadata.name },
      spec: { version: spec.version },
    },
  });
  expect(status).toBe(200);
  expect(compareObject(manifest, await read(manifest)).differences).toEqual([]);
  // and then git says something else: the server would call it a conflict, and so do we
  const newer = { ...manifest, spec: { ...spec, version: "2.0.0" } };
  const { conflicts, differences } = compareObject(newer, await read(manifest));
  expect(conflicts).toEqual([{ manager: "other", field: "spec.version" }]);
  expect(differences).toMatchObject([{ owned: true, type: "changed" }]);
  expect(await client.apply(newer, { dryRun: true })).toEqual({ type: "conflict", conflicts });
});

test("a value edited there and back is ours no longer, and comes back with the next apply", async () => {
  const manifest = find(`ResourceQuota ${acme}/workspace-quota`);
  const path = "/spec/hard/requests.cpu";
  await editAs("kubectl-edit", manifest, [{ op: "replace", path, value: "9" }]);
  await editAs("kubectl-edit", manifest, [{ op: "replace", path, value: "8" }]);
  const { differences, conflicts } = compareObject(manifest, await read(manifest));
  expect(differences.map(({ place, type }) => [place.text, type])).toEqual([
    ["spec.hard.requests.cpu", "unowned"],
  ]);
  expect(conflicts).toEqual([]);
  expect(await repair(manifest)).toEqual([]);
});

test("a field that git drops is released, and goes", async () => {
  const manifest = find(`HelmChart ${shop}`);
  const { forceConflicts: _, ...spec } = manifest["spec"] as Record<string, unknown>;
  const smaller: Manifest = { ...manifest, spec };
  const { differences } = compareObject(smaller, await read(manifest));
  expect(differences.map(({ place, type }) => [place.text, type])).toEqual([
    ["spec.forceConflicts", "released"],
  ]);
  expect(await repair(smaller)).toEqual([]);
  expect((await read(manifest))["spec"]).not.toHaveProperty("forceConflicts");
  await client.apply(manifest);
});

test("who clears managedFields hides nothing", async () => {
  const manifest = find(policy);
  await editAs("kubectl-edit", manifest, [
    { op: "add", path: "/metadata/managedFields", value: [{}] },
    { op: "add", path: "/spec/ingress", value: [{}] },
  ]);
  const traefik = find(`NetworkPolicy ${acme}/allow-acme-solvers`);
  await editAs("kubectl-edit", traefik, [{ op: "add", path: "/spec/egress", value: [{}] }]);
  await editAs("kubectl-edit", traefik, [{ op: "add", path: "/metadata/managedFields", value: [{}] }]);
  for (const one of [manifest, traefik]) {
    expect(compareObject(one, await read(one)).state).toBe("changed");
    expect(await repair(one)).toEqual([]);
  }
  expect((await read(traefik))["spec"]).not.toHaveProperty("egress");
});

test("keyed lists are compared item by item", async () => {
  const deployment: Manifest = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "keyed", namespace: acme, labels: { a: "b" } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: "keyed" } },
      template: {
        metadata: { labels: { app: "keyed" } },
        spec: {
          containers: [
            {
              name: "main",
              image: "made.up/image:1",
              env: [
                { name: "A", value: "1" },
                { name: "B", value: "2" },
              ],
              ports: [{ containerPort: 80, protocol: "TCP" }],
            },
          ],
        },
      },
    },
  };
  await client.apply(deployment);
  expect(compareObject(deployment, await read(deployment)).differences).toEqual([]);
  const container = "/spec/template/spec/containers/0";
  await editAs("kubectl-edit", deployment, [
    { op: "replace", path: `${container}/env/1/value`, value: "3" },
    { op: "add", path: `${container}/env/-`, value: { name: "C", value: "4" } },
  ]);
  const seen = compareObject(deployment, await read(deployment));
  const at = 'spec.template.spec.containers[name="main"].env[name="B"].value';
  expect(seen.differences.map(({ place }) => place.text)).toEqual([at]);
  expect(seen.conflicts).toEqual([{ manager: "kubectl-edit", field: at }]);
  expect(await client.apply(deployment, { dryRun: true })).toEqual({
    type: "conflict",
    conflicts: seen.conflicts,
  });
  expect(await repair(deployment)).toEqual([]);
});
