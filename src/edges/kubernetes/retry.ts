import type { IncomingMessage } from "node:http";
import type { Clock } from "../../cluster/clock.ts";
import { OperationError } from "../../errors.ts";
import type { ApiStatus } from "./api-status.ts";
import { isHopeless, readStatus } from "./api-status.ts";
import type { HttpAnswer, HttpRequest, HttpTransport } from "./http.ts";
import { NotNowError, TimeoutError } from "./http.ts";

/** How long and how often a request is tried. */
export interface RetryOptions {
  readonly transport: HttpTransport;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** The credentials were not accepted; true when there are new ones. */
  readonly renewCredentials: () => boolean;
  /** Aborted: nothing is waited for any more; a request gets one try. */
  readonly signal: AbortSignal;
  readonly server: string;
  readonly requestTimeoutMs: number;
  /** No try begins later than this after the first. */
  readonly retryBudgetMs: number;
}

export type TryRequest = Omit<HttpRequest, "timeoutMs">;

/** An answer, and what it says when it is no success. */
export type FinalAnswer =
  { readonly ok: true; readonly answer: HttpAnswer } | { readonly ok: false; readonly status: ApiStatus };

const firstDelayMs = 100;
const longestDelayMs = 5_000;
/** An API server that was never there is not waited for: the address is wrong, or it is down. */
const triesAtFirst = 3;
/** A 500 may be a bug that stays; what passes by itself answers otherwise. */
const triesOf500 = 6;

const passing = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ERR_STREAM_PREMATURE_CLOSE",
]);

/** Sends requests again for as long as it may help. */
export interface RetryingSender {
  send(request: TryRequest): Promise<FinalAnswer>;
  /** Opens a stream; tries again like `send` until the answer begins. */
  open(request: TryRequest, idleTimeoutMs: number): Promise<IncomingMessage | ApiStatus>;
}

/**
 * Tries again: broken connections, no answer in time, 429 and 503 after Retry-After, other 5xx, and 401 once with new
 * credentials. Errors: `unreachable`, `cancelled`; what the API server refuses is an answer, not an error.
 */
export function createRetryingSender(options: RetryOptions): RetryingSender {
  const { transport, clock, random, signal, server, requestTimeoutMs, retryBudgetMs } = options;
  let wasReached = false;

  /** Repeats `attempt` until it gives something other than a wish to be repeated. */
  const repeat = async <T>(
    request: TryRequest,
    attempt: () => Promise<{ done: T } | { again: T; afterMs: number }>,
  ): Promise<T> => {
    const startedMs = clock.monotonicMs();
    for (let tries = 1; ; tries++) {
      const backoffMs = Math.min(longestDelayMs, firstDelayMs * 2 ** (tries - 1)) * (0.5 + random() / 2);
      let delayMs = backoffMs;
      let last: { readonly again: T } | { readonly error: unknown };
      try {
        const outcome = await attempt();
        wasReached = true;
        if ("done" in outcome) return outcome.done;
        delayMs = Math.max(backoffMs, outcome.afterMs);
        last = outcome;
      } catch (error) {
        if (request.signal?.aborted === true || !isPassing(error)) throw connectionError(error, options);
        last = { error };
        if (!wasReached && tries >= triesAtFirst) throw connectionError(error, options);
        // a kept connection that the server had closed: nothing is wrong
        if (tries === 1 && wasReached && codeOf(error) === "ECONNRESET") delayMs = 0;
      }
      const isOver = clock.monotonicMs() + delayMs - startedMs > retryBudgetMs;
      if (isOver || signal.aborted) {
        if ("again" in last) return last.again;
        throw connectionError(last.error, options);
      }
      const ends = request.signal === undefined ? signal : AbortSignal.any([signal, request.signal]);
      if (delayMs > 0) await clock.sleep(delayMs, ends);
      if (request.signal?.aborted === true) throw connectionError(request.signal.reason, options);
      if (signal.aborted && delayMs > 0) {
        throw new OperationError("cancelled", `stopped while waiting for the API server ${server}`, {
          subject: server,
        });
      }
    }
  };

  const judge = (
    state: { readonly path: string; renewed: boolean; tries500: number },
    status: ApiStatus,
    retryAfter: unknown,
  ) => {
    if (status.status === 401 && !state.renewed && options.renewCredentials()) {
      state.renewed = true;
      return 0;
    }
    if (status.status === 500 && (isHopeless(status) || ++state.tries500 >= triesOf500)) return undefined;
    if (status.status !== 429 && status.status < 500 && !isQuotaRace(status, state.path)) return undefined;
    const seconds = Number(retryAfter);
    return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, 2 * longestDelayMs) : 0;
  };

  return {
    send(request) {
      const state = { path: request.path, renewed: false, tries500: 0 };
      return repeat<FinalAnswer>(request, async () => {
        const answer = await transport.send({ ...request, timeoutMs: requestTimeoutMs });
        if (answer.status < 300) return { done: { ok: true, answer } };
        const status = readStatus(answer);
        const afterMs = judge(state, status, answer.headers["retry-after"]);
        const refused: FinalAnswer = { ok: false, status };
        return afterMs === undefined ? { done: refused } : { again: refused, afterMs };
      });
    },
    open(request, idleTimeoutMs) {
      const state = { path: request.path, renewed: false, tries500: 0 };
      return repeat<IncomingMessage | ApiStatus>(request, async () => {
        const response = await transport.open({ ...request, timeoutMs: idleTimeoutMs });
        const code = response.statusCode ?? 0;
        if (code < 300) return { done: response };
        response.setEncoding("utf8");
        let text = "";
        for await (const chunk of response) text += chunk as string;
        const status = readStatus({ status: code, text });
        const afterMs = judge(state, status, response.headers["retry-after"]);
        return afterMs === undefined ? { done: status } : { again: status, afterMs };
      });
    },
  };
}

/** Many creations at once: the server could not count this one, and says so as a conflict on the quota itself. */
function isQuotaRace({ status, message }: ApiStatus, path: string): boolean {
  const isAboutQuota = message.startsWith("Operation cannot be fulfilled on resourcequotas ");
  return status === 409 && isAboutQuota && !path.includes("/resourcequotas");
}

function codeOf(error: unknown): string {
  return (error as { readonly code?: string } | undefined)?.code ?? "";
}

/** May the same request work a moment later? */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof TimeoutError ||
    error instanceof NotNowError ||
    passing.has(codeOf(error)) ||
    (error instanceof AggregateError && error.errors.some(isPassing))
  );
}

/** What a broken connection means, without what was sent over it. */
function connectionError(error: unknown, { server }: Pick<RetryOptions, "server">): unknown {
  // a guard's own refusal, or a bug of ours, is not about the connection
  if (error instanceof OperationError) return error;
  const code = codeOf(error);
  if (isAbort(error))
    return new OperationError("cancelled", `a request to ${server} was stopped`, { subject: server });
  if (error instanceof NotNowError) {
    return new OperationError("lock-lost", "the lock on the cluster could not be renewed for too long", {
      subject: server,
      hint: "check the network and the load of the cluster, then run again: it goes on where this run stopped",
    });
  }
  if (error instanceof TimeoutError) {
    return new OperationError("unreachable", `the API server ${server} does not answer in time`, {
      subject: server,
      hint: "check the network and the load of the cluster, then try again",
    });
  }
  if (/^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|CERT_|ERR_TLS_CERT|HOSTNAME_MISMATCH)/.test(code)) {
    return new OperationError("unreachable", `the certificate of ${server} is not trusted (${code})`, {
      subject: server,
      hint: "check certificate-authority in the kubeconfig, and that the address is the right one",
    });
  }
  if (code === "") return error;
  return new OperationError("unreachable", `the API server ${server} cannot be reached (${code})`, {
    subject: server,
    hint: "check that the cluster is up, the address in the kubeconfig, and the network in between",
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "ABORT_ERR");
}
