import { gunzipSync, gzipSync } from "node:zlib";
import type { ApiClient } from "./api-client.ts";

interface ReleaseSecret {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly data: { readonly release: string };
}

/** Sets the status in the newest record of a release, as Helm's plugin for it does; nothing when there is none. */
export async function setReleaseStatus(
  client: ApiClient,
  options: {
    readonly namespace: string;
    readonly name: string;
    readonly status: string;
    readonly token: string;
  },
): Promise<void> {
  const { namespace, name, status, token } = options;
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const selector = encodeURIComponent(`owner=helm,name=${name}`);
  const { items } = await client.ask<{ items: ReleaseSecret[] }>({
    method: "GET",
    path: `${path}?labelSelector=${selector}`,
    token,
  });
  const newest = items.toSorted((a, b) => versionOf(b) - versionOf(a))[0];
  if (newest === undefined) return;
  const record = decodeRelease(newest.data.release) as { info: { status: string } };
  record.info.status = status;
  await client.ask({
    method: "PATCH",
    path: `${path}/${newest.metadata.name}`,
    contentType: "application/merge-patch+json",
    body: { metadata: { labels: { status } }, data: { release: encodeRelease(record) } },
    token,
  });
}

/** The record in a release Secret's `data.release`: JSON, gzipped, in base64, in the Secret's own base64. */
export function decodeRelease(data: string): unknown {
  const inner = Buffer.from(data, "base64").toString("utf8");
  return JSON.parse(gunzipSync(Buffer.from(inner, "base64")).toString("utf8")) as unknown;
}

/** The reverse of `decodeRelease`. */
export function encodeRelease(record: unknown): string {
  const inner = gzipSync(JSON.stringify(record)).toString("base64");
  return Buffer.from(inner).toString("base64");
}

function versionOf(secret: ReleaseSecret): number {
  return Number(secret.metadata.labels["version"] ?? 0);
}
