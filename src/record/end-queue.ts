import type { ClusterClient } from "../cluster/cluster-client.ts";
import { batchRef, endKey, writeEnd } from "./record-secret.ts";
import type { RevisionRef } from "./revision-store.ts";
import type { RevisionEnd } from "./revision.ts";

/** Which Secret holds a revision. */
export interface BatchId {
  readonly owner: string;
  readonly sequence: number;
}

interface QueuedEnd {
  readonly revision: RevisionRef;
  readonly text: string;
}

interface Round {
  readonly ends: QueuedEnd[];
  readonly done: Promise<void>;
}

/**
 * Writes ends into their batches: those that come in one moment, or while an earlier write of the same batch is on its
 * way, go together in one PATCH.
 */
export class EndQueue {
  readonly #client: ClusterClient;
  readonly #waiting = new Map<string, Round>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(client: ClusterClient) {
    this.#client = client;
  }

  /** Ends when the end is stored. */
  write(batch: BatchId, { revision, end }: { revision: RevisionRef; end: RevisionEnd }): Promise<void> {
    const { name } = batchRef(batch.owner, batch.sequence);
    const queued = { revision, text: writeEnd(end) };
    const round = this.#waiting.get(name);
    if (round !== undefined) {
      round.ends.push(queued);
      return round.done;
    }
    const ends = [queued];
    const before = this.#running.get(name) ?? Promise.resolve();
    const done = before
      .catch(() => undefined)
      .then(async () => {
        this.#waiting.delete(name);
        this.#running.set(name, done);
        try {
          await this.#store(batch, ends);
        } finally {
          if (this.#running.get(name) === done) this.#running.delete(name);
        }
      });
    this.#waiting.set(name, { ends, done });
    return done;
  }

  async #store(batch: BatchId, ends: readonly QueuedEnd[]): Promise<void> {
    const ref = batchRef(batch.owner, batch.sequence);
    const patch = ends.flatMap(({ revision, text }) => {
      const path = `/data/${endKey(revision.unit)}`;
      return [
        { op: "test", path, value: "" },
        { op: "replace", path, value: text },
      ] as const;
    });
    const result = await this.#client.patch(ref, patch);
    if (result.type === "written") return;
    // trimmed meanwhile, or an answer was lost and what is there is ours
    const secret = await this.#client.get(ref);
    if (secret === undefined) return;
    const data = (secret["data"] ?? {}) as Readonly<Record<string, unknown>>;
    const open = ends.filter(({ revision, text }) => {
      const there = data[endKey(revision.unit)];
      if (there === text) return false;
      if (there === "") return true;
      throw new Error(`revision ${revision.number} of ${revision.unit} was completed twice`);
    });
    if (open.length === ends.length) throw new Error(`${ref.name} takes no ends: ${result.type}`);
    if (open.length > 0) await this.#store(batch, open);
  }
}
