import { problemAt } from "../definitions/problem.ts";
import type { Finding, Problem } from "../definitions/problem.ts";
import type { Source, ValuePath } from "../definitions/source.ts";

/** More of one file nobody reads, and finding the place of each takes longer the larger the file is. */
export const maxProblemsPerFile = 100;

/** Collects findings with the place they belong to. */
export class ProblemList {
  readonly problems: Problem[] = [];
  readonly #counts = new Map<Source, number>();

  /** At a value, or at its key with `target: "key"`. */
  add(source: Source, path: ValuePath, finding: Finding & { target?: "key" | "value" }): void {
    const count = (this.#counts.get(source) ?? 0) + 1;
    this.#counts.set(source, count);
    if (count > maxProblemsPerFile + 1) return;
    const told = count > maxProblemsPerFile ? tooMany : finding;
    const place = source.locate(count > maxProblemsPerFile ? [] : path, finding.target ?? "value");
    this.problems.push(problemAt(place, told));
  }
}

/** Said once, in the place of every further problem of a file. */
export const tooMany: Finding = {
  code: "too-many-problems",
  message: `more than ${maxProblemsPerFile} problems in this file; the rest is not listed`,
  hint: "mend these first",
};
