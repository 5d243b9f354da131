import type { Clock } from "../../cluster/clock.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { systemClock } from "../system-clock.ts";
import { createCredentials } from "./credentials.ts";
import { createHttpTransport } from "./http.ts";
import { findConnection } from "./kubeconfig.ts";
import type { KubeconfigQuery } from "./kubeconfig.ts";
import { createKubernetesClient } from "./kubernetes-client.ts";
import { createRetryingSender } from "./retry.ts";

export interface ConnectOptions extends KubeconfigQuery {
  /**
   * Aborted: nothing is waited for any more. Requests are still sent, once each, so that a stopped command can write
   * down what it did and let go of the lock.
   */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  /** From 0 to 1. */
  readonly random?: () => number;
  /** As the API server's audit log shows it. */
  readonly userAgent?: string;
  readonly requestTimeoutMs?: number;
  readonly retryBudgetMs?: number;
}

/**
 * A client of the cluster that the kubeconfig means; sends nothing yet.
 * Errors: those of findConnection; `unreadable` for a certificate or token.
 */
export async function connectCluster(options: ConnectOptions): Promise<ClusterClient> {
  const { clock = systemClock, random = Math.random, signal, environment } = options;
  const { requestTimeoutMs = 30_000, retryBudgetMs = 30_000, userAgent = "woow" } = options;
  const connection = findConnection(options);
  const { server } = connection.cluster;
  const credentials = createCredentials(connection, () => clock.monotonicMs());
  const transport = createHttpTransport({ connection, credentials, environment, userAgent });
  const sender = createRetryingSender({
    transport,
    clock,
    random,
    renewCredentials: () => credentials.renew(),
    signal,
    server,
    requestTimeoutMs,
    retryBudgetMs,
  });
  return createKubernetesClient({ name: connection.name, server, sender, clock, random });
}
