import { randomUUID } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient } from "./api-client.ts";

/** One request as the API server's audit log has it. */
export interface AuditEvent {
  /** `get list watch create update patch delete deletecollection`. */
  readonly verb: string;
  readonly uri: string;
  readonly user: string;
  /** The HTTP status; 0 for a request that never got an answer. */
  readonly code: number;
  readonly dryRun: boolean;
  readonly userAgent: string;
  /** Of the object, where the request names one kind: plural, lower case. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

interface AuditLine {
  readonly auditID: string;
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user?: { readonly username?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string; readonly name?: string };
}

const pollMs = 20;
const flushTimeoutMs = 10_000;
const markerAgent = "test-cluster/audit-marker";

/** Where the log ends now; every request answered before this call lies before it. */
export async function markAuditLog(path: string, client: ApiClient): Promise<number> {
  await flushed(path, client);
  return (await stat(path)).size;
}

/** What was asked after a mark, in the order of the log; a watch counts once, when it starts. */
export async function readAuditLog(options: {
  readonly path: string;
  readonly client: ApiClient;
  readonly mark: number;
  readonly user?: string;
}): Promise<AuditEvent[]> {
  const { path, client, mark, user } = options;
  await flushed(path, client);
  const seen = new Set<string>();
  const events: AuditEvent[] = [];
  for (const line of await readLines(path, mark)) {
    if (line.userAgent === markerAgent || seen.has(line.auditID)) continue;
    // a watch is logged when it starts and when it ends; the rest is logged when answered
    seen.add(line.auditID);
    const event = toEvent(line);
    if (user === undefined || event.user === user) events.push(event);
  }
  return events;
}

/** Waits until a request of our own, made after everything else, stands in the log. */
async function flushed(path: string, client: ApiClient): Promise<void> {
  // a request is logged just after it is answered, in no order with others: what was under way when the first marker
  // was sent has been logged when the second one has
  for (let round = 0; round < 2; round++) {
    const before = (await stat(path).catch(() => ({ size: 0 }))).size;
    const marker = randomUUID();
    await client.request({ method: "GET", path: `/version?marker=${marker}`, userAgent: markerAgent });
    for (let waited = 0; ; waited += pollMs) {
      const lines = await readLines(path, before);
      if (lines.some((line) => line.requestURI.endsWith(marker))) break;
      if (waited > flushTimeoutMs) throw new Error("the API server's audit log stands still");
      await sleep(pollMs);
    }
  }
}

async function readLines(path: string, from: number): Promise<AuditLine[]> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.max(0, size - from));
    await file.read(buffer, 0, buffer.length, from);
    const text = buffer.toString("utf8");
    // the last line may be half written
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    return whole
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as AuditLine);
  } finally {
    await file.close();
  }
}

function toEvent(line: AuditLine): AuditEvent {
  const query = new URL(line.requestURI, "https://server").searchParams;
  return {
    verb: line.verb,
    uri: line.requestURI,
    user: line.user?.username ?? "",
    code: line.responseStatus?.code ?? 0,
    dryRun: query.getAll("dryRun").includes("All"),
    userAgent: line.userAgent ?? "",
    resource: line.objectRef?.resource ?? "",
    namespace: line.objectRef?.namespace ?? "",
    name: line.objectRef?.name ?? "",
  };
}
