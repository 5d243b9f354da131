import { expect, test } from "vitest";
import { attributeClaims } from "../../src/apply/volumes/attribute-claims.ts";
import { readVolume } from "../../src/apply/volumes/volume.ts";
import type { LiveObject } from "../../src/cluster/live-object.ts";

const own = "paas-ws-a-db";
const other = "paas-ws-a-web";
const service = {
  platform: "p",
  workspaceId: "a",
  referenceId: "db",
  releaseName: own,
  namespace: "paas-ws-a",
};

function live(kind: string, name: string, rest: Record<string, unknown> = {}): LiveObject {
  const { metadata, ...body } = rest as { metadata?: object };
  return {
    apiVersion: "v1",
    kind,
    metadata: { name, uid: `uid-${name}`, resourceVersion: "1", ...metadata },
    ...body,
  } as unknown as LiveObject;
}

interface Case {
  readonly annotation?: string;
  readonly label?: string;
  /** `WORKSPACE/REFERENCE_ID` that our marks on the volume name. */
  readonly mark?: string;
  readonly template?: string;
  readonly mountedBy?: string;
}

function attributionOf({ annotation, label, mark, template, mountedBy }: Case): string {
  const [workspace, reference] = mark?.split("/") ?? [];
  const claim = live("PersistentVolumeClaim", "data-x-0", {
    metadata: {
      ...(label === undefined ? {} : { labels: { "app.kubernetes.io/instance": label } }),
      ...(annotation === undefined ? {} : { annotations: { "meta.helm.sh/release-name": annotation } }),
    },
    spec: { volumeName: "pv" },
  });
  const labels = {
    "paas.woowtech.com/platform": "p",
    "paas.woowtech.com/workspace": workspace,
    "paas.woowtech.com/service": reference,
  };
  const volume = live("PersistentVolume", "pv", { metadata: mark === undefined ? {} : { labels } });
  const set = live("StatefulSet", "x", {
    metadata: { annotations: { "meta.helm.sh/release-name": template } },
    spec: { volumeClaimTemplates: [{ metadata: { name: "data" } }] },
  });
  const pod = live("Pod", "x-0", {
    metadata: { labels: { "app.kubernetes.io/instance": mountedBy } },
    spec: { volumes: [{ persistentVolumeClaim: { claimName: "data-x-0" } }] },
  });
  const found = attributeClaims({
    service,
    claims: [claim],
    statefulSets: template === undefined ? [] : [set],
    pods: mountedBy === undefined ? [] : [pod],
    volumes: [readVolume(volume)],
    otherReleases: new Set([other]),
  });
  return found.get(claim) ?? "missing";
}

test.each<[string, Case, string]>([
  ["nothing at all", {}, "unclear"],
  ["Helm's annotation", { annotation: own }, "own"],
  ["a neighbour's annotation", { annotation: other }, "other"],
  ["an annotation of nobody's release", { annotation: "gone" }, "unclear"],
  ["a label", { label: own }, "own"],
  ["a neighbour's label", { label: other }, "other"],
  ["a label that names no release", { label: "stable", annotation: own }, "own"],
  ["a StatefulSet's template", { template: own }, "own"],
  ["a neighbour's StatefulSet", { template: other }, "other"],
  ["our mark", { mark: "a/db" }, "own"],
  ["our mark of a neighbour", { mark: "a/web" }, "other"],
  ["a neighbour's pod mounts it", { mountedBy: other }, "other"],
  ["a pod of its own mounts it", { mountedBy: own }, "unclear"],
  // what a person or a tenant changed
  ["a foreign annotation on a claim of its own", { annotation: other, label: own }, "unclear"],
  ["nobody's annotation on a claim of its own", { annotation: "gone", label: own }, "unclear"],
  ["its own annotation on a neighbour's claim", { annotation: own, label: other }, "unclear"],
  ["a neighbour's kept volume bound by hand", { mark: "a/web", annotation: own }, "unclear"],
  ["another tenant's kept volume bound by hand", { mark: "b/db", annotation: own }, "own"],
  ["another tenant's kept volume at a neighbour's claim", { mark: "b/db", annotation: other }, "other"],
])("%s", (_, given, expected) => {
  expect(attributionOf(given)).toBe(expected);
});
