import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiClient, ApiObject } from "./api-client.ts";

/** Makes and removes volumes until stopped. */
export interface LocalPath {
  stop(): Promise<void>;
}

interface Claim extends ApiObject {
  readonly spec: {
    readonly storageClassName?: string;
    readonly volumeName?: string;
    readonly accessModes?: readonly string[];
    readonly resources?: { readonly requests?: { readonly storage?: string } };
  };
}

interface Volume extends ApiObject {
  readonly spec: { readonly persistentVolumeReclaimPolicy?: string; readonly storageClassName?: string };
  readonly status?: { readonly phase?: string };
}

const storageClass = "local-path";
const provisioner = "rancher.io/local-path";
const selectedNode = "volume.kubernetes.io/selected-node";

/**
 * Stands in for K3s' local-path provisioner: a volume for each claim of its class once a pod that uses it has a node,
 * gone again with its folder when it is released and its policy is Delete. The folder `<dir>/<volume>` stands for the
 * data.
 */
export function startLocalPath({
  client,
  dir,
}: {
  readonly client: ApiClient;
  readonly dir: string;
}): LocalPath {
  const work = new Set<Promise<unknown>>();
  const busy = new Set<string>();
  const once = (uid: string, task: () => Promise<unknown>) => {
    if (busy.has(uid)) return;
    busy.add(uid);
    const running = task()
      .catch(() => undefined)
      .finally(() => {
        busy.delete(uid);
        work.delete(running);
      });
    work.add(running);
  };
  const watches = [
    client.follow<Claim>({
      path: "/api/v1/persistentvolumeclaims",
      user: "runner",
      onObject: (claim) => {
        if (wantsVolume(claim)) once(claim.metadata.uid, () => provision(claim, { client, dir }));
      },
    }),
    client.follow<Volume>({
      path: "/api/v1/persistentvolumes",
      user: "runner",
      onObject: (volume) => {
        if (isToDelete(volume)) once(volume.metadata.uid, () => remove(volume, { client, dir }));
      },
    }),
  ];
  return {
    async stop() {
      for (const watch of watches) watch.stop();
      await Promise.all(work);
    },
  };
}

function wantsVolume({ metadata, spec }: Claim): boolean {
  return (
    spec.storageClassName === storageClass &&
    (spec.volumeName ?? "") === "" &&
    metadata.deletionTimestamp === undefined &&
    metadata.annotations?.[selectedNode] !== undefined
  );
}

function isToDelete({ metadata, spec, status }: Volume): boolean {
  return (
    status?.phase === "Released" &&
    spec.persistentVolumeReclaimPolicy === "Delete" &&
    metadata.annotations?.["pv.kubernetes.io/provisioned-by"] === provisioner
  );
}

async function provision(
  claim: Claim,
  { client, dir }: { readonly client: ApiClient; readonly dir: string },
): Promise<void> {
  const { name: claimName, namespace = "", uid, resourceVersion, annotations } = claim.metadata;
  const name = `pvc-${uid}`;
  const folder = join(dir, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "data"), `${namespace}/${claimName}\n`, { flag: "wx" }).catch(() => undefined);
  await client.request({
    method: "POST",
    path: "/api/v1/persistentvolumes",
    user: "runner",
    body: {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name, annotations: { "pv.kubernetes.io/provisioned-by": provisioner } },
      spec: {
        storageClassName: storageClass,
        persistentVolumeReclaimPolicy: "Delete",
        accessModes: claim.spec.accessModes ?? ["ReadWriteOnce"],
        capacity: { storage: claim.spec.resources?.requests?.storage ?? "1Gi" },
        volumeMode: "Filesystem",
        claimRef: {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          namespace,
          name: claimName,
          uid,
          resourceVersion,
        },
        hostPath: { path: folder, type: "DirectoryOrCreate" },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              {
                matchExpressions: [
                  {
                    key: "kubernetes.io/hostname",
                    operator: "In",
                    values: [annotations?.[selectedNode] ?? ""],
                  },
                ],
              },
            ],
          },
        },
      },
    },
  });
}

async function remove(
  { metadata: { name, uid, resourceVersion } }: Volume,
  { client, dir }: { readonly client: ApiClient; readonly dir: string },
): Promise<void> {
  // the policy that counts is the one it has when it is deleted
  const { status } = await client.request({
    method: "DELETE",
    path: `/api/v1/persistentvolumes/${name}`,
    user: "runner",
    body: { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid, resourceVersion } },
  });
  if (status < 300) await rm(join(dir, name), { recursive: true, force: true });
}
