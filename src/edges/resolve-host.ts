import { lookup } from "node:dns/promises";
import { OperationError } from "../errors.ts";

const timeoutMs = 5_000;

/** The addresses this machine finds for a host; empty when there is none. Errors: `unavailable`. */
export async function resolveHost(host: string): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new OperationError("unavailable", `no name server answers for ${host}`, { subject: host })),
      timeoutMs,
    );
  });
  try {
    const found = await Promise.race([lookup(host, { all: true }), late]);
    return found.map(({ address }) => address);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTFOUND") return [];
    if (error instanceof OperationError) throw error;
    throw new OperationError("unavailable", `no name server answers for ${host}`, { subject: host });
  } finally {
    clearTimeout(timer);
  }
}
