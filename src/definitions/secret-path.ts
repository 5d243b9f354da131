import type { ValuePath } from "./source.ts";

const secretWord = /passw|secret|token|credential|api_?key/i;

/**
 * True for a place whose value may be a secret, even one that was written there by mistake: a message about it says
 * what kind of value it is, never the value.
 */
export function mayHoldSecret(path: ValuePath): boolean {
  const [first] = path;
  if (first === "secret_values" || first === "sops") return true;
  // an entry of a list is as secret as the list
  const last = path.findLast((step) => typeof step === "string" && !/^[0-9]+$/.test(step));
  return last !== undefined && secretWord.test(String(last));
}

/**
 * The same for a character of a text that may be no valid YAML, so that there are no paths: the top-level key above it
 * decides, and the words before it on its line and on the line that its own continues.
 */
export function mayHoldSecretAt(text: string, offset: number): boolean {
  const lines = text.slice(0, offset).split("\n");
  const top = lines.findLast((line) => /^[^\s#-]/.test(line)) ?? "";
  if (/^["']?(?:secret_values|sops)\b/.test(top)) return true;
  const written = lines.filter((line) => line.trim() !== "").slice(-2);
  return written.some((line) => secretWord.test(line));
}
