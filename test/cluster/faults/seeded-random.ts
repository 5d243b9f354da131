/** Numbers in [0, 1) that a seed repeats (mulberry32). */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One of these. Errors: none to pick from is a bug. */
export function pick<T>(items: readonly T[], random: Random): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("there is nothing to pick from");
  return item;
}

/** The seed a run uses: `WOOW_TEST_SEED`, to repeat a run that failed, or a new one. Print it. */
export function chooseSeed(): number {
  const given = Number(process.env["WOOW_TEST_SEED"] ?? "");
  return given > 0 ? given : Math.floor(Math.random() * 1_000_000) + 1;
}
