import fc from "fast-check";
import { expect, test } from "vitest";
import type { ClusterClient } from "../../src/cluster/cluster-client.ts";
import type { LiveObject } from "../../src/cluster/live-object.ts";
import { refKey, refOf } from "../../src/cluster/object-ref.ts";
import type { Manifest } from "../../src/manifests/manifest.ts";
import type { Change, Plan } from "../../src/plan/change.ts";
import { findQuestions, makePlan } from "../../src/plan/make-plan.ts";
import { noDecisions } from "../../src/plan/plan-decisions.ts";
import type { Answer, PlanInput } from "../../src/plan/plan-input.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";

const kinds = {
  NetworkPolicy: { apiVersion: "networking.k8s.io/v1", root: "spec" },
  ResourceQuota: { apiVersion: "v1", root: "spec" },
  HelmChartConfig: { apiVersion: "helm.cattle.io/v1", root: "spec" },
  RoleBinding: { apiVersion: "rbac.authorization.k8s.io/v1", root: "subjects" },
} as const;
type Kind = keyof typeof kinds;

const label = { "paas.woowtech.com/platform": "p", "paas.woowtech.com/unit": "a" };
const namespace = "paas-ws-a";
/** As in any schema, a field is always of one kind: a and b are scalars, c is a list, the others are maps. */
const key = fc.constantFrom("a", "b", "c", "d/e", "f~g");
const scalar = fc.oneof(fc.constantFrom("x", "y", ""), fc.integer({ min: 0, max: 3 }), fc.boolean());
const list = fc.array(fc.constantFrom("x", "y"), { maxLength: 2 });
const fields = <T>(map: fc.Arbitrary<T>) => ({ a: scalar, b: scalar, c: list, "d/e": map, "f~g": map });
const innermost = fc.record({ a: scalar, b: scalar, c: list }, { requiredKeys: ["a"] });
const middle = fc.record(fields(innermost), { requiredKeys: ["b"] });
const body: fc.Arbitrary<Record<string, unknown>> = fc.record(fields(middle), { requiredKeys: ["a"] });
const text = fc.dictionary(key, fc.constantFrom("x", "y"), { maxKeys: 2 });

interface Sample {
  readonly kind: Kind;
  readonly name: string;
  readonly body: Record<string, unknown>;
  readonly annotations: Record<string, string>;
}

const sample: fc.Arbitrary<Sample> = fc.record({
  kind: fc.constantFrom(...(Object.keys(kinds) as Kind[])),
  name: fc.constantFrom("one", "two", "three"),
  body,
  annotations: text,
});
const samples = fc.uniqueArray(sample, {
  maxLength: 5,
  selector: ({ kind, name }) => `${kind}/${name}`,
});

function manifestOf({ kind, name, body: content, annotations }: Sample): Manifest {
  const { apiVersion, root } = kinds[kind];
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      labels: label,
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    [root]: content,
  };
}

const home: Manifest = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: label } };

async function inputOf(
  client: ClusterClient & { objects(): readonly LiveObject[] },
  wanted: readonly Sample[],
): Promise<PlanInput> {
  const objects = client
    .objects()
    .filter(({ metadata }) => metadata.labels?.["paas.woowtech.com/platform"] === "p");
  return {
    platform: "p",
    cluster: "default",
    currency: "USD",
    records: "local",
    units: [
      {
        address: "a",
        workspaceId: "a",
        manifests: [home, ...wanted.map(manifestOf)],
        definitionHash: "x",
        drift: "repair",
        service: undefined,
      },
    ],
    prerequisites: new Set(),
    present: new Set(["a"]),
    sickWorkspaces: new Set(),
    covers: () => true,
    prices: new Map(),
    observation: {
      clusterUid: "u",
      serverVersion: undefined,
      inventory: { claim: undefined, parts: new Map() },
      objects: new Map(objects.map((object) => [refKey(refOf(object)), object])),
      foreign: [],
      namespaces: new Map(
        objects.filter(({ kind }) => kind === "Namespace").map((object) => [object.metadata.name, object]),
      ),
      missingKinds: new Set(),
    },
    jobs: [],
    releases: [],
    decisions: { ...noDecisions, take: ["all"], adopt: true },
    secretPlaceholder: "made-up-placeholder",
    salt: "made-up",
  };
}

async function plan(client: ReturnType<typeof createFakeCluster>, wanted: readonly Sample[]): Promise<Plan> {
  const input = await inputOf(client, wanted);
  const answers = new Map<string, Answer>();
  for (const { key: at, mode, object, force } of findQuestions(input)) {
    answers.set(
      at,
      await client.apply(
        object,
        mode === "create" ? { dryRun: true, createOnly: true } : { dryRun: true, force },
      ),
    );
  }
  return makePlan(input, answers);
}

async function carryOut(change: Change, client: ClusterClient): Promise<void> {
  if (change.action === "create") await client.apply(change.desired, { createOnly: true });
  else if (change.action === "prune") await client.delete(change.ref, { uid: change.live.metadata.uid });
  else if (change.action === "update") {
    const result = await client.apply(change.desired, { force: change.force });
    expect(result.type).toBe("written");
    if (change.removals.length > 0)
      expect((await client.patch(change.ref, change.removals)).type).toBe("written");
  }
}

const work = ({ units }: Plan) =>
  units.flatMap(({ changes }) => changes).filter(({ action }) => action !== "none");

/** What others do: set or remove a field, under one of two names. */
const meddling = fc.array(
  fc.record({
    at: fc.nat(),
    manager: fc.constantFrom("kubectl-edit", "other"),
    path: fc.array(key, { minLength: 1, maxLength: 2 }),
    value: fc.option(fc.record({ scalar, list, map: innermost }), { nil: undefined }),
  }),
  { maxLength: 6 },
);

test("whatever git said, says now, and others did: one plan carried out, and nothing is left to do", async () => {
  await fc.assert(
    fc.asyncProperty(samples, samples, meddling, async (...[before, after, edits]) => {
      const cluster = createFakeCluster();
      for (const change of work(await plan(cluster, before))) await carryOut(change, cluster);
      expect(work(await plan(cluster, before))).toEqual([]);
      for (const { at, manager, path, value } of edits) {
        const one = before[at % Math.max(before.length, 1)];
        if (one === undefined) continue;
        cluster.edit(
          refOf(manifestOf(one)),
          (object) => {
            let level = object as Record<string, unknown>;
            for (const step of [kinds[one.kind].root, ...path.slice(0, -1)]) {
              const next = level[step];
              if (typeof next !== "object" || next === null || Array.isArray(next)) return;
              level = next as Record<string, unknown>;
            }
            const last = path.at(-1) ?? "a";
            if (value === undefined) delete level[last];
            else level[last] = last === "c" ? value.list : last.length === 1 ? value.scalar : value.map;
          },
          { manager },
        );
      }
      const planned = await plan(cluster, after);
      expect(planned.refusals).toEqual([]);
      for (const change of work(planned)) await carryOut(change, cluster);
      const rest = work(await plan(cluster, after));
      expect(rest.map(({ ref, fields }) => [ref.kind, ref.name, fields])).toEqual([]);
      for (const one of after) {
        const live = cluster.object(refOf(manifestOf(one)));
        expect(live?.[kinds[one.kind].root]).toEqual(one.body);
      }
      const names = cluster
        .objects()
        .filter(({ kind }) => kind !== "Namespace")
        .map(({ kind, metadata }) => `${kind}/${metadata.name}`);
      expect(names.sort()).toEqual(after.map(({ kind, name }) => `${kind}/${name}`).sort());
    }),
    { numRuns: 400 },
  );
});
