import { expect, test } from "vitest";
import { mergeEvents } from "../../src/apply/merge-events.ts";

async function* count(name: string, to: number): AsyncGenerator<string, number> {
  for (let i = 1; i <= to; i++) {
    await Promise.resolve();
    yield `${name}${i}`;
  }
  return to;
}

async function drain<E, R>(stream: AsyncGenerator<E, R>): Promise<{ events: E[]; result: R }> {
  const events: E[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return { events, result: next.value };
    events.push(next.value);
  }
}

test("everything that is told arrives, and results keep their order", async () => {
  const { events, result } = await drain(
    mergeEvents([() => count("a", 3), () => count("b", 1), () => count("c", 2)], 2),
  );
  expect([...events].sort()).toEqual(["a1", "a2", "a3", "b1", "c1", "c2"]);
  expect(events.filter((event) => event.startsWith("a"))).toEqual(["a1", "a2", "a3"]);
  expect(result).toEqual([3, 1, 2]);
});

test("never more than the limit at once", async () => {
  let now = 0;
  let most = 0;
  async function* busy(): AsyncGenerator<never, void> {
    now += 1;
    most = Math.max(most, now);
    for (let i = 0; i < 5; i++) await Promise.resolve();
    now -= 1;
    yield* [];
  }
  await drain(
    mergeEvents(
      Array.from({ length: 9 }, () => busy),
      3,
    ),
  );
  expect(most).toBe(3);
});

test("an error ends it and the others are ended too", async () => {
  const ended: string[] = [];
  async function* long(name: string): AsyncGenerator<string, void> {
    try {
      for (;;) {
        await Promise.resolve();
        yield name;
      }
    } finally {
      ended.push(name);
    }
  }
  async function* failing(): AsyncGenerator<string, void> {
    yield "before";
    await Promise.resolve();
    throw new Error("made-up failure");
  }
  await expect(drain(mergeEvents([() => long("x"), failing, () => long("y")], 3))).rejects.toThrow("made-up");
  expect(ended.sort()).toEqual(["x", "y"]);
});

test("nothing to do ends at once", async () => {
  expect(await drain(mergeEvents([], 4))).toEqual({ events: [], result: [] });
});
