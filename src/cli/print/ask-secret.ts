import { OperationError } from "../../errors.ts";
import type { CliContext } from "../context.ts";

/** More than any password or key; a definition file holds no more either. */
const maxSecretBytes = 512 * 1024;

/**
 * A secret from a hidden prompt, asked twice, or from standard input when that is no terminal. Of piped text one line end
 * at its end is dropped, because `echo` and editors add one; `trim` drops all space around it.
 * Errors: `needs-terminal` in CI, `usage` for what is no UTF-8 text or too long.
 */
export async function askSecret(
  question: string,
  { context, trim }: { readonly context: CliContext; readonly trim: boolean },
): Promise<string> {
  const value = process.stdin.isTTY ? await promptTwice(question, context) : await readInput();
  return trim ? value.trim() : value;
}

async function promptTwice(question: string, context: CliContext): Promise<string> {
  if (!context.canAsk) {
    throw new OperationError("needs-terminal", "the value cannot be asked for here", {
      hint: "pipe it in, for example from a password manager; a value is never taken from the command line",
    });
  }
  const { password } = await import("@inquirer/prompts");
  const first = await password({ message: `${question}:`, toggleMask: false });
  await password({
    message: "Once more:",
    toggleMask: false,
    validate: (second) => second === first || "that is not the same; type it again, or stop with Ctrl-C",
  });
  return first;
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxSecretBytes) {
      throw new OperationError(
        "usage",
        `the value on standard input is longer than ${maxSecretBytes} bytes`,
        {
          hint: "a secret is a password or a key; put larger data into the app itself",
        },
      );
    }
  }
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(Buffer.concat(chunks)).replace(/\r?\n$/, "");
  } catch {
    throw new OperationError("usage", "the value on standard input is not UTF-8 text", {
      hint: "encode binary data, for example as base64",
    });
  }
}
