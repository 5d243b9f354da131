import type { Problem } from "../definitions/problem.ts";

/**
 * What an edit would bring: problems that the tree did not have before. A problem is known by its file and its words,
 * not by its line, because an edit moves lines.
 */
export function findNewProblems(before: readonly Problem[], after: readonly Problem[]): Problem[] {
  const nameOf = ({ file, code, message }: Problem) => JSON.stringify([file, code, message]);
  const known = new Set(before.map(nameOf));
  return after.filter((problem) => !known.has(nameOf(problem)));
}

/** The errors among them. */
export function findNewErrors(before: readonly Problem[], after: readonly Problem[]): Problem[] {
  return findNewProblems(before, after).filter(({ severity }) => severity === "error");
}
