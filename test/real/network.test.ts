import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { decide } from "../network/engine.ts";
import type { Flow } from "../network/engine.ts";
import { printMatrix, question } from "../network/matrix.ts";
import { mutate } from "../network/mutations.ts";
import { policiesOf, synthesize, threeTenants } from "../network/world.ts";
import type { Policy } from "../network/world.ts";
import { openingRules, sampleAdmittedSets } from "../network/chart-policies.ts";
import { edit } from "../support/builders.ts";
import { goTool } from "../support/go-tool.ts";
import type { GoTool } from "../support/go-tool.ts";

let engine: GoTool = { skip: "not asked yet" };
let emitted: readonly Policy[] = [];

beforeAll(async () => {
  engine = await goTool("network-policies");
  emitted = policiesOf(await synthesize(threeTenants));
}, 900_000);

beforeEach(({ skip }) => {
  if ("skip" in engine) skip(engine.skip);
});

const program = (): string => ("path" in engine ? engine.path : "");
const ask = async (sets: readonly (readonly Policy[])[]) => decide(program(), question, sets);
const { peers, traffic } = question;
const namespaceOf = (peer: string): string => peers[peer]?.pod?.namespace ?? "";
const isTenant = (peer: string): boolean => namespaceOf(peer).startsWith("paas-ws-");
const isControl = (peer: string): boolean => ["paas-charts", "paas-system"].includes(namespaceOf(peer));
const describeFlow = ({ from, to, port, protocol }: Flow): string => `${from} -> ${to} ${port}/${protocol}`;
const allowed = (verdicts: readonly boolean[] | undefined): Flow[] =>
  traffic.filter((_, index) => verdicts?.[index] === true);
/** What gets through that did not before. */
const opened = (before: readonly boolean[] | undefined, after: readonly boolean[] | undefined): string[] =>
  traffic.filter((_, index) => after?.[index] === true && before?.[index] !== true).map(describeFlow);

test("who reaches whom over three tenants is the matrix of docs/network.md", async () => {
  // the matcher and Kubernetes differ in NotIn for pods without the label, so nothing may rest on expressions
  expect(JSON.stringify(emitted)).not.toContain("matchExpressions");
  const [verdicts = []] = await ask([emitted]);
  const path = join(import.meta.dirname, "..", "..", "docs", "network.md");
  const page = readFileSync(path, "utf8");
  const [block = "", shown] = /```text matrix\n([\s\S]*?)```/.exec(page) ?? [];
  const matrix = printMatrix(verdicts);
  if (process.env["UPDATE_DOCS"] === "1")
    writeFileSync(path, page.replace(block, `\`\`\`text matrix\n${matrix}\`\`\``));
  else expect(matrix).toBe(shown);
});

test("a tenant's pod reaches its own namespace, DNS and the internet; no other tenant, node, Service or metadata address", async () => {
  const [verdicts] = await ask([emitted]);
  const out = allowed(verdicts).filter(
    ({ from, to }) => isTenant(from) && namespaceOf(from) !== namespaceOf(to),
  );
  const outside = ["repository", "git server", "internet", "a private host"];
  expect([
    ...new Set(out.filter(({ to }) => !outside.includes(to)).map(({ to, port }) => `${to} ${port}`)),
  ]).toEqual(["CoreDNS 53"]);
});

test("no port at all is open between tenants, in either direction", async () => {
  const pods = Object.keys(peers).filter(isTenant);
  const ports = [1, 22, 53, 80, 443, 3000, 5432, 6379, 8080, 8089, 9090, 10_250, 65_535];
  const between = pods.flatMap((from) =>
    pods
      .filter((to) => namespaceOf(to) !== namespaceOf(from))
      .flatMap((to) =>
        ports.flatMap((port) => (["TCP", "UDP"] as const).map((protocol) => ({ from, to, port, protocol }))),
      ),
  );
  const [verdicts = []] = await decide(program(), { peers, traffic: between }, [emitted]);
  expect(verdicts.length).toBeGreaterThan(1000);
  expect(between.filter((_, index) => verdicts[index]).map(describeFlow)).toEqual([]);
});

test("Traefik alone comes in from outside a tenant, at published ports and ACME solvers only", async () => {
  const [verdicts] = await ask([emitted]);
  const incoming = allowed(verdicts).filter(
    ({ from, to }) => isTenant(to) && namespaceOf(from) !== namespaceOf(to),
  );
  expect(incoming.map(describeFlow)).toEqual([
    "Traefik -> acme app 8080/TCP",
    // which pods are the service's only its chart knows
    "Traefik -> acme cache 8080/TCP",
    "Traefik -> acme solver 8089/TCP",
    "Traefik -> bolt app 3000/TCP",
    "Traefik -> bolt solver 8089/TCP",
    "Traefik -> cafe solver 8089/TCP",
  ]);
});

test("chart jobs and reconcile reach DNS, the API server, repositories and git, and no pod of a tenant's", async () => {
  const [verdicts] = await ask([emitted]);
  const out = (pod: string) =>
    allowed(verdicts)
      .filter(({ from }) => from === pod)
      .map(({ to, port, protocol }) => `${to} ${port}/${protocol}`);
  const both = [
    "CoreDNS 53/UDP",
    "CoreDNS 53/TCP",
    "API Service 443/TCP",
    "node 6443/TCP",
    // by port, not by address: repositories move between addresses
    "node 443/TCP",
    "repository 443/TCP",
    "repository 8443/TCP",
    "internet 443/TCP",
    "a private host 443/TCP",
  ];
  expect(out("chart job")).toEqual(both);
  expect(out("reconcile").filter((flow) => flow !== "git server 2222/TCP")).toEqual(both);
  expect(out("reconcile")).toContain("git server 2222/TCP");
});

test("IPv6 is closed in both directions for tenants, chart jobs and reconcile", async () => {
  const sixth = { ...peers, "node by IPv6": { address: "2001:db8::2" } };
  const pods = Object.keys(peers).filter((peer) => isTenant(peer) || isControl(peer));
  const far = ["node by IPv6", "internet by IPv6"];
  const flows = pods.flatMap((from) =>
    far.flatMap((to) =>
      [80, 443, 6443, 8080].flatMap((port): Flow[] => [
        { from, to, port, protocol: "TCP" },
        { from: to, to: from, port, protocol: "TCP" },
      ]),
    ),
  );
  const [verdicts] = await decide(program(), { peers: sixth, traffic: flows }, [emitted]);
  expect(verdicts).toEqual(flows.map(() => false));
});

test("default-deny alone lets nothing in or out", async () => {
  const alone = emitted.filter(({ metadata }) => metadata.name === "default-deny");
  expect(alone).toHaveLength(5);
  const [verdicts] = await ask([alone]);
  expect(
    allowed(verdicts).filter(({ from, to }) => [from, to].some((peer) => isTenant(peer) || isControl(peer))),
  ).toEqual([]);
});

test("every policy, rule, peer, exception and port that is removed, widened or moved shows in the matrix", async () => {
  const mutations = mutate(emitted);
  const [base, ...changed] = await ask([emitted, ...mutations.map(({ policies }) => policies)]);
  expect(mutations.length).toBeGreaterThan(300);
  const unseen = mutations.filter((_, index) => String(changed[index]) === String(base));
  // these change nothing while the namespace's other policies stand; what default-deny holds alone is shown above
  const hasIngressPolicy = ["paas-system", "paas-ws-acme", "paas-ws-bolt", "paas-ws-cafe"];
  expect(unseen.map(({ what }) => what).sort()).toEqual(
    [
      "paas-charts/default-deny without egress",
      ...hasIngressPolicy.flatMap((namespace) =>
        ["for other pods", "removed", "without egress", "without ingress"].map(
          (what) => `${namespace}/default-deny ${what}`,
        ),
      ),
    ].sort(),
  );
});

test("node_cidrs left out closes every private range; given, it replaces them", async () => {
  const range = '    node_cidrs: [198.51.100.0/28, "2001:db8::/64"]\n';
  const without = policiesOf(await synthesize(edit(threeTenants, "platform.yaml", [range, ""])));
  const [given, left] = await ask([emitted, without]);
  const reached = (verdicts: readonly boolean[] | undefined, to: string) =>
    allowed(verdicts).some((flow) => isTenant(flow.from) && flow.to === to);
  expect(["a private host", "node"].map((to) => reached(given, to))).toEqual([true, false]);
  // a node with a public address: what the warning of validate is about
  expect(["a private host", "node"].map((to) => reached(left, to))).toEqual([false, true]);
});

test("a wrong pod_cidr opens pods of the operator's to tenants, but no tenant to another", async () => {
  const files = edit(threeTenants, "platform.yaml", ["pod_cidr: 10.52.0.0/16", "pod_cidr: 10.42.0.0/16"]);
  const [right, wrong] = await ask([emitted, policiesOf(await synthesize(files))]);
  const more = opened(right, wrong);
  expect(more).toContain("acme app -> metrics-server 10250/TCP");
  const targets = new Set(more.map((flow) => flow.replace(/^.* -> (.*) \d+\/\w+$/, "$1")));
  expect([...targets].filter(isTenant)).toEqual([]);
});

/** What charts bring along that allow "external" traffic by default, as Bitnami's do. */
const chartPolicy: Policy = {
  metadata: { name: "cache", namespace: "paas-ws-acme" },
  spec: {
    podSelector: { matchLabels: { app: "cache" } },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ ports: [{ port: 6379, protocol: "TCP" }] }],
    egress: [{}],
  },
};

test("a chart's own NetworkPolicy of the usual kind would open its tenant, which is why admission refuses it", async () => {
  const [before, after] = await ask([emitted, [...emitted, chartPolicy]]);
  const more = opened(before, after);
  expect(more).toContain("metrics-server -> acme cache 6379/TCP");
  expect(more).toContain("internet -> acme cache 6379/TCP");
});

test("policies that admission lets charts and tenants make open nothing, 500 generated sets", async () => {
  const sets = sampleAdmittedSets(500);
  const [base, ...others] = await ask([emitted, ...sets.map((set) => [...emitted, ...set])]);
  const faults = sets.flatMap((set, index) => {
    const more = opened(base, others[index]);
    return more.length === 0 ? [] : [{ set, more }];
  });
  expect(faults).toEqual([]);
});

test.each(openingRules)("what admission refuses in a rule opens the tenant: %s", async (_, rule) => {
  const ingress: Policy = {
    metadata: chartPolicy.metadata,
    spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [rule] },
  };
  const { from, ...rest } = rule;
  const egress: Policy = {
    metadata: { name: "out", namespace: "paas-ws-bolt" },
    spec: {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [{ ...rest, ...(from === undefined ? {} : { to: from }) }],
    },
  };
  const [base, open] = await ask([emitted, [...emitted, ingress, egress]]);
  expect(opened(base, open)).toContain("bolt app -> acme cache 6379/TCP");
});
