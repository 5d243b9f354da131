/**
 * Runs several streams at once, at most `limit` of them, and yields what they tell as it comes. Ends when all have
 * ended; gives what each returned, in the order they were given. The first error ends the merged stream, after the
 * others were told to stop.
 */
export async function* mergeEvents<E, R>(
  sources: readonly (() => AsyncGenerator<E, R>)[],
  limit: number,
): AsyncGenerator<E, R[]> {
  const results: R[] = [];
  const running = new Map<number, { stream: AsyncGenerator<E, R>; next: Promise<Step<E, R>> }>();
  let started = 0;
  const advance = (index: number, stream: AsyncGenerator<E, R>) => {
    running.set(index, { stream, next: stream.next().then((result) => ({ index, result })) });
  };
  try {
    for (;;) {
      while (started < sources.length && running.size < limit) {
        const stream = sources[started]?.();
        if (stream !== undefined) advance(started, stream);
        started += 1;
      }
      if (running.size === 0) return results;
      const { index, result } = await Promise.race([...running.values()].map(({ next }) => next));
      const entry = running.get(index);
      running.delete(index);
      if (result.done === true) results[index] = result.value;
      else {
        if (entry !== undefined) advance(index, entry.stream);
        yield result.value;
      }
    }
  } finally {
    // when one failed or nobody listens any more
    await Promise.allSettled(
      [...running.values()].map(async ({ stream, next }) => {
        await next;
        await stream.return(undefined as never);
      }),
    );
  }
}

interface Step<E, R> {
  readonly index: number;
  readonly result: IteratorResult<E, R>;
}
