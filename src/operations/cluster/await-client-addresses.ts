import type { Clock } from "../../cluster/clock.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { OperationError } from "../../errors.ts";
import { clientAddressHint, clientAddressWords, seesClients } from "../../plan/service/client-addresses.ts";
import { readClientAddresses } from "./read-client-addresses.ts";

/** K3s upgrades Traefik's release and rolls it out: a matter of seconds, of minutes on a small machine. */
const mostWaitMs = 180_000;
const pollMs = 1000;

export interface AwaitClientAddressesOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Shorter than three minutes, where a person said so. */
  readonly timeoutMs: number | undefined;
}

/**
 * Gives what waits until Traefik sees who calls; all private services of a run wait for the same answer. Nothing of
 * such a service is written before. Errors: `refused` when the time is over.
 */
export function createClientAddressWait(options: AwaitClientAddressesOptions): () => Promise<void> {
  let waiting: Promise<void> | undefined;
  return async () => {
    waiting ??= waitForClientAddresses(options);
    return waiting;
  };
}

async function waitForClientAddresses(options: AwaitClientAddressesOptions): Promise<void> {
  const { client, clock, signal, timeoutMs = mostWaitMs } = options;
  const limitMs = Math.min(timeoutMs, mostWaitMs);
  const until = clock.monotonicMs() + limitMs;
  for (;;) {
    const addresses = await readClientAddresses(client, { isManaged: true });
    if (seesClients(addresses)) return;
    if (signal.aborted) throw new OperationError("cancelled", "stopped while waiting for Traefik");
    const left = until - clock.monotonicMs();
    if (left <= 0) {
      throw new OperationError(
        "refused",
        `nothing of it was written: after ${Math.round(limitMs / 1000)} s ${clientAddressWords(addresses)}`,
        { hint: `${clientAddressHint(addresses)}; kubectl -n kube-system get jobs,pods shows how far it is` },
      );
    }
    await clock.sleep(Math.min(pollMs, left), signal);
  }
}
