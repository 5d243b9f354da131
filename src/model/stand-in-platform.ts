import type { Definition, Definitions } from "../definitions/definition.ts";
import { Source } from "../definitions/source.ts";

/**
 * Definitions with a platform that allows everything, for when platform.yaml itself is broken: the other files are
 * checked all the same, so that one run shows every problem. What is resolved against it is never used.
 */
export function withStandInPlatform(definitions: Definitions): Definitions {
  const names = [...definitions.workspaces.values()].map(({ value }) => value.cluster ?? "default");
  const cluster = { k3s_version: "v1.35.8+k3s1", node_cidrs: ["192.0.2.0/24"] };
  const platform: Definition<"Platform"> = {
    kind: "Platform",
    id: "platform",
    value: {
      kind: "Platform",
      name: "stand-in",
      domain: "stand-in.invalid",
      cluster_issuer: "stand-in",
      private_network: { source_ranges: ["192.0.2.0/24"] },
      clusters: Object.fromEntries(["default", ...names].map((name) => [name, cluster])),
    },
    source: new Source("platform.yaml", ""),
  };
  return { ...definitions, platform };
}
