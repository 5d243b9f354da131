/** Time as stages see it: it comes in as an argument, so that tests can turn it. */
export interface Clock {
  /** Milliseconds since 1970, for what people read. */
  nowMs(): number;
  /** Milliseconds that never go back, for waiting and for terms. */
  monotonicMs(): number;
  /** Ends early, without an error, when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
