import type { AuditEvent } from "../test-cluster.ts";

const mutating = ["create", "update", "patch", "delete", "deletecollection"];

/** What woow, and nobody else, stored or tried to: `patch /api/v1/...`. */
export function writesOf(events: readonly AuditEvent[]): string[] {
  return events.filter(isWrite).map(({ verb, uri }) => `${verb} ${uri}`);
}

/** Questions such as SelfSubjectAccessReview are asked with a POST, and nothing is stored. */
export function isWrite({ verb, dryRun, resource, userAgent }: AuditEvent): boolean {
  return userAgent.startsWith("woow") && mutating.includes(verb) && !dryRun && !resource.endsWith("reviews");
}
