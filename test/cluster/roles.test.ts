import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { roles } from "../../src/model/workspace.ts";
import { cellKey, readRoleTable } from "../support/role-table.ts";
import type { Cell } from "../support/role-table.ts";
import { runWoow } from "../support/woow.ts";
import { mustRequest } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";

const cluster = useCluster({ components: "api", audit: false });
let platform: TestPlatform;
let cells: readonly Cell[];

/** What docs/roles.md says, which nobody made from our code. */
const said = readRoleTable();
const everybody = said.get("everybody") ?? new Set<string>();

const verbs =
  "get list watch create update patch delete deletecollection bind escalate impersonate use".split(" ");

/** Names that authorization knows and no list of the API server's has, and what other parts of K3s serve. */
const unlisted = [
  "/users",
  "/groups",
  "/uids",
  "/*",
  "*/*",
  "*/secrets",
  "/pods/*",
  "/nodes/log",
  "/nodes/metrics",
  "/nodes/stats",
  "authentication.k8s.io/userextras/scopes",
  "certificates.k8s.io/signers",
  "metrics.k8s.io/nodes",
  "metrics.k8s.io/pods",
  "gateway.networking.k8s.io/httproutes",
  "cert-manager.io/challenges",
  "k3s.cattle.io/addons",
];

const mustBeAsked = [
  "/configmaps",
  "/namespaces",
  "/nodes/proxy",
  "/pods/attach",
  "/pods/ephemeralcontainers",
  "/pods/exec",
  "/pods/portforward",
  "/pods/proxy",
  "/secrets",
  "/serviceaccounts/token",
  "helm.cattle.io/helmcharts",
  "networking.k8s.io/networkpolicies",
  "paas.woowtech.com/services/rollback",
  "rbac.authorization.k8s.io/rolebindings",
  "traefik.io/middlewares",
];

const places = ["paas-ws-b", "paas-charts", "paas-system", "kube-system", "default", "a-namespace-to-be", ""];

/** Who asks; everybody who logged in is in the group of those who did. */
interface Asker {
  readonly user: string;
  readonly groups?: readonly string[];
}

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-roles-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { a: 0, b: 0 } });
  const member = (user: string, role: string) => `  - { user: ${user}, role: ${role} }\n`;
  const inA = roles.map((role) => member(`${role}@a.example`, role)).join("");
  const write = async (id: string, members: string) =>
    writeFile(
      join(dir, `workspaces/${id}/workspace.yaml`),
      `kind: Workspace\nname: ${id}\nmembers:\n${members}`,
    );
  await write("a", inA + member("both@a.example", "owner"));
  await write("b", member("owner@b.example", "owner") + member("both@a.example", "viewer"));
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath };
  const applied = await runWoow(["apply", "--yes"], { cwd: dir, env });
  expect([applied.stderr, applied.status]).toEqual(["", 0]);
  cells = await listCells();
});

afterAll(async () => rm(platform.dir, { recursive: true, force: true }));

test("the API server's lists have what tenants are kept from", () => {
  const asked = new Set(cells.map(({ group, resource }) => `${group}/${resource}`));
  for (const name of mustBeAsked) expect(asked, name).toContain(name);
  for (const held of [...said.values()].flatMap((one) => [...one]))
    expect(cells.map(cellKey)).toContain(held);
});

test.each(roles)(
  "a workspace's %s may in it what docs/roles.md says, cell by cell, and no more",
  async (role) => {
    const expected = new Set([...(said.get(role) ?? []), ...everybody]);
    expect(await ask({ user: `paas:${role}@a.example` }, "paas-ws-a")).toEqual(expected);
  },
);

test.each(places)("whatever the role in a workspace, it holds nothing in %j", async (place) => {
  for (const role of roles) expect(await ask({ user: `paas:${role}@a.example` }, place)).toEqual(everybody);
});

test("who owns one workspace and looks at another only looks at the other", async () => {
  const expected = new Set([...(said.get("viewer") ?? []), ...everybody]);
  expect(await ask({ user: "paas:both@a.example" }, "paas-ws-b")).toEqual(expected);
});

test.each(["paas-ws-a", ...places])(
  "the default ServiceAccount of a tenant holds in %j what everybody holds",
  async (place) => {
    const groups = ["system:serviceaccounts", "system:serviceaccounts:paas-ws-a"];
    const user = "system:serviceaccount:paas-ws-a:default";
    expect(await ask({ user, groups }, place)).toEqual(everybody);
  },
);

// no pod needs them: chart jobs and the operator have accounts of their own
test.each(
  ["paas-charts", "paas-system"].flatMap((own) =>
    [own, "paas-ws-a", ""].map((place) => [own, place] as const),
  ),
)("the default ServiceAccount of %s holds in %j what everybody holds", async (own, place) => {
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${own}`];
  expect(await ask({ user: `system:serviceaccount:${own}:default`, groups }, place)).toEqual(everybody);
});

test("a login without the prefix holds nothing, nor does a group of that name", async () => {
  const asker = { user: "owner@a.example", groups: ["paas:owner@a.example", "owner@a.example"] };
  expect(await ask(asker, "paas-ws-a")).toEqual(everybody);
});

test("of paths without a resource a member gets versions, health and lists of what is served", async () => {
  const open = ["/api", "/apis", "/healthz", "/livez", "/readyz", "/openapi/v3", "/version"];
  const closed = ["/metrics", "/logs", "/debug/pprof", "/configz", "/statusz", "/flagz", "/"];
  const allowed = await Promise.all(
    [...open, ...closed].map(async (path) => {
      const nonResourceAttributes = { path, verb: "get" };
      return (await isAllowed({ user: "paas:owner@a.example" }, { nonResourceAttributes }))
        ? path
        : undefined;
    }),
  );
  expect(allowed.filter((path) => path !== undefined)).toEqual(open);
});

test("an administrator may do all of it: what is refused is refused to the member", async () => {
  const asker = { user: "admin", groups: ["system:masters"] };
  expect(await ask(asker, "paas-charts")).toEqual(new Set(cells.map(cellKey)));
});

/** Every resource the API server serves, its subresources and ours that are only names, with every verb. */
async function listCells(): Promise<Cell[]> {
  const get = async <T>(path: string) => mustRequest<T>(cluster(), { method: "GET", path });
  const { groups } = await get<{ groups: { name: string; versions: { groupVersion: string }[] }[] }>("/apis");
  const versions = groups.flatMap(({ name, versions: served }) =>
    served.map(({ groupVersion }) => ({ group: name, path: `/apis/${groupVersion}` })),
  );
  const names = await Promise.all(
    [{ group: "", path: "/api/v1" }, ...versions].map(async ({ group, path }) => {
      const { resources } = await get<{ resources: { name: string }[] }>(path);
      return resources.map(({ name }) => `${group}/${name}`);
    }),
  );
  const virtual = [...said.values()].flatMap((held) => [...held].map((key) => key.split(" ")[1] ?? ""));
  const all = [...new Set([...names.flat(), ...unlisted, ...virtual])];
  return all.flatMap((name) => {
    const group = name.slice(0, name.indexOf("/"));
    const resource = name.slice(name.indexOf("/") + 1);
    return verbs.map((verb) => ({ group, resource, verb }));
  });
}

/** The cells the API server says yes to; no namespace is the whole cluster. */
async function ask(asker: Asker, namespace: string): Promise<Set<string>> {
  const answers = await Promise.all(
    cells.map(async (cell) => {
      const [resource, subresource] = splitOnce(cell.resource);
      const { group, verb } = cell;
      const resourceAttributes = { namespace, group, resource, subresource, verb };
      return (await isAllowed(asker, { resourceAttributes })) ? cellKey(cell) : undefined;
    }),
  );
  return new Set(answers.filter((key) => key !== undefined));
}

async function isAllowed({ user, groups = [] }: Asker, what: object): Promise<boolean> {
  const { status } = await mustRequest<{ status: { allowed: boolean } }>(cluster(), {
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    body: { spec: { user, groups: ["system:authenticated", ...groups], ...what } },
  });
  return status.allowed;
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf("/");
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
