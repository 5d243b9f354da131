import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { operatorRules } from "../../src/constructs/operator-role.ts";
import { runWoow } from "../support/woow.ts";
import { mustRequest } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { AuditEvent } from "./test-cluster.ts";
import { useCluster } from "./use-cluster.ts";

const cluster = useCluster();
const account = { namespace: "default", name: "woow-ci" };
const user = `system:serviceaccount:${account.namespace}:${account.name}`;

test("a service's whole life with exactly the published rights, and no right is there in vain", async () => {
  const post = async (path: string, body: object) => mustRequest(cluster(), { method: "POST", path, body });
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  await post(`/api/v1/namespaces/${account.namespace}/serviceaccounts`, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: account,
  });
  const role = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "published-rights" };
  await post(`${rbac}/clusterroles`, { metadata: { name: role.name }, rules: operatorRules });
  await post(`${rbac}/clusterrolebindings`, {
    metadata: { name: role.name },
    roleRef: role,
    subjects: [{ kind: "ServiceAccount", ...account }],
  });

  const dir = mkdtempSync(join(tmpdir(), "woow-role-"));
  const mark = await cluster().auditMark();
  try {
    const platform = await writeTestPlatform({
      dir,
      cluster: cluster(),
      workspaces: { a: 1, b: 1 },
      databases: ["a"],
      more: `records: cluster
reconcile:
  image: registry.example.com/woow:0.1.0
  git: https://git.example.com/platform.git
`,
    });
    const env = {
      ...platform.env,
      KUBECONFIG: await cluster().kubeconfigForServiceAccount(account),
      WOOW_LOCK_TERM: "5",
    };
    const woow = async (status: number, ...args: string[]) => {
      const ran = await runWoow([...args, "-C", dir], { cwd: dir, env });
      expect(ran.status, `woow ${args.join(" ")}\n${ran.stdout}${ran.stderr}`).toBe(status);
    };
    const database = join(dir, "workspaces/a/db-01.yaml");
    copyFileSync(database, join(dir, "kept"));
    await woow(0, "apply", "--yes");
    await woow(0, "status");
    await woow(0, "logs", "a/web-01");
    await woow(0, "restart", "a/web-01", "--yes");
    await woow(0, "destroy", "a/db-01", "--keep-data", "--yes");
    await woow(0, "volumes", "list");
    copyFileSync(join(dir, "kept"), database);
    await woow(0, "apply", "--yes");
    await woow(0, "destroy", "a/db-01", "--delete-data", "--confirm", "a/db-01", "--yes");
    rmSync(join(dir, "workspaces/b"), { recursive: true });
    await woow(0, "apply", "--yes", "--remove-workspace", "b", "--prune-budget", "5");
    await runWoow(["doctor", "-C", dir], { cwd: dir, env });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  const asked = (await cluster().auditSince(mark)).filter((event) => event.user === user);
  const refused = asked.filter(({ code }) => code === 403);
  // apply asks until the admission policies refuse their probe
  const probe = "create /api/v1/namespaces/paas-system/configmaps?fieldManager=woow&dryRun=All";
  expect(refused.map(({ verb, uri }) => `${verb} ${uri}`)).toEqual([probe]);
  const used = new Set(asked.map(rightOf));
  const idle = listRights().filter((right) => !used.has(right) && !usedElsewhere(right));
  expect(idle).toEqual([]);
}, 600_000);

function listRights(): string[] {
  return operatorRules
    .filter(({ resourceNames }) => resourceNames === undefined)
    .flatMap(({ apiGroups = [], resources = [], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
      ),
    );
}

/** What this test's platform has no occasion for. */
function usedElsewhere(right: string): boolean {
  const [verb = "", resource = ""] = right.split(" ");
  // reconcile and --watch; a single read goes with a list of the same kind
  if (verb === "watch" || (verb === "get" && resource !== "/pods/log")) return true;
  // the API server wants it beside patch when the object is not there yet, and logs the patch alone
  if (verb === "create") return listRights().includes(`patch ${resource}`);
  // an object of the kind is dropped from a unit that stays
  if (verb === "delete" && listRights().includes(`create ${resource}`)) return true;
  return [
    // a platform with private services, and one that manages Traefik
    ...["list", "patch"].flatMap((one) => [
      `${one} traefik.io/middlewares`,
      `${one} helm.cattle.io/helmchartconfigs`,
    ]),
    // restart
    "patch apps/daemonsets",
    "patch apps/statefulsets",
    // retry
    "delete batch/jobs",
    // a certificate that is not ready: domain.test.ts
    "list cert-manager.io/certificaterequests",
    "list acme.cert-manager.io/orders",
    "list acme.cert-manager.io/challenges",
    // a chart job that does not end beside a removal
    "patch batch/jobs",
    // volumes delete
    "delete /persistentvolumes",
    "patch /persistentvolumeclaims",
    // the commit that reconcile remembers
    "patch /configmaps",
  ].includes(right);
}

/** `verb group/resource/subresource` of a request. */
function rightOf({ verb, uri }: AuditEvent): string {
  const [path = ""] = uri.split("?");
  const parts = path.split("/").filter((part) => part !== "");
  const isCore = parts[0] === "api";
  const group = isCore ? "" : (parts[1] ?? "");
  const rest = parts.slice(isCore ? 2 : 3);
  const [resource = "", , subresource] = rest[0] === "namespaces" && rest.length > 2 ? rest.slice(2) : rest;
  return `${verb} ${group}/${resource}${subresource === undefined ? "" : `/${subresource}`}`;
}
