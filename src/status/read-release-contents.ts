import type { ClusterClient } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import { resourceTypes } from "../cluster/resource-types.ts";
import { OperationError } from "../errors.ts";
import { textAt } from "./read-fields.ts";
import { decodeRelease, readContent } from "./release-content.ts";
import type { ReleaseContent, ReleaseMemory } from "./release-content.ts";
import type { ReleaseFacts } from "./service-observation.ts";

/** Records read at once: one holds up to a megabyte. */
const atOnce = 50;

/**
 * What deployed releases are made of, by the uid of their Secret. Those in the memory are not asked for; the others
 * take one LIST for every 50. What cannot be read is left out. Errors: see ClusterClient.
 */
export async function readReleaseContents(
  client: ClusterClient,
  releases: readonly Pick<ReleaseFacts, "uid" | "release" | "namespace">[],
  memory: ReleaseMemory,
): Promise<ReadonlyMap<string, ReleaseContent>> {
  const unread = releases.filter(({ uid }) => memory.recall(uid) === undefined);
  for (let start = 0; start < unread.length; start += atOnce) {
    const some = unread.slice(start, start + atOnce);
    const items = await listRecords(client, some);
    if (items === undefined) break;
    const found = new Map(items.map((item) => [item.metadata.uid, contentOf(item)] as const));
    memory.remember(new Map(some.flatMap(({ uid }) => (found.has(uid) ? [[uid, found.get(uid)!]] : []))));
  }
  return new Map(
    releases.flatMap(({ uid }) => {
      const content = memory.recall(uid);
      return content === undefined || content === "unreadable" ? [] : [[uid, content] as const];
    }),
  );
}

/** Undefined where we may not read them. */
async function listRecords(
  client: ClusterClient,
  releases: readonly Pick<ReleaseFacts, "release" | "namespace">[],
): Promise<readonly LiveObject[] | undefined> {
  const namespaces = new Set(releases.map(({ namespace }) => namespace));
  const [only] = namespaces;
  const names = releases.map(({ release }) => release).sort();
  try {
    const { items } = await client.list({
      type: resourceTypes.Secret,
      namespace: namespaces.size === 1 ? only : undefined,
      fieldSelector: "type=helm.sh/release.v1",
      labelSelector: `owner=helm,status=deployed,name in (${names.join(",")})`,
    });
    return items;
  } catch (error) {
    if (error instanceof OperationError && error.code === "forbidden") return undefined;
    throw error;
  }
}

function contentOf(record: LiveObject): ReleaseContent | "unreadable" {
  const data = textAt(record, "data.release");
  const decoded = data === undefined ? undefined : decodeRelease(data);
  return readContent(decoded, record.metadata.namespace ?? "") ?? "unreadable";
}
