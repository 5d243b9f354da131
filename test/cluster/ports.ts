import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

// below what systems hand out for outgoing connections: such a port could be taken between our test and its use
const lowest = 12_000;
const highest = 32_000;
const given = new Set<number>();

/** Ports of 127.0.0.1 that nobody listens on; never the same one twice in a process. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(lowest, highest);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
