import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CliContext } from "../../src/cli/context.ts";
import { createProgress } from "../../src/cli/print/progress.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

/** Runs ten steps of a while each, and gives what was printed. */
function printed({ isTty, stepMs }: { isTty: boolean; stepMs: number }): string {
  let text = "";
  const context: CliContext = {
    environment: {},
    stdout: () => undefined,
    stderr: (part) => {
      text += part;
    },
    stdoutIsTty: isTty,
    stderrIsTty: isTty,
    canAsk: false,
    colors: { stdout: false, stderr: false },
  };
  const progress = createProgress(context, "rendering");
  for (let done = 1; done <= 10; done += 1) {
    vi.advanceTimersByTime(stepMs);
    progress.update(done, 10);
  }
  progress.end();
  return text;
}

test("a run of over a second shows how far it is, and takes the line away at the end", () => {
  const text = printed({ isTty: true, stepMs: 250 });
  expect(text).toContain("rendering 4/10");
  expect(text).not.toContain("rendering 3/10");
  expect(text.endsWith("\r\u001b[K")).toBe(true);
});

test("a quick run, and one that is not watched, show nothing", () => {
  expect(printed({ isTty: true, stepMs: 50 })).toBe("");
  expect(printed({ isTty: false, stepMs: 250 })).toBe("");
});
