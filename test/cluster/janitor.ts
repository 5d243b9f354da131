import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/**
 * A process that outlives this one by a moment: when we are gone, however that happened, it ends the processes it was
 * told of and removes the directories.
 */
export class Janitor {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts one; `program` is the control plane's. */
  static async start(program: string, directories: readonly string[]): Promise<Janitor> {
    // a group of its own, or a Ctrl-C at the terminal would end it before its work begins
    const child = spawn(program, ["janitor", ...directories], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    await once(child, "spawn");
    child.stdin?.on("error", () => undefined);
    return new Janitor(child);
  }

  started(pid: number): void {
    this.#child.stdin?.write(`start ${pid}\n`);
  }

  ended(pid: number): void {
    if (this.#child.stdin?.writable === true) this.#child.stdin.write(`end ${pid}\n`);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Lets it do its work now, and waits for it. */
  async finish(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.stdin?.end();
    await exited;
  }
}
