import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** Starts the DNS of the pages and gives its address. */
export async function startNameServer(): Promise<{
  readonly address: string;
  readonly stop: () => Promise<void>;
}> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "name-server.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [data] = (await once(child.stdout, "data")) as [Buffer];
  return {
    address: data.toString().trim(),
    stop: async () => {
      const ended = once(child, "close");
      child.stdin.end();
      await ended;
    },
  };
}
