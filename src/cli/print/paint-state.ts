import type { CliContext } from "../context.ts";
import { createPainter } from "./style.ts";

/** The colour of a word that says how something stands. */
export function paintState(context: CliContext, word: string): string {
  const paint = createPainter(context.colors.stdout);
  if (["running", "applied", "created", "configured", "removed"].includes(word)) return paint("green", word);
  if (["failed", "error", "not-running"].includes(word)) return paint("red", word);
  return paint("yellow", word);
}
