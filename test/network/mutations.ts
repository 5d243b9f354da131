import type { Policy, PolicyPeer, PolicyPort, Rule } from "./world.ts";

/** A set of policies with one thing taken away, widened or narrowed, and what it was. */
export interface Mutation {
  readonly what: string;
  readonly policies: readonly Policy[];
}

type Change<T> = readonly [what: string, changed: T];
type Direction = "ingress" | "egress";

/** Every policy, direction, rule, peer, exception and port of a set changed, one at a time. */
export function mutate(policies: readonly Policy[]): Mutation[] {
  return policies.flatMap((policy, index) => {
    const name = `${policy.metadata.namespace}/${policy.metadata.name}`;
    const changes: Change<Policy | undefined>[] = [["removed", undefined], ...changePolicy(policy)];
    return changes.map(([what, changed]) => ({
      what: `${name} ${what}`,
      policies: policies.toSpliced(index, 1, ...(changed === undefined ? [] : [changed])),
    }));
  });
}

function changePolicy({ metadata, spec }: Policy): Change<Policy>[] {
  const withSpec = (more: Partial<Policy["spec"]>): Policy => ({ metadata, spec: { ...spec, ...more } });
  const other = { matchLabels: { "made-up": "label" } };
  return [
    ["for other pods", withSpec({ podSelector: other })],
    ...(spec.podSelector.matchLabels === undefined
      ? []
      : [["for every pod", withSpec({ podSelector: {} })] as const]),
    ...spec.policyTypes.flatMap((type): Change<Policy>[] => {
      const direction = type === "Ingress" ? "ingress" : "egress";
      const rules = spec[direction] ?? [];
      const { [direction]: _, ...rest } = spec;
      const left = { ...rest, policyTypes: spec.policyTypes.filter((one) => one !== type) };
      return [
        // a policy without types is one for ingress
        ...(left.policyTypes.length === 0
          ? []
          : [[`without ${direction}`, { metadata, spec: left }] as const]),
        [`${direction} open`, withSpec({ [direction]: [...rules, {}] })],
        ...rules.flatMap((rule, index) =>
          changeRule(rule, direction).map(([what, changed]): Change<Policy> => [
            `${direction}[${index}] ${what}`,
            withSpec({ [direction]: rules.toSpliced(index, 1, ...(changed === undefined ? [] : [changed])) }),
          ]),
        ),
      ];
    }),
  ];
}

function changeRule(rule: Rule, direction: Direction): Change<Rule | undefined>[] {
  const key = direction === "ingress" ? "from" : "to";
  const { ports = [] } = rule;
  const peers = rule[key] ?? [];
  const replacePeers = (changed: readonly PolicyPeer[]): Rule => ({ ...rule, [key]: changed });
  return [
    ["removed", undefined],
    ["without peers", replacePeers([])],
    ["with every pod", replacePeers([...peers, { namespaceSelector: {} }])],
    ["with every address", replacePeers([...peers, { ipBlock: { cidr: "0.0.0.0/0" } }])],
    ["for one port", { ...rule, ports: [{ port: 7, protocol: "TCP" }] }],
    ...(ports.length === 0 ? [] : [["without ports", { ...rule, ports: [] }] as const]),
    ...peers.flatMap((peer, index) =>
      changePeer(peer).map(([what, changed]): Change<Rule> => [
        `${key}[${index}] ${what}`,
        replacePeers(peers.toSpliced(index, 1, changed)),
      ]),
    ),
    ...ports.flatMap((port, index) =>
      changePort(port).map(([what, changed]): Change<Rule> => [
        `port ${port.port}/${port.protocol} ${what}`,
        { ...rule, ports: ports.toSpliced(index, 1, changed) },
      ]),
    ),
  ];
}

function changePeer({ podSelector, namespaceSelector, ipBlock }: PolicyPeer): Change<PolicyPeer>[] {
  if (ipBlock !== undefined) {
    const { cidr, except = [] } = ipBlock;
    return [
      ["for half the addresses", { ipBlock: { cidr: cidr.replace("/0", "/1"), except: [] } }],
      ...except.map((range): Change<PolicyPeer> => [
        `not except ${range}`,
        { ipBlock: { cidr, except: except.filter((one) => one !== range) } },
      ]),
    ];
  }
  const selectors = {
    ...(podSelector === undefined ? {} : { podSelector }),
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
  };
  const other = { matchLabels: { "made-up": "label" } };
  const { namespaceSelector: _, ...samePods } = selectors;
  return [
    ["with other pods", { ...selectors, podSelector: other }],
    ["in every namespace", { ...selectors, namespaceSelector: {} }],
    ...(namespaceSelector === undefined ? [] : [["in its own namespace", samePods] as const]),
    ...(podSelector?.matchLabels === undefined
      ? []
      : [["with every pod there", { ...selectors, podSelector: {} }] as const]),
  ];
}

function changePort(port: PolicyPort): Change<PolicyPort>[] {
  const other = port.protocol === "UDP" ? "TCP" : "UDP";
  return [
    ["moved", { ...port, port: 7 }],
    ["by the other protocol", { ...port, protocol: other }],
    ["of any number", { protocol: port.protocol ?? "TCP" }],
    ...(typeof port.port === "number" ? [["and above", { ...port, endPort: 65_535 }] as const] : []),
  ];
}
