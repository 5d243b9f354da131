import { distance } from "fastest-levenshtein";

/** The known word nearest to `word`, or undefined when none is near enough to be meant. */
export function suggestWord(word: string, known: Iterable<string>): string | undefined {
  const lower = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = (word.length <= 3 ? 1 : Math.max(2, Math.floor(word.length / 3))) + 1;
  for (const candidate of known) {
    const d = distance(lower, candidate.toLowerCase());
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  return best;
}

/** "did you mean X?", or the list of what is known when nothing is near and the list is short. */
export function suggestHint(word: string, known: readonly string[]): string | undefined {
  const near = suggestWord(word, known);
  if (near !== undefined) return `did you mean ${near}?`;
  if (known.length === 0) return undefined;
  if (known.length <= 12) return `known: ${[...known].sort().join(", ")}`;
  return undefined;
}
