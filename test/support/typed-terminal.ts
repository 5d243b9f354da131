import { spawn, spawnSync } from "node:child_process";
import { builtCli, cleanEnvironment } from "./woow.ts";

/** What is typed when a text has appeared on the screen. */
export interface Typing {
  readonly when: string;
  readonly type: string;
}

/** True where `script` of util-linux can play a terminal. */
export function hasTerminal(): boolean {
  const { status, stdout } = spawnSync("script", ["--version"], { encoding: "utf8" });
  return status === 0 && stdout.includes("util-linux");
}

/** Runs the built CLI in a terminal and types answers as the questions appear; gives the screen's text and the status. */
export async function runInTerminal(
  args: readonly string[],
  {
    cwd,
    typing,
    env = {},
  }: { cwd: string; typing: readonly Typing[]; env?: Readonly<Record<string, string>> },
): Promise<{ readonly status: number | null; readonly screen: string; readonly typed: number }> {
  const command = [process.execPath, builtCli, ...args].map((part) => `'${part}'`).join(" ");
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd,
    env: cleanEnvironment(cwd, { TERM: "xterm", ...env }),
    stdio: ["pipe", "pipe", "pipe"],
  });
  let screen = "";
  let seen = 0;
  let typed = 0;
  let again: NodeJS.Timeout | undefined;
  const type = (keys: string): void => {
    const before = screen.length;
    child.stdin.write(keys);
    // on a busy machine a prompt may not listen yet: what left no trace is typed again, what was not taken is entered
    again = setInterval(() => {
      if (screen.length === before) child.stdin.write(keys);
      else if (keys.endsWith("\r")) child.stdin.write("\r");
    }, 5000);
  };
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    screen += text;
    const next = typing[typed];
    const at = next === undefined ? -1 : screen.indexOf(next.when, seen);
    if (next === undefined || at < 0) return;
    seen = at + next.when.length;
    typed += 1;
    clearInterval(again);
    // a person needs a moment too, and the prompt must be listening
    setTimeout(() => type(next.type), 300);
  });
  let isStuck = false;
  const status = await new Promise<number | null>((resolve) => {
    const timer = setTimeout(() => {
      isStuck = true;
      child.kill();
    }, 180_000);
    child.on("close", (code) => {
      clearTimeout(timer);
      clearInterval(again);
      resolve(isStuck ? null : code);
    });
  });
  return { status, screen, typed };
}
