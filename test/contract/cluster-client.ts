import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ClusterClient, WatchEvent } from "../../src/cluster/cluster-client.ts";
import type { LiveObject } from "../../src/cluster/live-object.ts";
import { refOf } from "../../src/cluster/object-ref.ts";
import type { ObjectRef } from "../../src/cluster/object-ref.ts";
import { resourceTypes } from "../../src/cluster/resource-types.ts";

/** One way to a cluster, and what others do there. */
export interface ClientWorld {
  readonly client: ClusterClient;
  /** A namespace of its own for each test. */
  newNamespace(): Promise<string>;
  /** A merge patch as `kubectl-edit`. */
  edit(ref: ObjectRef, patch: object): Promise<void>;
  stop(): Promise<void>;
}

type Data = Readonly<Record<string, string>>;
const written = (result: Awaited<ReturnType<ClusterClient["apply"]>>): LiveObject => {
  if (result.type !== "written") throw new Error(`not written: ${JSON.stringify(result)}`);
  return result.object;
};
const managers = (object: LiveObject | undefined) =>
  (object?.metadata.managedFields ?? []).map(({ manager, operation }) => `${manager} ${operation}`).sort();

/** What every ClusterClient does; run against the fake and against a real API server. */
export function describeClusterClient(name: string, open: () => Promise<ClientWorld>): void {
  describe(name, () => {
    let world: ClientWorld;
    let client: ClusterClient;
    let namespace: string;
    beforeAll(async () => {
      world = await open();
      ({ client } = world);
    });
    afterAll(() => world?.stop());
    beforeEach(async () => {
      namespace = await world.newNamespace();
    });

    const configMap = (data: Data, metadata: object = {}) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "x", namespace, ...metadata },
      data,
    });
    const ref = (): ObjectRef => ({ apiVersion: "v1", kind: "ConfigMap", namespace, name: "x" });
    const policy = (spec: object) => ({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "p", namespace },
      spec,
    });
    const dataOf = async () => (await client.get(ref()))?.["data"];

    describe("apply", () => {
      test("creates, owned by operation Apply of woow alone", async () => {
        const object = written(await client.apply(configMap({ a: "1" })));
        expect(object.metadata.uid).toMatch(/./);
        expect(managers(object)).toEqual(["woow Apply"]);
        expect(object.metadata.managedFields?.[0]?.fieldsV1).toEqual({ "f:data": { "f:a": {} } });
      });

      test("the same again changes no resourceVersion", async () => {
        const first = written(await client.apply(configMap({ a: "1" }, { labels: { l: "1" } })));
        const second = written(await client.apply(configMap({ a: "1" }, { labels: { l: "1" } })));
        expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      });

      test("what is no longer named goes, what others added stays", async () => {
        await client.apply(configMap({ a: "1", b: "1" }));
        await world.edit(ref(), { data: { c: "theirs" } });
        await client.apply(configMap({ a: "2" }));
        expect(await dataOf()).toEqual({ a: "2", c: "theirs" });
      });

      test("a field that another manager changed is a conflict with its name, and nothing is written", async () => {
        await client.apply(configMap({ a: "1", b: "1" }));
        await world.edit(ref(), { data: { a: "theirs" } });
        const result = await client.apply(configMap({ a: "1", b: "2" }));
        expect(result).toEqual({
          type: "conflict",
          conflicts: [{ manager: "kubectl-edit", field: "data.a" }],
        });
        expect(await dataOf()).toEqual({ a: "theirs", b: "1" });
      });

      test("force takes the field; the other no longer owns it", async () => {
        await client.apply(configMap({ a: "1" }));
        await world.edit(ref(), { data: { a: "theirs" } });
        const object = written(await client.apply(configMap({ a: "1" }), { force: true }));
        expect(object["data"]).toEqual({ a: "1" });
        expect(managers(object)).toEqual(["woow Apply"]);
      });

      test("two that agree on a value share it, and either may go", async () => {
        await client.apply(configMap({ a: "1", b: "1" }));
        await world.edit(ref(), { data: { a: "2" } });
        await client.apply(configMap({ a: "2", b: "1" }));
        expect(managers(await client.get(ref()))).toEqual(["kubectl-edit Update", "woow Apply"]);
        await client.apply(configMap({ b: "1" }));
        expect(await dataOf()).toEqual({ a: "2", b: "1" });
      });

      test("lists are one value", async () => {
        const port = (number: number) => ({ ports: [{ port: number, protocol: "TCP" }] });
        const spec = { podSelector: {}, policyTypes: ["Ingress"], ingress: [port(80), port(81)] };
        const made = written(await client.apply(policy(spec)));
        expect(made.metadata.managedFields?.[0]?.fieldsV1).toEqual({
          "f:spec": { "f:ingress": {}, "f:podSelector": {}, "f:policyTypes": {} },
        });
        const next = written(await client.apply(policy({ ...spec, ingress: [port(81)] })));
        expect(next["spec"]).toMatchObject({ ingress: [port(81)] });
        expect([made.metadata.generation, next.metadata.generation]).toEqual([1, 2]);
        await world.edit(refOf(policy({})), { spec: { ingress: [port(443)] } });
        expect(await client.apply(policy(spec))).toEqual({
          type: "conflict",
          conflicts: [{ manager: "kubectl-edit", field: "spec.ingress" }],
        });
      });

      test("a dry run answers what would be, and stores nothing", async () => {
        const absent = written(await client.apply(configMap({ a: "1" }), { dryRun: true }));
        expect(absent["data"]).toEqual({ a: "1" });
        expect(await client.get(ref())).toBeUndefined();
        const live = written(await client.apply(configMap({ a: "1" })));
        const next = written(await client.apply(configMap({ a: "2" }), { dryRun: true }));
        expect(next["data"]).toEqual({ a: "2" });
        expect(await client.get(ref())).toEqual(live);
      });

      test("createOnly creates, owned as by any apply, and never touches what is there", async () => {
        const made = written(await client.apply(configMap({ a: "1" }), { createOnly: true }));
        expect(managers(made)).toEqual(["woow Apply"]);
        for (const data of [{ a: "1" }, { a: "2" }]) {
          const again = await client.apply(configMap(data), { createOnly: true });
          expect(again.type).toBe("changed");
        }
        expect(await client.get(ref())).toEqual(made);
        written(await client.apply(configMap({ b: "1" })));
        expect(await dataOf()).toEqual({ b: "1" });
      });

      test("with a uid it never creates, and never writes to a namesake", async () => {
        const gone = await client.apply(
          configMap({ a: "1" }, { uid: "93eeaa0e-6bfc-4c0b-a54e-0dbf3658f7a0" }),
        );
        expect(gone.type).toBe("changed");
        expect(await client.get(ref())).toBeUndefined();
        const made = written(await client.apply(configMap({ a: "1" })));
        const other = await client.apply(
          configMap({ a: "2" }, { uid: "93eeaa0e-6bfc-4c0b-a54e-0dbf3658f7a0" }),
        );
        expect(other.type).toBe("changed");
        const right = written(await client.apply(configMap({ a: "2" }, { uid: made.metadata.uid })));
        expect(right["data"]).toEqual({ a: "2" });
      });

      test("an old resourceVersion is refused", async () => {
        const { resourceVersion } = written(await client.apply(configMap({ a: "1" }))).metadata;
        await world.edit(ref(), { data: { c: "theirs" } });
        expect((await client.apply(configMap({ a: "2" }, { resourceVersion }))).type).toBe("changed");
      });
    });

    describe("create, update, patch", () => {
      test("create makes an Update entry, and refuses what is there", async () => {
        const made = written(await client.create(configMap({ a: "1" })));
        expect(managers(made)).toEqual(["woow Update"]);
        expect((await client.create(configMap({ a: "2" }))).type).toBe("changed");
        expect(await dataOf()).toEqual({ a: "1" });
      });

      test("update needs the version it read", async () => {
        const made = written(await client.create(configMap({ a: "1" })));
        const { resourceVersion, uid } = made.metadata;
        const next = written(await client.update(configMap({ b: "1" }, { resourceVersion, uid })));
        expect(next["data"]).toEqual({ b: "1" });
        expect((await client.update(configMap({ c: "1" }, { resourceVersion, uid }))).type).toBe("changed");
        const missing = { ...configMap({}), metadata: { name: "y", namespace, resourceVersion } };
        expect((await client.update(missing)).type).toBe("changed");
      });

      test("a JSON patch is done when its tests hold, and only then", async () => {
        const made = written(await client.apply(configMap({ a: "1", b: "1" })));
        const patch = (uid: string) =>
          client.patch(ref(), [
            { op: "test", path: "/metadata/uid", value: uid },
            { op: "remove", path: "/data/b" },
          ]);
        expect((await patch("another")).type).toBe("changed");
        expect(await dataOf()).toEqual({ a: "1", b: "1" });
        expect(written(await patch(made.metadata.uid))["data"]).toEqual({ a: "1" });
        expect((await patch(made.metadata.uid)).type).toBe("changed");
        expect((await client.patch({ ...ref(), name: "y" }, [{ op: "remove", path: "/data" }])).type).toBe(
          "changed",
        );
      });
    });

    describe("delete", () => {
      test("needs the uid, and the version when one is given", async () => {
        const { uid, resourceVersion } = written(await client.apply(configMap({ a: "1" }))).metadata;
        expect(await client.delete(ref(), { uid: "another" })).toBe("changed");
        await world.edit(ref(), { data: { c: "theirs" } });
        expect(await client.delete(ref(), { uid, resourceVersion })).toBe("changed");
        expect(await client.delete(ref(), { uid })).toBe("deleted");
        expect(await client.get(ref())).toBeUndefined();
        expect(await client.delete(ref(), { uid })).toBe("missing");
      });

      test("a finalizer keeps the object, marked, until it goes", async () => {
        const finalizers = ["example.org/wait"];
        const { uid } = written(await client.apply(configMap({ a: "1" }, { finalizers }))).metadata;
        expect(await client.delete(ref(), { uid })).toBe("deleted");
        expect((await client.get(ref()))?.metadata.deletionTimestamp).toMatch(/^\d{4}-/);
        await world.edit(ref(), { metadata: { finalizers: null } });
        expect(await client.get(ref())).toBeUndefined();
      });
    });

    describe("what is not there", () => {
      test("a namespace", async () => {
        const object = { ...configMap({}), metadata: { name: "x", namespace: "nowhere" } };
        await expect(client.apply(object)).rejects.toMatchObject({ code: "not-found" });
        await expect(client.apply(object, { createOnly: true })).rejects.toMatchObject({ code: "not-found" });
        await expect(client.create(object)).rejects.toMatchObject({ code: "not-found" });
        const type = resourceTypes.ConfigMap;
        expect((await client.list({ type, namespace: "nowhere" })).items).toEqual([]);
      });

      test("a kind", async () => {
        const type = resourceTypes.Addon;
        await expect(client.list({ type })).rejects.toMatchObject({ code: "not-found" });
        const addon = { apiVersion: type.apiVersion, kind: type.kind, metadata: { name: "x", namespace } };
        await expect(client.apply(addon)).rejects.toMatchObject({ code: "not-found" });
        expect(await client.get(refOf(addon))).toBeUndefined();
      });

      test("a namespace that is being deleted takes nothing new", async () => {
        const held = configMap({}, { finalizers: ["example.org/wait"] });
        await client.apply(held);
        const home = await client.get({
          apiVersion: "v1",
          kind: "Namespace",
          namespace: undefined,
          name: namespace,
        });
        const homeRef = refOf(home!);
        expect(await client.delete(homeRef, { uid: home!.metadata.uid })).toBe("deleted");
        expect((await client.get(homeRef))?.metadata.deletionTimestamp).toMatch(/./);
        const other = { ...configMap({}), metadata: { name: "y", namespace } };
        await expect(client.apply(other)).rejects.toMatchObject({ code: "terminating" });
        await world.edit(ref(), { metadata: { finalizers: null } });
      });

      test("a path of the server", async () => {
        expect(await client.getPath("/apis/nothing.example.org")).toBeUndefined();
        expect(await client.getPath("/version")).toMatchObject({ gitVersion: "v1.35.8+k3s1" });
      });
    });

    describe("list", () => {
      const names = async (query: object) => {
        const { items } = await client.list({ type: resourceTypes.ConfigMap, namespace, ...query });
        return items.map(({ metadata }) => metadata.name).filter((one) => one !== "kube-root-ca.crt");
      };

      test("by label in kubectl's ways, and by field", async () => {
        for (const [one, labels] of Object.entries({
          a: { tier: "web", env: "prod" },
          b: { tier: "db" },
          c: {},
        })) {
          await client.apply({ ...configMap({}), metadata: { name: one, namespace, labels } });
        }
        expect(await names({})).toEqual(["a", "b", "c"]);
        expect(await names({ labelSelector: "tier=web" })).toEqual(["a"]);
        expect(await names({ labelSelector: "tier!=web" })).toEqual(["b", "c"]);
        expect(await names({ labelSelector: "tier" })).toEqual(["a", "b"]);
        expect(await names({ labelSelector: "!tier" })).toEqual(["c"]);
        expect(await names({ labelSelector: "tier in (web,db),env=prod" })).toEqual(["a"]);
        expect(await names({ labelSelector: "tier notin (web)" })).toEqual(["b", "c"]);
        expect(await names({ fieldSelector: "metadata.name=b" })).toEqual(["b"]);
      });

      test("items say what they are; metadata only leaves the rest at the server", async () => {
        await client.apply(configMap({ a: "1" }));
        const query = { type: resourceTypes.ConfigMap, namespace, fieldSelector: "metadata.name=x" };
        const [whole] = (await client.list(query)).items;
        expect(whole).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", data: { a: "1" } });
        const [bare] = (await client.list({ ...query, metadataOnly: true })).items;
        expect(Object.keys(bare ?? {}).sort()).toEqual(["apiVersion", "kind", "metadata"]);
        expect(bare).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", metadata: whole?.metadata });
      });
    });

    describe("watch", () => {
      const collect = async (count: number, query: object, act: () => Promise<unknown>) => {
        const type = resourceTypes.ConfigMap;
        const { resourceVersion } = await client.list({ type, namespace });
        const stop = new AbortController();
        const seen: WatchEvent[] = [];
        const acting = act();
        for await (const event of client.watch(
          { type, namespace, ...query },
          { resourceVersion, signal: stop.signal },
        )) {
          if (event.type === "bookmark" || event.object.metadata.name === "kube-root-ca.crt") continue;
          seen.push(event);
          if (seen.length === count) stop.abort();
        }
        await acting;
        return seen.map((event) => (event.type === "bookmark" ? [] : [event.type, event.object]));
      };

      test("tells what happened since a version, and ends with its signal", async () => {
        const events = await collect(3, {}, async () => {
          const { uid } = written(await client.apply(configMap({ a: "1" }))).metadata;
          await client.apply(configMap({ a: "2" }));
          await client.delete(ref(), { uid });
        });
        expect(events).toMatchObject([
          ["added", { apiVersion: "v1", kind: "ConfigMap", data: { a: "1" } }],
          ["modified", { data: { a: "2" } }],
          ["deleted", { metadata: { name: "x" } }],
        ]);
      });

      test("an object that leaves the selector is deleted to it", async () => {
        const events = await collect(3, { labelSelector: "l=1", metadataOnly: true }, async () => {
          await client.apply(configMap({}, { labels: { l: "1" } }));
          await client.apply(configMap({}, { labels: { l: "2" } }));
          await client.apply(configMap({}, { labels: { l: "1" } }));
        });
        expect(events.map(([type]) => type)).toEqual(["added", "deleted", "added"]);
        expect(Object.keys(events[0]?.[1] ?? {}).sort()).toEqual(["apiVersion", "kind", "metadata"]);
      });

      test("a kind that is not there is an error", async () => {
        const stop = new AbortController();
        const events = client.watch(
          { type: resourceTypes.Addon },
          { resourceVersion: "1", signal: stop.signal },
        );
        await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "not-found" });
      });
    });

    describe("guarded", () => {
      test("no write without its leave, reads always; `wait` is asked again", async () => {
        const lost = new AbortController();
        const answers: ("go" | "wait" | Error)[] = ["wait", "go", new Error("no leave")];
        const guarded = client.guarded({
          signal: lost.signal,
          beforeWrite() {
            const answer = answers.shift() ?? "go";
            if (answer instanceof Error) throw answer;
            return answer;
          },
        });
        written(await guarded.apply(configMap({ a: "1" })));
        expect(answers.length).toBe(1);
        expect((await guarded.get(ref()))?.["data"]).toEqual({ a: "1" });
        await expect(guarded.apply(configMap({ a: "2" }))).rejects.toThrow("no leave");
        expect(await dataOf()).toEqual({ a: "1" });
        lost.abort(new Error("lost"));
        await expect(guarded.apply(configMap({ a: "3" }))).rejects.toThrow("lost");
        expect(await dataOf()).toEqual({ a: "1" });
      });
    });

    test("mayI", async () => {
      expect(await client.mayI({ verb: "create", group: "helm.cattle.io", resource: "helmcharts" })).toBe(
        true,
      );
    });

    test("there is no log of a pod that is not there", async () => {
      expect(await client.readLog({ namespace, pod: "nobody" })).toBeUndefined();
    });
  });
}
