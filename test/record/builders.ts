import type { NewRevision, RevisionEnd } from "../../src/record/revision.ts";

/** A revision as a run would begin it. */
export function newRevision(unit: string, more: Partial<NewRevision> = {}): NewRevision {
  return {
    unit,
    cluster: "default",
    startedAt: "2026-01-02T03:04:05.000Z",
    origin: { actor: "ada@desk", gitCommit: "0123abc", gitDirty: false, command: "apply" },
    definition: {
      files: {
        "platform.yaml": "kind: Platform\nname: test\n",
        [`workspaces/${unit}.yaml`]: `kind: CloudService\nname: ${unit} ☃\n`,
      },
    },
    chartVersion: "1.0.0",
    manifestDigest: "d".repeat(64),
    changes: [
      {
        action: "update",
        ref: { apiVersion: "helm.cattle.io/v1", kind: "HelmChart", namespace: "paas-charts", name: "x" },
        fields: ["spec.version"],
      },
      {
        action: "create",
        ref: { apiVersion: "v1", kind: "Namespace", namespace: undefined, name: "paas-ws-acme" },
        fields: [],
      },
    ],
    rollbackTo: undefined,
    ...more,
  };
}

/** How it ended. */
export function revisionEnd(more: Partial<RevisionEnd> = {}): RevisionEnd {
  return {
    outcome: "running",
    finishedAt: "2026-01-02T03:05:00.000Z",
    helmRevision: 3,
    message: undefined,
    droppedRelease: undefined,
    ...more,
  };
}
