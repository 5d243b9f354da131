import type { ClusterClient } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import { labelRef } from "../cluster/object-ref.ts";
import { resourceTypes } from "../cluster/resource-types.ts";
import { OperationError } from "../errors.ts";
import { systemNamespace } from "../model/names.ts";
import { EndQueue } from "./end-queue.ts";
import type { BatchId } from "./end-queue.ts";
import { findFloors, isAboveFloor, numberIn, numberRevisions, splitGroup } from "./number-revisions.ts";
import { recordPlace } from "./record-place.ts";
import {
  batchRef,
  packRevisions,
  readBatch,
  readRevisions,
  selectBatches,
  writeBatch,
} from "./record-secret.ts";
import type { BatchFilter, RecordBatch } from "./record-secret.ts";
import type { RevisionFilter, RevisionRef, RevisionStore } from "./revision-store.ts";
import type { NewRevision, Revision } from "./revision.ts";

export interface ClusterRevisionsOptions {
  readonly client: ClusterClient;
  /** Name in platform.yaml. The history lives in the cluster, whatever platform.yaml called it before. */
  readonly cluster: string;
  /** Unique to this process. */
  readonly writer: string;
}

/** More batches than this are read with one LIST. */
const maxSingleReads = 8;
/** Another writer may take the next number; it cannot do so forever. */
const maxAttempts = 20;
const parallelRequests = 8;

/** The history as Secrets in paas-system (`records: cluster`). */
export function createClusterRevisions(options: ClusterRevisionsOptions): RevisionStore {
  const ends = new EndQueue(options.client);
  /** Where this process began what; others' revisions are looked up. */
  const begun = new Map<string, BatchId>();
  return {
    kind: "cluster",
    begin: async (revisions, locked = options.client) => {
      const written = await writeAll({ ...options, client: locked }, revisions);
      for (const { batch, revision } of written) begun.set(keyOf(revision), batch);
      return written.map(({ revision }) => revision);
    },
    finish: async (revision, end) => {
      const batch = begun.get(keyOf(revision)) ?? (await findBatch(options, revision));
      if (batch !== undefined) await ends.write(batch, { revision, end });
    },
    list: (filter) => listRevisions(options, filter),
  };
}

function keyOf({ unit, number }: RevisionRef): string {
  return `${unit} ${number}`;
}

interface Written {
  readonly batch: BatchId;
  readonly revision: Revision;
}

/** In the order given. One LIST, then one Secret per workspace, then what is too old goes. */
async function writeAll(
  options: ClusterRevisionsOptions,
  revisions: readonly NewRevision[],
): Promise<readonly Written[]> {
  const byOwner = Map.groupBy(revisions, ({ unit }) => recordPlace(unit).owner);
  if (byOwner.size === 0) return [];
  const [first = ""] = byOwner.keys();
  const known = Map.groupBy(
    await listBatches(options, byOwner.size === 1 ? { owner: first } : {}),
    ({ owner }) => owner,
  );
  const written = new Map<string, Written>();
  await forEachParallel([...byOwner], async ([owner, group]) => {
    let batches: readonly RecordBatch[] = known.get(owner) ?? [];
    for (const part of splitGroup(group)) {
      const result = await writePart(options, { owner, part, batches });
      ({ batches } = result);
      for (const revision of result.revisions) {
        written.set(revision.unit, { batch: { owner, sequence: result.sequence }, revision });
      }
    }
    const floors = findFloors(batches);
    for (const batch of batches.filter((one) => !isAboveFloor(one, floors))) {
      await options.client.delete(batchRef(owner, batch.sequence), { uid: batch.uid });
    }
  });
  return revisions.flatMap(({ unit }) => written.get(unit) ?? []);
}

/**
 * One Secret. Its name holds the next sequence, and only one writer can create it; whoever comes second reads again and
 * numbers anew, so no number is given twice.
 */
async function writePart(
  options: ClusterRevisionsOptions,
  {
    owner,
    part,
    batches: known,
  }: {
    readonly owner: string;
    readonly part: readonly NewRevision[];
    readonly batches: readonly RecordBatch[];
  },
): Promise<{
  readonly sequence: number;
  readonly revisions: readonly Revision[];
  readonly batches: readonly RecordBatch[];
}> {
  const { client, writer } = options;
  let batches = known;
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const sequence = 1 + Math.max(0, ...batches.map((batch) => batch.sequence));
    const revisions = numberRevisions(part, batches);
    const { body } = packRevisions(revisions);
    const result = await client.create(writeBatch({ owner, sequence, writer, revisions, body }));
    if (result.type === "written") {
      const batch = readBatch(result.object);
      return { sequence, revisions, batches: batch === undefined ? batches : [...batches, batch] };
    }
    batches = await listBatches(options, { owner });
    const there = batches.find((batch) => batch.sequence === sequence);
    // a POST whose answer was lost was sent again: then what is there is ours
    if (there?.writer === writer && revisions.every(({ unit, number }) => numberIn(there, unit) === number)) {
      return { sequence, revisions, batches };
    }
  }
  throw new OperationError("unavailable", `somebody else writes revisions of ${owner} all the time`, {
    subject: owner,
    hint: `look who else runs woow; ${labelRef(batchRef(owner, 1))} and its like are the records`,
  });
}

async function listBatches(
  { client }: ClusterRevisionsOptions,
  filter: BatchFilter,
): Promise<readonly RecordBatch[]> {
  const { items } = await client.list({
    type: resourceTypes.Secret,
    namespace: systemNamespace,
    labelSelector: selectBatches(filter),
    metadataOnly: true,
  });
  return items.flatMap((item) => readBatch(item) ?? []);
}

async function findBatch(
  options: ClusterRevisionsOptions,
  { unit, number }: RevisionRef,
): Promise<BatchId | undefined> {
  const batches = await listBatches(options, recordPlace(unit));
  return batches.find((batch) => numberIn(batch, unit) === number);
}

/** Metadata first: they say which Secrets must be read at all. */
async function listRevisions(
  options: ClusterRevisionsOptions,
  { cluster, unit, newest }: RevisionFilter,
): Promise<readonly Revision[]> {
  if (cluster !== options.cluster) return [];
  const filter = unit === undefined ? {} : recordPlace(unit);
  const batches = await listBatches(options, filter);
  const floors = new Map(
    [...findFloors(batches, newest)].filter(([address]) => unit === undefined || unit === address),
  );
  const isWanted = (revision: { readonly unit: string; readonly number: number }) =>
    revision.number >= (floors.get(revision.unit) ?? Infinity);
  const needed = batches.filter((batch) => isAboveFloor(batch, floors));
  const secrets = await readSecrets(options, { needed, filter });
  return secrets
    .flatMap(readRevisions)
    .filter(isWanted)
    .map((revision) => ({ ...revision, cluster }))
    .sort((a, b) => (a.unit < b.unit ? -1 : a.unit > b.unit ? 1 : a.number - b.number));
}

async function readSecrets(
  { client }: ClusterRevisionsOptions,
  { needed, filter }: { readonly needed: readonly RecordBatch[]; readonly filter: BatchFilter },
): Promise<readonly LiveObject[]> {
  if (needed.length <= maxSingleReads) {
    const refs = needed.map(({ owner, sequence }) => batchRef(owner, sequence));
    const read = await Promise.all(refs.map((ref) => client.get(ref)));
    return read.filter((secret) => secret !== undefined);
  }
  const names = new Set(needed.map(({ owner, sequence }) => batchRef(owner, sequence).name));
  const { items } = await client.list({
    type: resourceTypes.Secret,
    namespace: systemNamespace,
    labelSelector: selectBatches(filter),
  });
  return items.filter(({ metadata }) => names.has(metadata.name));
}

async function forEachParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const next = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: parallelRequests }, next));
}
