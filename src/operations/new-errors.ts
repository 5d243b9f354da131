import type { Problem } from "../definitions/problem.ts";

/**
 * Errors that an edit would bring: those of the edited tree that the tree did not have before. With the message,
 * because the same place can be wrong in a new way.
 */
export function findNewErrors(before: readonly Problem[], after: readonly Problem[]): Problem[] {
  const identify = ({ code, file, line, column, message }: Problem) =>
    JSON.stringify([code, file, line, column, message]);
  const known = new Set(before.map(identify));
  return after.filter((problem) => problem.severity === "error" && !known.has(identify(problem)));
}
