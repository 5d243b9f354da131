import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ApiError, type ApiClient, type ApiObject } from "./api-client.ts";

/** The pod of a chart job, as far as the chart runner reads it. */
export interface ChartPod extends ApiObject {
  readonly metadata: ApiObject["metadata"] & { readonly namespace: string };
  readonly spec: {
    readonly nodeName?: string;
    readonly serviceAccountName?: string;
    readonly containers: readonly {
      readonly name: string;
      readonly image: string;
      readonly args?: readonly string[];
      readonly env?: readonly { readonly name: string; readonly value?: string }[];
      readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
    }[];
    readonly volumes?: readonly Volume[];
  };
  readonly status?: { readonly phase?: string };
}

interface Source {
  readonly name?: string;
  readonly secretName?: string;
  readonly optional?: boolean;
  readonly items?: readonly { readonly key: string; readonly path: string }[];
}

interface Volume {
  readonly name: string;
  readonly secret?: Source;
  readonly configMap?: Source;
  readonly projected?: {
    readonly sources?: readonly { readonly secret?: Source; readonly configMap?: Source }[];
  };
}

/** A volume that cannot be mounted yet: what the kubelet says in its event. */
export class MountError extends Error {}

/**
 * Writes what the pod's volumes hold below `root`, at the paths they are mounted at. Throws `MountError` when a
 * Secret, ConfigMap or key is not there.
 */
export async function mountVolumes(
  pod: ChartPod,
  { root, client }: { readonly root: string; readonly client: ApiClient },
): Promise<void> {
  const { namespace } = pod.metadata;
  const volumes = new Map((pod.spec.volumes ?? []).map((volume) => [volume.name, volume]));
  for (const { name, mountPath } of pod.spec.containers[0]?.volumeMounts ?? []) {
    const target = join(root, mountPath);
    await mkdir(target, { recursive: true });
    const volume = volumes.get(name);
    if (volume === undefined) continue;
    const fail = (reason: string) =>
      new MountError(`MountVolume.SetUp failed for volume "${name}" : ${reason}`);
    for (const { kind, source } of sourcesOf(volume)) {
      const object = source.secretName ?? source.name ?? "";
      const data = await readData(client, { kind, namespace, name: object });
      if (data === undefined) {
        if (source.optional === true) continue;
        throw fail(`${kind.slice(0, -1)} "${object}" not found`);
      }
      const items = source.items ?? [...data.keys()].map((key) => ({ key, path: key }));
      for (const { key, path } of items) {
        const content = data.get(key);
        if (content === undefined) {
          if (source.optional === true) continue;
          throw fail(`references non-existent ${kind.slice(0, -1)} key: ${key}`);
        }
        await mkdir(dirname(join(target, path)), { recursive: true });
        await writeFile(join(target, path), content, { mode: 0o600 });
      }
    }
  }
}

function sourcesOf(volume: Volume): { kind: "secrets" | "configmaps"; source: Source }[] {
  const all = [volume, ...(volume.projected?.sources ?? [])];
  return all.flatMap(({ secret, configMap }) => [
    ...(secret === undefined ? [] : [{ kind: "secrets" as const, source: secret }]),
    ...(configMap === undefined ? [] : [{ kind: "configmaps" as const, source: configMap }]),
  ]);
}

async function readData(
  client: ApiClient,
  ref: { readonly kind: "secrets" | "configmaps"; readonly namespace: string; readonly name: string },
): Promise<ReadonlyMap<string, Buffer> | undefined> {
  try {
    const { data = {} } = await client.ask<{ data?: Record<string, string> }>({
      method: "GET",
      path: `/api/v1/namespaces/${ref.namespace}/${ref.kind}/${ref.name}`,
      user: "runner",
    });
    const encoding = ref.kind === "secrets" ? "base64" : "utf8";
    return new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, encoding)]));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
