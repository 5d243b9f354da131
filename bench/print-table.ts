/** One line of the benchmark's result. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  /** Of the base it is compared with. */
  readonly ratio: number | undefined;
  /** The ratio, or for memory the MiB, that must not be passed. */
  readonly target: number | undefined;
  readonly ok: boolean;
}

/** Prints the rows below each other. */
export function printTable(rows: readonly Row[]): void {
  const lines = rows.map(({ what, measured, ratio, target, ok }) => [
    what,
    measured,
    ratio === undefined ? "" : ratio.toFixed(2),
    target === undefined ? "" : `<= ${target}`,
    target === undefined ? "" : ok ? "ok" : "MISSED",
  ]);
  const table = [["what", "measured", "ratio", "target", ""], ...lines];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  for (const line of table) {
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }
}
