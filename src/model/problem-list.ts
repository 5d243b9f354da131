import { problemAt } from "../definitions/problem.ts";
import type { Finding, Problem } from "../definitions/problem.ts";
import type { Source, ValuePath } from "../definitions/source.ts";

/** Collects findings with the place they belong to. */
export class ProblemList {
  readonly problems: Problem[] = [];

  /** At a value, or at its key with `target: "key"`. */
  add(source: Source, path: ValuePath, finding: Finding & { target?: "key" | "value" }): void {
    this.problems.push(problemAt(source.locate(path, finding.target ?? "value"), finding));
  }
}
