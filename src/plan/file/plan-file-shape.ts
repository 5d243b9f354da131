import { refKey } from "../../cluster/object-ref.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import type { ChangeReason, FieldChange, Recovery, Refusal } from "../change.ts";
import type { Hold } from "../inventory.ts";
import type { PlanDecisions } from "../plan-decisions.ts";
import type { QuotaRow, WorkspaceUse } from "../quota/workspace-use.ts";
import { planFormat } from "./plan-file.ts";
import type { PlanFile, SavedObject, SavedSelection, SavedUnit } from "./plan-file.ts";
import type { PlanSummary, PrintedChange, PrintedPlan, PrintedUnit, UnitAction } from "./printed-plan.ts";
import {
  amount,
  anyOf,
  count,
  flag,
  listOf,
  mapOf,
  matching,
  maybe,
  oneOf,
  recordOf,
  text,
} from "./shape.ts";
import type { Check } from "./shape.ts";

const texts = listOf(text);
const time = matching((value) => typeof value === "string" && !Number.isNaN(Date.parse(value)));

const ref = mapOf<ObjectRef>({ apiVersion: text, kind: text, namespace: maybe(text), name: text });

const hold = anyOf(
  mapOf<Extract<Hold, { type: "suspended" }>>({
    type: oneOf({ suspended: true }),
    by: text,
    at: text,
    reason: text,
  }),
  mapOf<Extract<Hold, { type: "rollback" }>>({
    type: oneOf({ rollback: true }),
    by: text,
    at: text,
    revision: count,
    whileDefinition: text,
  }),
);

const field = mapOf<FieldChange>({
  path: text,
  before: maybe(text),
  after: maybe(text),
  masked: flag,
  changedBy: maybe(mapOf<NonNullable<FieldChange["changedBy"]>>({ manager: text, at: maybe(text) })),
});

const change = mapOf<PrintedChange>({
  action: oneOf<PrintedChange["action"]>({ create: true, update: true, replace: true, prune: true }),
  ref,
  reason: oneOf<ChangeReason>({
    definition: true,
    drift: true,
    missing: true,
    undefined: true,
    foreign: true,
    adoption: true,
  }),
  predicted: flag,
  force: flag,
  kept: texts,
  fields: listOf(field),
});

const printedUnit = mapOf<PrintedUnit>({
  unit: text,
  action: oneOf<UnitAction>({
    create: true,
    update: true,
    recover: true,
    remove: true,
    hold: true,
    blocked: true,
    none: true,
  }),
  changes: listOf(change),
  unchanged: count,
  recovery: maybe(
    mapOf<NonNullable<PrintedUnit["recovery"]>>({
      type: oneOf<Recovery["type"]>({ "rerun-job": true, "drop-release-record": true }),
      why: text,
    }),
  ),
  hold: maybe(hold),
  blocked: maybe(mapOf<NonNullable<PrintedUnit["blocked"]>>({ message: text, hint: maybe(text) })),
  notes: texts,
  costBefore: maybe(amount),
  costAfter: maybe(amount),
});

const refusal = mapOf<Refusal>({
  code: oneOf<Refusal["code"]>({
    "other-platform": true,
    "other-cluster": true,
    conflict: true,
    exists: true,
    budget: true,
    rename: true,
    "create-only": true,
    shrink: true,
    stale: true,
    terminating: true,
    "records-mixed": true,
    placeholder: true,
    "removal-not-named": true,
    "missing-kind": true,
    "unverified-chart": true,
    quota: true,
    "client-addresses": true,
    "host-in-use": true,
  }),
  unit: maybe(text),
  ref: maybe(ref),
  message: text,
  hint: maybe(text),
});

const summary = mapOf<PlanSummary>({
  units: mapOf<PlanSummary["units"]>({
    create: count,
    update: count,
    recover: count,
    remove: count,
    hold: count,
    blocked: count,
    none: count,
  }),
  objects: mapOf<PlanSummary["objects"]>({
    create: count,
    update: count,
    replace: count,
    prune: count,
    none: count,
  }),
  costBefore: amount,
  costAfter: amount,
  hasChanges: flag,
});

const quotaRow = mapOf<QuotaRow>({
  resource: oneOf<QuotaRow["resource"]>({
    vcpu: true,
    ram_gb: true,
    limits_vcpu: true,
    limits_ram_gb: true,
    persistent_volume_claims: true,
    storage_gb: true,
  }),
  askedBefore: amount,
  askedAfter: amount,
  used: maybe(amount),
  usedAfter: maybe(amount),
  hardBefore: maybe(amount),
  hard: amount,
});

const workspaceUse = mapOf<WorkspaceUse>({
  workspace: text,
  costBefore: amount,
  costAfter: amount,
  quota: listOf(quotaRow),
});

const plan = mapOf<PrintedPlan>({
  platform: text,
  cluster: text,
  clusterUid: text,
  currency: text,
  units: listOf(printedUnit),
  workspaces: maybe(listOf(workspaceUse)),
  refusals: listOf(refusal),
  notes: texts,
  summary,
});

const savedObject = mapOf<SavedObject>({
  ref,
  desired: maybe(text),
  live: maybe(mapOf<NonNullable<SavedObject["live"]>>({ uid: text, sections: recordOf(text) })),
});

/** Under the key of what it is about, or it would be compared with another. */
const savedObjects = recordOf(
  (value, path, key) =>
    savedObject(value, path) ?? (refKey((value as SavedObject).ref) === key ? undefined : path),
);

const savedUnit = mapOf<SavedUnit>({
  unit: text,
  intent: oneOf<SavedUnit["intent"]>({ apply: true, remove: true }),
  hold: maybe(text),
  recovery: maybe(text),
  objects: savedObjects,
});

const selection = mapOf<SavedSelection>({
  clusters: texts,
  workspaces: texts,
  services: texts,
  templates: maybe(texts),
});

/**
 * A decision that is misread, or that only a newer woow knows, could overwrite somebody. What `woow plan` cannot be told
 * (destroy, rollback and reconcile decide it) decides nothing from a file either.
 */
const decisions = mapOf<PlanDecisions>({
  take: texts,
  keep: texts,
  adopt: flag,
  replace: flag,
  repair: matching((value) => value === false),
  pruneBudget: maybe(count),
  removeWorkspaces: texts,
  removeUnits: matching((value) => Array.isArray(value) && value.length === 0),
  endRollbackHolds: matching((value) => value === undefined),
  overQuota: maybe(oneOf({ allow: true })),
});

/** Every field of a saved plan, and no other: the path of the first that is not as woow writes it. */
export const checkPlanShape: Check = mapOf<PlanFile>({
  format: matching((value) => value === planFormat),
  version: text,
  createdAt: time,
  gitCommit: maybe(text),
  gitDirty: flag,
  platform: text,
  cluster: text,
  clusterUid: text,
  selection,
  decisions,
  salt: text,
  units: listOf(savedUnit),
  plan,
});
