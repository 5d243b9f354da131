import type { CliContext } from "../context.ts";

/** Asks on a terminal; no is the answer of an empty line. */
export async function askYesNo(question: string, { canAsk }: CliContext): Promise<boolean> {
  if (!canAsk) return false;
  const { confirm } = await import("@inquirer/prompts");
  return confirm({ message: question, default: false });
}
