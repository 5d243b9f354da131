import type { CliContext } from "../context.ts";

/** Quicker runs show nothing. */
const quietMs = 1000;
const stepMs = 100;

/** A line that counts, once a run takes over a second; only on a terminal, and gone when the run ends. */
export function createProgress(
  context: CliContext,
  what: string,
): { update: (done: number, total: number) => void; end: () => void } {
  const started = performance.now();
  let shownAt = 0;
  return {
    update: (done, total) => {
      const now = performance.now();
      if (done === total && shownAt > 0) {
        context.stderr("\r\u001b[K");
        shownAt = 0;
        return;
      }
      if (!context.stderrIsTty || now - started < quietMs || now - shownAt < stepMs) return;
      shownAt = now;
      context.stderr(`\r\u001b[K${what} ${done}/${total}`);
    },
    end: () => {
      if (shownAt > 0) context.stderr("\r\u001b[K");
    },
  };
}
