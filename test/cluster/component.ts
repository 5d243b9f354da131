import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Janitor } from "./janitor.ts";

const orderlyEndMs = 3_000;

/** How one part of the cluster is run. */
export interface ComponentOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly logPath: string;
  readonly janitor: Janitor;
  readonly env?: Readonly<Record<string, string>>;
}

/** A process of the test cluster that can be stopped and started again with the same ports and data. */
export class Component {
  readonly name: string;
  readonly #options: ComponentOptions;
  #child: ChildProcess | undefined;
  #stopped = false;

  constructor(options: ComponentOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** The process id while it runs. */
  get pid(): number | undefined {
    return this.running ? this.#child?.pid : undefined;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** True when it was started and is not running, though nobody stopped it. */
  get ended(): boolean {
    return this.#child !== undefined && !this.running && !this.#stopped;
  }

  /** Starts the process; what it says is added to its log. */
  async start(): Promise<void> {
    if (this.running) throw new Error(`${this.name} runs already`);
    this.#stopped = false;
    const { program, args, logPath, janitor, env = {} } = this.#options;
    const log = await open(logPath, "a");
    try {
      // its standard input stays open as long as we live: that is how it knows
      const child = spawn(program, args, {
        stdio: ["pipe", log.fd, log.fd],
        env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/", ...env },
      });
      await once(child, "spawn");
      this.#child = child;
      child.stdin?.on("error", () => undefined);
      const { pid } = child;
      if (pid === undefined) return;
      janitor.started(pid);
      child.once("exit", () => janitor.ended(pid));
    } finally {
      await log.close();
    }
  }

  /** Ends the process and waits until it has gone; without `orderly` it is given no time to tidy up. */
  async stop({ orderly = true }: { readonly orderly?: boolean } = {}): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.running) return;
    this.#stopped = true;
    const exited = once(child, "exit");
    child.kill(orderly ? "SIGTERM" : "SIGKILL");
    if (orderly) {
      const inTime = await Promise.race([
        exited.then(() => true),
        sleep(orderlyEndMs, false, { ref: false }),
      ]);
      if (!inTime) child.kill("SIGKILL");
    }
    await exited;
  }

  /** The end of what the process said. */
  async lastWords(): Promise<string> {
    const text = await readFile(this.#options.logPath, "utf8").catch(() => "");
    return text.trim().split("\n").slice(-8).join("\n");
  }
}
