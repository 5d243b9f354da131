import type { ClusterClient } from "../../../cluster/cluster-client.ts";
import { resourceTypes } from "../../../cluster/resource-types.ts";
import { ok, problem, warning } from "./finding.ts";
import type { Finding } from "./finding.ts";

const defaultMark = "storageclass.kubernetes.io/is-default-class";

/** The class that claims without one get, and what it can do. */
export async function checkStorage(client: ClusterClient): Promise<readonly Finding[]> {
  const { items } = await client.list({ type: resourceTypes.StorageClass });
  const standard = items.filter(({ metadata }) => metadata.annotations?.[defaultMark] === "true");
  const [first, second] = standard;
  if (first === undefined) {
    return [
      problem(
        "storage",
        "there is no default StorageClass: volumes stay unbound",
        `start K3s without --disable=local-storage, or mark a class: kubectl annotate storageclass NAME ${defaultMark}=true`,
      ),
    ];
  }
  if (second !== undefined) {
    const names = standard.map(({ metadata }) => metadata.name).join(", ");
    return [
      warning(
        "storage",
        `there are several default StorageClasses: ${names}; the newest wins`,
        `take the annotation ${defaultMark} off all but one`,
      ),
    ];
  }
  const { name } = first.metadata;
  const { provisioner, allowVolumeExpansion } = first as {
    readonly provisioner?: string;
    readonly allowVolumeExpansion?: boolean;
  };
  const traits = [
    ...(provisioner === "rancher.io/local-path"
      ? ["volumes lie on one node and are as large as its disk, whatever they ask for"]
      : []),
    ...(allowVolumeExpansion === true
      ? []
      : ["a volume never grows: raising storage_gb later has no effect on it"]),
  ];
  return [
    ok("storage", `default StorageClass ${name}${traits.length === 0 ? "" : `: ${traits.join("; ")}`}`),
  ];
}
