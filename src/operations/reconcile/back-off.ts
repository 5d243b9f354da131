/** How long to wait after the n-th failure in a row. */
export interface BackOffTimes {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Twice as long after every failure, up to a limit; up to a fifth more or less, so that many do not retry at once. */
export function backOffMs(failures: number, times: BackOffTimes, random: () => number): number {
  const exact = Math.min(times.maxMs, times.firstMs * 2 ** Math.max(0, failures - 1));
  return Math.round(exact * (0.8 + 0.4 * random()));
}

/** A number from 0 up to 1 from four random bytes. */
export function randomFraction(randomBytes: (length: number) => Uint8Array): number {
  const bytes = randomBytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
}
