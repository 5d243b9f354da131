import { afterAll, beforeAll, expect, test } from "vitest";
import { openingRules, sampleAdmittedSets } from "../network/chart-policies.ts";
import { policyCases } from "./admission-attempts.ts";
import { makeAdmissionScene, tenantUser } from "./admission-scene.ts";
import type { Change } from "./admission-attempts.ts";
import type { AdmissionScene, Attempt, Who } from "./admission-scene.ts";
import { list, mustRequest } from "./on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster({ components: "controllers", users: [{ name: tenantUser }] });
let scene: AdmissionScene;

beforeAll(async () => {
  scene = await makeAdmissionScene(cluster());
});

afterAll(async () => scene.remove());

/** What came of every attempt of every one, as `WHO, WHAT: ANSWER`. */
async function outcomes(by: readonly Who[], attempts: readonly Attempt[]): Promise<readonly string[]> {
  const all = attempts.flatMap((attempt) => by.map((who) => ({ who, attempt })));
  return Promise.all(
    all.map(async ({ who, attempt }) => {
      const { status, message } = await scene.attempt(who, attempt);
      const policy = /ValidatingAdmissionPolicy '([^']*)'/.exec(message)?.[1];
      const said = status < 300 ? "allowed" : (policy ?? `${status} ${message}`);
      return `${who}, ${attempt.title}: ${said}`;
    }),
  );
}

function expected(by: readonly Who[], attempts: readonly Attempt[], said: string): readonly string[] {
  return attempts.flatMap(({ title }) => by.map((who) => `${who}, ${title}: ${said}`));
}

test.each(policyCases)(
  "$policy refuses what leaves the tenant, whoever it binds",
  async ({ policy, by, refused }) => {
    expect(await outcomes(by, refused)).toEqual(expected(by, refused, policy));
  },
);

test.each(policyCases.filter(({ allowed }) => allowed.length > 0))(
  "$policy lets ordinary objects pass",
  async ({ by, allowed }) => {
    expect(await outcomes(by, allowed)).toEqual(expected(by, allowed, "allowed"));
  },
);

/** Makes the object for real, and gives the attempt to change it. */
async function prepareChange({ title, made, collection, object, patch }: Change): Promise<Attempt> {
  if (made !== undefined) await mustRequest(cluster(), made);
  const name =
    "name" in object
      ? object.name
      : await waitUntil(`${collection} of a controller`, async () => {
          const found = await list(cluster(), `${collection}?labelSelector=${object.labelSelector}`);
          return found[0]?.metadata.name;
        });
  const contentType = "application/merge-patch+json";
  return { title, method: "PATCH", path: `${collection}/${name}`, body: patch, contentType };
}

// a pod's priority class cannot change
test.each(policyCases.filter(({ policy }) => policy !== "woow-pods"))(
  "$policy refuses the change of a harmless object into one that leaves the tenant",
  async ({ policy, by, changed = [] }) => {
    expect(changed).not.toEqual([]);
    const attempts = await Promise.all(changed.map(prepareChange));
    expect(await outcomes(by, attempts)).toEqual(expected(by, attempts, policy));
  },
);

// test/real/network.test.ts shows that these open nothing, and that each of the others opens the tenant
test("NetworkPolicies as the network's engine judged them: the harmless pass, those that open are refused", async () => {
  const path = "/apis/networking.k8s.io/v1/namespaces/paas-ws-a/networkpolicies";
  const policy = (spec: object, title: string): Attempt => ({
    title,
    method: "POST",
    path,
    body: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "tried" }, spec },
  });
  const harmless = sampleAdmittedSets(20).flat();
  const allowed = harmless.map(({ spec }, index) => policy(spec, `set ${index}`));
  expect(await outcomes(["chart job"], allowed)).toEqual(expected(["chart job"], allowed, "allowed"));
  const refused = openingRules.flatMap(([why, { from, ...rest }]) => [
    policy({ podSelector: {}, policyTypes: ["Ingress"], ingress: [{ ...rest, ...(from && { from }) }] }, why),
    policy(
      { podSelector: {}, policyTypes: ["Egress"], egress: [{ ...rest, ...(from && { to: from }) }] },
      why,
    ),
  ]);
  expect(await outcomes(["chart job"], refused)).toEqual(
    expected(["chart job"], refused, "woow-network-policies"),
  );
});

test("without its policy, what a policy refuses is accepted", async () => {
  const group = "/apis/admissionregistration.k8s.io/v1";
  for (const { policy, by, refused } of policyCases) {
    const [who] = by;
    const [attempt] = refused;
    if (who === undefined || attempt === undefined) throw new Error(policy);
    expect(await outcomes([who], [attempt])).toEqual(expected([who], [attempt], policy));
    await mustRequest(cluster(), {
      method: "DELETE",
      path: `${group}/validatingadmissionpolicybindings/${policy}`,
    });
    await waitUntil(`${policy} to be out of force`, async () => {
      const [said] = await outcomes([who], [attempt]);
      return said?.endsWith(": allowed") === true;
    });
  }
  // apply puts them back, and ends when they are in force; it prunes the rights that were made up here
  const repaired = await scene.woow("apply", "--yes", "--wait=false");
  expect([repaired.stderr, repaired.status]).toEqual(["", 0]);
  const all = policyCases.map(({ policy, refused }) => ({ policy, attempts: refused.slice(0, 1) }));
  for (const { policy, attempts } of all)
    expect(await outcomes(["chart job"], attempts)).toEqual(expected(["chart job"], attempts, policy));
  const settled = await scene.woow("plan", "--detailed-exitcode");
  expect(settled.status).toBe(0);
});
