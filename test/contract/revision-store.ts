import { beforeEach, describe, expect, test } from "vitest";
import { maxRevisions } from "../../src/record/revision-store.ts";
import type { RevisionStore } from "../../src/record/revision-store.ts";
import { newRevision, revisionEnd } from "../record/builders.ts";

/** An adapter under test: `open` is what another process would open, on the same history. */
export interface RevisionStoreSubject {
  readonly kind: RevisionStore["kind"];
  /** A history without an entry. */
  start(): Promise<{ readonly open: () => RevisionStore }>;
}

const cluster = "default";

/** What every store of revisions does. */
export function describeRevisionStore(name: string, subject: RevisionStoreSubject): void {
  describe(`${name} keeps revisions`, () => {
    let open: () => RevisionStore;
    let store: RevisionStore;
    const numbers = async (unit: string) =>
      (await open().list({ cluster, unit })).map(({ number }) => number);
    const beginOne = async (unit: string) => {
      const [begun] = await store.begin([newRevision(unit)]);
      if (begun === undefined) throw new Error("nothing was begun");
      return begun;
    };

    beforeEach(async () => {
      ({ open } = await subject.start());
      store = open();
    });

    test("says which it is", () => {
      expect(store.kind).toBe(subject.kind);
    });

    test("nothing yet is an empty history", async () => {
      expect(await store.list({ cluster })).toEqual([]);
      expect(await store.list({ cluster, unit: "acme/n8n-01" })).toEqual([]);
      expect(await store.begin([])).toEqual([]);
    });

    test("what was begun is read back whole, by another process, without an end", async () => {
      const wanted = newRevision("acme/n8n-01", { rollbackTo: 7, chartVersion: undefined });
      const begun = await store.begin([wanted]);
      expect(begun).toStrictEqual([{ ...wanted, number: 1, end: undefined }]);
      expect(await open().list({ cluster, unit: "acme/n8n-01" })).toStrictEqual(begun);
    });

    test("the end is read back whole", async () => {
      const begun = await beginOne("acme/n8n-01");
      const end = revisionEnd({
        outcome: "failed",
        message: "the job failed",
        droppedRelease: { name: "sh.helm.release.v1.x.v2", version: "2", status: "failed" },
      });
      await open().finish(begun, end);
      expect(await store.list({ cluster, unit: "acme/n8n-01" })).toStrictEqual([{ ...begun, end }]);
      const second = await beginOne("acme/n8n-01");
      await store.finish(second, revisionEnd({ helmRevision: undefined }));
      const [, last] = await open().list({ cluster, unit: "acme/n8n-01" });
      expect(last?.end).toStrictEqual(revisionEnd({ helmRevision: undefined }));
    });

    test("numbers are per unit, from 1, in the order of the runs", async () => {
      const run = ["platform", "acme", "acme/n8n-01", "acme/db-01", "beta/n8n-01"];
      const first = await store.begin(run.map((unit) => newRevision(unit)));
      expect(first.map(({ unit, number }) => `${unit} ${number}`)).toEqual(run.map((unit) => `${unit} 1`));
      await store.begin([newRevision("acme/n8n-01")]);
      const third = await store.begin([newRevision("acme/n8n-01"), newRevision("acme/db-01")]);
      expect(third.map(({ number }) => number)).toEqual([3, 2]);
      expect(await numbers("acme")).toEqual([1]);
      expect(await numbers("acme/n8n-01")).toEqual([1, 2, 3]);
      expect((await open().list({ cluster })).map(({ unit, number }) => `${unit} ${number}`)).toEqual([
        "acme 1",
        "acme/db-01 1",
        "acme/db-01 2",
        "acme/n8n-01 1",
        "acme/n8n-01 2",
        "acme/n8n-01 3",
        "beta/n8n-01 1",
        "platform 1",
      ]);
    });

    test("units with like names do not share a history", async () => {
      await store.begin([newRevision("acme"), newRevision("acme/acme"), newRevision("acme/platform")]);
      await store.begin([newRevision("acme/platform")]);
      expect(await numbers("platform")).toEqual([]);
      expect(await numbers("acme/platform")).toEqual([1, 2]);
      expect(await numbers("acme/acme")).toEqual([1]);
    });

    test("another cluster's history is another", async () => {
      await beginOne("acme/n8n-01");
      expect(await store.list({ cluster: "other", unit: "acme/n8n-01" })).toEqual([]);
      expect(await store.list({ cluster: "other" })).toEqual([]);
    });

    test("runs that begin at once never share a number, and none is lost", async () => {
      const runs = Array.from({ length: 12 }, async (_, index) => {
        const begun = await open().begin([newRevision("acme/n8n-01"), newRevision(`acme/own-${index}`)]);
        return begun.map(({ number }) => number);
      });
      const begun = await Promise.all(runs);
      const all = Array.from({ length: 12 }, (_, index) => index + 1);
      expect(begun.map(([number]) => number ?? 0).sort((a, b) => a - b)).toEqual(all);
      expect(begun.map(([, own]) => own)).toEqual(all.map(() => 1));
      expect(await numbers("acme/n8n-01")).toEqual(all);
    });

    test("ends that come at once are all kept", async () => {
      const units = Array.from({ length: 20 }, (_, index) => `acme/app-${index}`);
      const begun = await store.begin(units.map((unit) => newRevision(unit)));
      await Promise.all(
        begun.map((revision, index) => store.finish(revision, revisionEnd({ helmRevision: index }))),
      );
      for (const [index, unit] of units.entries()) {
        const [only] = await open().list({ cluster, unit });
        expect(only?.end?.helmRevision).toBe(index);
      }
    });

    test("completing twice is a bug; the same end again is none", async () => {
      const begun = await beginOne("acme/n8n-01");
      await store.finish(begun, revisionEnd());
      await store.finish(begun, revisionEnd());
      await expect(store.finish(begun, revisionEnd({ outcome: "failed" }))).rejects.toThrow("twice");
      const [only] = await open().list({ cluster, unit: "acme/n8n-01" });
      expect(only?.end?.outcome).toBe("running");
    });

    test("keeps the newest of each unit, and numbers go on", async () => {
      const first = await store.begin([newRevision("acme/n8n-01"), newRevision("acme/quiet")]);
      for (let number = 2; number <= maxRevisions + 3; number += 1) {
        await store.begin([newRevision("acme/n8n-01")]);
      }
      const kept = Array.from({ length: maxRevisions }, (_, index) => index + 4);
      expect(await numbers("acme/n8n-01")).toEqual(kept);
      // what another unit still needs is not trimmed with it
      expect(await numbers("acme/quiet")).toEqual([1]);
      expect((await beginOne("acme/n8n-01")).number).toBe(maxRevisions + 4);
      const [trimmed] = first;
      if (trimmed === undefined) throw new Error("nothing was begun");
      await store.finish({ ...trimmed, number: 2 }, revisionEnd());
      expect(await numbers("acme/n8n-01")).not.toContain(2);
    });

    test("the newest few of each unit", async () => {
      for (let run = 1; run <= 12; run += 1) {
        await store.begin([newRevision("acme/n8n-01"), newRevision("beta/n8n-01")]);
      }
      await beginOne("acme/n8n-01");
      const listed = await open().list({ cluster, newest: 2 });
      expect(listed.map(({ unit, number }) => `${unit} ${number}`)).toEqual([
        "acme/n8n-01 12",
        "acme/n8n-01 13",
        "beta/n8n-01 11",
        "beta/n8n-01 12",
      ]);
      const [last] = await open().list({ cluster, unit: "beta/n8n-01", newest: 1 });
      expect(last?.number).toBe(12);
    });

    test("large definitions of many units are kept whole", async () => {
      const text = (unit: string) =>
        Array.from({ length: 4000 }, (_, index) => `${unit}: ${Math.sin(index + unit.length) * 1e16}\n`).join(
          "",
        );
      const units = Array.from({ length: 30 }, (_, index) => `acme/${"x".repeat(index + 1)}`);
      await store.begin(
        units.map((unit) => newRevision(unit, { definition: { files: { "big.yaml": text(unit) } } })),
      );
      for (const unit of units) {
        const [only] = await open().list({ cluster, unit });
        expect(only?.definition.files["big.yaml"] === text(unit)).toBe(true);
      }
    });
  });
}
