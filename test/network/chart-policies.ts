import fc from "fast-check";
import type { Policy, Rule } from "./world.ts";

/** A rule as admission lets a chart's policy have it: at least one peer, each of them pods of the own namespace. */
const labels = fc.constantFrom(
  undefined,
  { app: "web" },
  { app: "cache" },
  { "app.kubernetes.io/name": "traefik" },
);
const selector = labels.map((matchLabels) => (matchLabels === undefined ? {} : { matchLabels }));
const ports = fc.option(
  fc.array(
    fc.record({
      port: fc.constantFrom<number | string>(53, 80, 443, 3000, 6379, 8080, 8089, 9090, "main", "http"),
      protocol: fc.constantFrom("TCP", "UDP"),
    }),
    { maxLength: 3 },
  ),
  { nil: undefined },
);
const ownPeers = fc.array(
  selector.map((podSelector) => ({ podSelector })),
  { minLength: 1, maxLength: 3 },
);
const ruleOf = (key: "from" | "to") =>
  fc
    .record({ peers: ownPeers, ports })
    .map((rule): Rule => ({ [key]: rule.peers, ...(rule.ports === undefined ? {} : { ports: rule.ports }) }));
const admitted = fc
  .record({
    namespace: fc.constantFrom("paas-ws-acme", "paas-ws-bolt", "paas-ws-cafe"),
    podSelector: selector,
    policyTypes: fc.constantFrom(["Ingress"], ["Egress"], ["Ingress", "Egress"]),
    ingress: fc.array(ruleOf("from"), { maxLength: 3 }),
    egress: fc.array(ruleOf("to"), { maxLength: 3 }),
  })
  .map(({ namespace, ...spec }): Policy => ({
    metadata: { name: "made-by-a-chart", namespace },
    spec,
  }));

/** Sets of policies as charts may make them, the same in every run. */
export function sampleAdmittedSets(count: number): Policy[][] {
  return fc.sample(fc.array(admitted, { minLength: 1, maxLength: 6 }), { numRuns: count, seed: 20_261_123 });
}

/** Rules that admission refuses, each for a reason of its own. */
export const openingRules: readonly (readonly [why: string, rule: Rule])[] = [
  ["no peers", {}],
  ["an empty list of peers", { from: [] }],
  ["other namespaces", { from: [{ namespaceSelector: {} }] }],
  ["an address range", { from: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }],
  ["pods of other namespaces", { from: [{ namespaceSelector: {}, podSelector: {} }] }],
];
