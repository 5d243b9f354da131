import type { LiveObject } from "../cluster/live-object.ts";

/** What tells that a Helm release of ours stands behind an object. */
export interface ReleaseWitnesses {
  /** Helm's own records: Secrets of the type helm.sh/release.v1, metadata only. */
  readonly releases: readonly LiveObject[];
  /** Chart jobs: while one runs, the record may be about to be written. */
  readonly jobs: readonly LiveObject[];
  /** Names of the HelmCharts that are ours: wanted, known to the inventory, or there. */
  readonly charts: ReadonlySet<string>;
}

/**
 * Without what the charts of our services made: Helm marks its objects, and takes them away with the release. Marks
 * alone are anybody's, so the release must be one of our services', in this namespace, and Helm must hold fields of
 * the object.
 */
export function withoutReleased(
  objects: readonly LiveObject[],
  { releases, jobs, charts }: ReleaseWitnesses,
): LiveObject[] {
  const records = new Set(
    releases.map(({ metadata }) => `${metadata.namespace ?? ""}/${metadata.labels?.["name"] ?? ""}`),
  );
  const installing = new Set(jobs.map(({ metadata }) => metadata.name));
  return objects.filter(({ metadata }) => {
    const { namespace = "", labels = {}, annotations = {}, managedFields = [] } = metadata;
    const release = annotations["meta.helm.sh/release-name"];
    if (release === undefined || labels["app.kubernetes.io/managed-by"] !== "Helm") return true;
    if ((annotations["meta.helm.sh/release-namespace"] ?? namespace) !== namespace) return true;
    // the program is called helm, helm3 or helm_v3 and gives its name as its manager's
    if (!managedFields.some(({ manager }) => manager?.startsWith("helm") === true)) return true;
    // a release is named after its namespace, so another tenant's is not looked for
    if (!charts.has(release) || !release.startsWith(`${namespace}-`)) return true;
    return !records.has(`${namespace}/${release}`) && !installing.has(`helm-install-${release}`);
  });
}
