import { maxProblemsPerFile, problemAt, tooManyProblems } from "../definitions/problem.ts";
import type { Finding, Problem } from "../definitions/problem.ts";
import type { Source, ValuePath } from "../definitions/source.ts";

/** Collects findings with the place they belong to, a bounded number for each file. */
export class ProblemList {
  readonly problems: Problem[] = [];
  readonly #counts = new Map<Source, number>();

  /** At a value, or at its key with `target: "key"`. */
  add(source: Source, path: ValuePath, finding: Finding & { target?: "key" | "value" }): void {
    const count = (this.#counts.get(source) ?? 0) + 1;
    this.#counts.set(source, count);
    if (count <= maxProblemsPerFile) {
      this.problems.push(problemAt(source.locate(path, finding.target ?? "value"), finding));
    } else if (count === maxProblemsPerFile + 1) {
      this.problems.push(problemAt(source.locate([]), tooManyProblems));
    }
  }
}
