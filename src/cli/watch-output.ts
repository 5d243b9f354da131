/**
 * What happens when nobody takes our output. A reader that has seen enough (`woow catalog list | head -1`) is no
 * failure: the command goes on and ends with its own status. Anything else, a full disk for one, ends it.
 */
export function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return;
      if (stream === process.stdout) {
        process.stderr.write(`error: standard output cannot be written: ${error.code ?? error.message}\n`);
      }
      process.exit(1);
    });
  }
}
