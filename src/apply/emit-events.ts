/** Turns work that tells by a callback into a stream: what it tells comes as it is told, then what it returned. */
export async function* emitEvents<E, R>(
  work: (emit: (event: E) => void) => Promise<R>,
): AsyncGenerator<E, R> {
  const queue: E[] = [];
  let wake: () => void = () => undefined;
  let settled = false;
  const running = work((event) => {
    queue.push(event);
    wake();
  }).finally(() => {
    settled = true;
    wake();
  });
  // looked at below; until then a rejection must not count as unhandled
  running.catch(() => undefined);
  for (;;) {
    const event = queue.shift();
    if (event !== undefined) {
      yield event;
      continue;
    }
    if (settled) return running;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}
