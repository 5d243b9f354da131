import { createHmac } from "node:crypto";

/** How many hex digits stand for a secret: enough that two different ones never look the same by chance. */
const standInLength = 8;

/**
 * What stands for a secret in a plan: equal for equal values and different for different ones, within one plan. The
 * salt is random, one per plan, and stored nowhere, so that nobody can try guesses against a stand-in.
 */
export function maskValue(value: unknown, salt: string): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const digest = createHmac("sha256", salt).update(text).digest("hex");
  return `(secret ${digest.slice(0, standInLength)})`;
}

/** Names that sound like a secret; a plan hides these even where nobody said that they are. */
const suspicious =
  /pass(word|wd|phrase|code)?|secret|token|credential|private|(api|access|encryption|signing|auth|master|license)[-_.]?key|keys?$|\bdsn$|connection[-_.]?string|salt$/i;

/** True for a path whose value is better hidden when in doubt. */
export function soundsSecret(path: string): boolean {
  return suspicious.test(path);
}
