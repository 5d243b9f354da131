import { setTimeout as sleep } from "node:timers/promises";

const pollMs = 100;

/** Asks again and again until there is an answer; a limit for what hangs, not for what is slow. */
export async function waitUntil<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  { timeoutMs = 60_000 }: { readonly timeoutMs?: number } = {},
): Promise<T> {
  for (let waited = 0; waited < timeoutMs; waited += pollMs) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await sleep(pollMs);
  }
  throw new Error(`${what}: still not so after ${timeoutMs / 1000} s`);
}
