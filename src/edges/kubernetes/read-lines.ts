import type { IncomingMessage } from "node:http";
import { createGunzip } from "node:zlib";
import { pipeline } from "node:stream";
import type { Readable } from "node:stream";

/** The body as it comes, unpacked, as pieces of text that never cut a character. */
export function textOf(response: IncomingMessage): Readable {
  if (response.headers["content-encoding"] !== "gzip") return response.setEncoding("utf8");
  const unpacked = createGunzip();
  // the reader of `unpacked` sees what goes wrong
  pipeline(response, unpacked, () => undefined);
  return unpacked.setEncoding("utf8");
}

/** The lines of a body as they come; one that does not end is not a line. */
export async function* readLines(response: IncomingMessage): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of textOf(response)) {
    rest += piece as string;
    let start = 0;
    for (let end = rest.indexOf("\n", start); end !== -1; end = rest.indexOf("\n", start)) {
      if (end > start) yield rest.slice(start, end);
      start = end + 1;
    }
    rest = rest.slice(start);
  }
}
