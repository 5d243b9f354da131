import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { list, mustRequest } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { solverLabels, solverPod } from "./solver-pod.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster({ components: "controllers" });
let platform: TestPlatform;
const group = "/apis/admissionregistration.k8s.io/v1";

const host = "a-moved.apps.example.com";

/** The objects cert-manager 1.21 makes to prove a host (its pkg/issuer/acme/http), by collection. */
const solverObjects = (serviceType: string) =>
  [
    ["/api/v1/namespaces/paas-ws-a/pods", solverPod(host)],
    [
      "/api/v1/namespaces/paas-ws-a/services",
      {
        metadata: {
          generateName: "cm-acme-http-solver-",
          labels: solverLabels,
          annotations: { "auth.istio.io/8089": "NONE" },
        },
        spec: {
          type: serviceType,
          ports: [{ name: "http", port: 8089, targetPort: 8089 }],
          selector: solverLabels,
        },
      },
    ],
    [
      "/apis/networking.k8s.io/v1/namespaces/paas-ws-a/ingresses",
      {
        metadata: {
          generateName: "cm-acme-http-solver-",
          labels: solverLabels,
          annotations: { "nginx.ingress.kubernetes.io/whitelist-source-range": "0.0.0.0/0,::/0" },
        },
        spec: {
          ingressClassName: "traefik",
          rules: [
            {
              host,
              http: {
                paths: [
                  {
                    path: "/.well-known/acme-challenge/made-up",
                    pathType: "Exact",
                    backend: { service: { name: "cm-acme-http-solver-abcde", port: { number: 8089 } } },
                  },
                ],
              },
            },
          ],
        },
      },
    ],
  ] as const;

interface Policy {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly typeChecking?: { readonly expressionWarnings?: readonly { readonly warning: string }[] };
  };
}

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-admission-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { a: 1 } });
});

afterAll(async () => rm(platform.dir, { recursive: true, force: true }));

async function woow(...args: string[]): Promise<Ran> {
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath };
  return runWoow(args, { cwd: platform.dir, env });
}

test("the first apply goes on to tenants when the API server acts on the policies", async () => {
  const mark = await cluster().auditMark();
  const applied = await woow("apply", "--yes", "--wait=false");
  expect([applied.stdout, applied.stderr, applied.status]).toEqual([expect.any(String), "", 0]);
  const events = await cluster().auditSince(mark, { user: "admin" });
  const probes = events.filter(({ uri }) => uri.startsWith("/api/v1/namespaces/paas-system/configmaps?"));
  expect(probes.map(({ code }) => code)).toContain(403);
});

test("the API server finds nothing to say about any expression", async () => {
  const policies = async () => list<Policy>(cluster(), `${group}/validatingadmissionpolicies`);
  await waitUntil("the type checks", async () =>
    (await policies()).every(
      ({ metadata, status }) =>
        status?.observedGeneration === metadata.generation && status.typeChecking !== undefined,
    ),
  );
  expect((await policies()).length).toBeGreaterThan(10);
  const warnings = (await policies()).flatMap(({ metadata, status }) =>
    (status?.typeChecking?.expressionWarnings ?? []).map(({ warning }) => `${metadata.name}: ${warning}`),
  );
  expect(warnings).toEqual([]);
});

test("a second apply finds nothing to do and does not probe", async () => {
  const mark = await cluster().auditMark();
  const again = await woow("apply", "--yes", "--wait=false");
  expect([again.status, again.stdout]).toEqual([0, "nothing to change\n"]);
  const events = await cluster().auditSince(mark, { user: "admin" });
  expect(events.filter(({ verb }) => !["get", "list", "watch"].includes(verb))).toEqual([]);
});

test("a new workspace beside policies of an earlier run: the API server is asked once, before its namespace is made", async () => {
  await mkdir(join(platform.dir, "workspaces/new"));
  await writeFile(join(platform.dir, "workspaces/new/workspace.yaml"), "kind: Workspace\nname: new\n");
  const mark = await cluster().auditMark();
  const applied = await woow("apply", "--yes", "--wait=false");
  expect([applied.stderr, applied.status]).toEqual(["", 0]);
  const events = (await cluster().auditSince(mark, { user: "admin" })).filter(
    ({ verb, uri }) =>
      (verb === "create" && /^\/api\/v1\/namespaces\/paas-system\/configmaps\?.*dryRun/.test(uri)) ||
      (verb === "patch" && uri.startsWith("/api/v1/namespaces/paas-ws-new?") && !uri.includes("dryRun")),
  );
  expect(events.map(({ verb, code }) => `${verb} ${code}`)).toEqual(["create 403", "patch 201"]);
});

test("an Ingress that is refused for a moment is written again, until it is allowed", async () => {
  const group = "/apis/admissionregistration.k8s.io/v1";
  const name = "refuse-for-a-while";
  const post = async (plural: string, spec: object) =>
    mustRequest(cluster(), {
      method: "POST",
      path: `${group}/${plural}`,
      body: { metadata: { name }, spec },
    });
  await post("validatingadmissionpolicies", {
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: ["networking.k8s.io"],
          apiVersions: ["v1"],
          operations: ["CREATE", "UPDATE"],
          resources: ["ingresses"],
        },
      ],
    },
    validations: [{ expression: "false", message: "not yet" }],
  });
  await post("validatingadmissionpolicybindings", { policyName: name, validationActions: ["Deny"] });
  const path = "/apis/networking.k8s.io/v1/namespaces/paas-ws-a/ingresses/paas-ws-a-web-01";
  const contentType = "application/merge-patch+json";
  await waitUntil("the refusal", async () => {
    const body = { metadata: { labels: { tried: "yes" } } };
    const tried = await cluster().request({ method: "PATCH", path: `${path}?dryRun=All`, body, contentType });
    return tried.status === 422;
  });

  const file = join(platform.dir, "workspaces/a/web-01.yaml");
  await writeFile(file, (await readFile(file, "utf8")).replace("subdomain: a-web-01", "subdomain: a-moved"));
  const mark = await cluster().auditMark();
  const writes = async () =>
    (await cluster().auditSince(mark, { user: "admin" }))
      .filter(({ verb, uri }) => verb === "patch" && uri.startsWith(path) && !uri.includes("dryRun"))
      .map(({ code }) => code);
  const running = woow("apply", "--yes", "--wait=false");
  await waitUntil("the first refused write", async () => (await writes()).length > 0);
  await mustRequest(cluster(), {
    method: "DELETE",
    path: `${group}/validatingadmissionpolicybindings/${name}`,
  });
  const moved = await running;
  expect([moved.stderr, moved.status]).toEqual(["", 0]);
  expect((await writes())[0]).toBe(422);
  expect((await writes()).at(-1)).toBe(200);
});

test.each(["ClusterIP", "NodePort"])(
  "what cert-manager makes to prove a host passes admission, quota and policies: Services of type %s",
  async (serviceType) => {
    const account = { kind: "ServiceAccount", name: "cert-manager", namespace: "default" };
    await cluster().request({
      method: "POST",
      path: "/api/v1/namespaces/default/serviceaccounts",
      body: { metadata: { name: account.name } },
    });
    await cluster().request({
      method: "POST",
      path: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
      body: {
        metadata: { name: "cert-manager" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "admin" },
        subjects: [account],
      },
    });
    const { status } = await mustRequest<{ status: { token: string } }>(cluster(), {
      method: "POST",
      path: "/api/v1/namespaces/default/serviceaccounts/cert-manager/token",
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [] } },
    });
    for (const [path, body] of solverObjects(serviceType)) {
      const answer = await cluster().request({ method: "POST", path, body, token: status.token });
      expect([path, answer.status, (answer.body as { message?: string }).message]).toEqual([
        path,
        201,
        undefined,
      ]);
    }
  },
);
