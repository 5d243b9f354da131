import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { ReconcileEvent } from "../../src/operations/reconcile/reconcile-event.ts";
import { builtCli, cleanEnvironment } from "../support/woow.ts";
import { waitUntil } from "./wait-until.ts";

/** An event as `--json` writes it; other lines, such as problems, have other types. */
export type PrintedEvent = ReconcileEvent & { readonly version: number };

/** `woow reconcile` as a process of its own. */
export interface ReconcileProcess {
  readonly events: readonly PrintedEvent[];
  /** Everything it wrote, for what must not stand there. */
  output(): string;
  /** The first event of a type that fits, from a place in the list on; waits for it. */
  event<T extends PrintedEvent["type"]>(
    type: T,
    options?: {
      readonly from?: number;
      readonly where?: (event: Extract<PrintedEvent, { type: T }>) => boolean;
    },
  ): Promise<Extract<PrintedEvent, { type: T }>>;
  signal(name: NodeJS.Signals): void;
  /** Waits for its end and gives its exit status. */
  ended(): Promise<number | null>;
  /** Ends it, however it is. */
  kill(): Promise<void>;
}

/** Starts it with `--json`; nothing of this machine's environment reaches it but PATH. */
export function startReconcile(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): ReconcileProcess {
  const child: ChildProcess = spawn(process.execPath, [builtCli, "reconcile", "--json", ...args], {
    cwd,
    env: cleanEnvironment(cwd, env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const events: PrintedEvent[] = [];
  let text = "";
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    events.push(...lines.map((line) => JSON.parse(line) as PrintedEvent));
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const end = new Promise<number | null>((resolve) => child.once("close", (status) => resolve(status)));
  let isEnded = false;
  void end.then(() => {
    isEnded = true;
  });
  return {
    events,
    output: () => text,
    event: async (type, { from = 0, where = () => true } = {}) => {
      type Wanted = Extract<PrintedEvent, { type: typeof type }>;
      const find = () =>
        events.slice(from).find((event): event is Wanted => event.type === type && where(event as Wanted));
      try {
        return await waitUntil(`event ${type}`, async () => {
          const found = find();
          if (found === undefined && isEnded) throw new Error("the process has ended");
          return found;
        });
      } catch (error) {
        throw new Error(`no event ${type}; it wrote:\n${text}`, { cause: error });
      }
    },
    signal: (name) => void child.kill(name),
    ended: async () => end,
    kill: async () => {
      if (!isEnded) child.kill("SIGKILL");
      await end;
    },
  };
}
