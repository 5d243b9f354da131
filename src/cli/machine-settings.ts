import { hostname, userInfo } from "node:os";

type Environment = Readonly<Record<string, string | undefined>>;

const defaultLockTermMs = 15_000;

/** Who is written into revisions and holds: `WOOW_ACTOR`, else the user of this machine. */
export function readActor(environment: Environment): string {
  return environment["WOOW_ACTOR"] ?? `${userName()}@${hostname()}`;
}

/** How long a lock holds that nobody renews; `WOOW_LOCK_TERM` (seconds) is for slow API servers, and for tests. */
export function readLockTermMs(environment: Environment): number {
  const term = Number(environment["WOOW_LOCK_TERM"] ?? "") * 1000;
  return term > 0 ? term : defaultLockTermMs;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // a user id without a name, as in containers
    return String(process.getuid?.() ?? "unknown");
  }
}
