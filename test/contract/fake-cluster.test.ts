import { createFakeCluster } from "../support/fake-cluster.ts";
import { describeClusterClient } from "./cluster-client.ts";

describeClusterClient("the fake cluster", async () => {
  const client = createFakeCluster([], { withoutKinds: ["Addon"] });
  let number = 0;
  return {
    client,
    async newNamespace() {
      const name = `test-${++number}`;
      client.put({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
      return name;
    },
    async edit(ref, patch) {
      client.edit(ref, (object) => mergePatch(object, patch));
    },
    stop: async () => undefined,
  };
});

/** RFC 7386. */
function mergePatch(target: Record<string, unknown>, patch: object): void {
  for (const [key, value] of Object.entries(patch) as [string, unknown][]) {
    if (value === null) delete target[key];
    else if (typeof value === "object" && !Array.isArray(value)) {
      const inner = (target[key] ?? {}) as Record<string, unknown>;
      target[key] = inner;
      mergePatch(inner, value as object);
    } else target[key] = value;
  }
}
