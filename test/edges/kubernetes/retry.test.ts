import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ConnectOptions } from "../../../src/edges/kubernetes/connect.ts";
import { connectTo, startScriptedServer, statusBody, writeKubeconfig } from "./scripted-server.ts";
import type { ScriptedServer, SeenRequest, Step } from "./scripted-server.ts";

const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "n", name: "x" };
const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", namespace: "n" } };
const found: Step = { status: 200, body: object };

let folder: string;
let server: ScriptedServer | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "woow-client-"));
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  rmSync(folder, { recursive: true });
});

/** A client of a server that does these steps; the last one again and again. */
async function open(
  steps: readonly Step[] | ((request: SeenRequest, number: number) => Step),
  rest: Partial<ConnectOptions> & { readonly user?: object } = {},
) {
  const script =
    typeof steps === "function"
      ? steps
      : (_: SeenRequest, number: number) => steps[Math.min(number, steps.length - 1)]!;
  const { user, ...options } = rest;
  server = await startScriptedServer(script);
  const kubeconfig = writeKubeconfig(folder, { server: server.url, ...(user && { user }) });
  return { ...(await connectTo(kubeconfig, options)), seen: server.seen };
}

describe("tried again", () => {
  test.each<[string, Step]>([
    ["a broken connection", "reset"],
    ["an answer cut in the middle", "cut"],
    ["500", statusBody(500, "InternalError", { message: "etcdserver: leader changed" })],
    ["502 of a proxy", { status: 502, body: "<html>bad gateway</html>" }],
    ["503", statusBody(503, "ServiceUnavailable")],
    ["504", statusBody(504, "Timeout")],
    ["429", statusBody(429, "TooManyRequests")],
    [
      "a quota that many creations race for",
      statusBody(409, "Conflict", {
        message: 'Operation cannot be fulfilled on resourcequotas "q": the object has been modified',
      }),
    ],
  ])("%s, for reads and writes", async (_, step) => {
    const { client, seen } = await open([step, step, found, step, step, found]);
    expect(await client.get(ref)).toMatchObject(object);
    expect((await client.apply(object)).type).toBe("written");
    expect(seen.map(({ method }) => method)).toEqual(["GET", "GET", "GET", "PATCH", "PATCH", "PATCH"]);
  });

  test("no answer in time", async () => {
    const { client, seen } = await open(["hang", found], { requestTimeoutMs: 200 });
    expect(await client.get(ref)).toMatchObject(object);
    // on a busy machine the second one may be late as well
    expect(seen.length).toBeGreaterThan(1);
  });

  test("ever more slowly, never sooner than Retry-After says, never longer than ten seconds for it", async () => {
    const busy = (seconds: string): Step => ({
      ...statusBody(429, "TooManyRequests"),
      headers: { "retry-after": seconds },
    });
    const { client, slept } = await open([
      statusBody(503, "x"),
      statusBody(503, "x"),
      statusBody(503, "x"),
      busy("3"),
      busy("3600"),
      found,
    ]);
    await client.get(ref);
    expect(slept).toEqual([100, 200, 400, 3_000, 10_000]);
  });

  test("a kept connection that the server closed is opened again at once", async () => {
    const { client, slept } = await open([found, "reset", found]);
    await client.get(ref);
    await client.get(ref);
    expect(slept).toEqual([]);
  });

  test("with new credentials, once, when a token file was renewed", async () => {
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "made-up-1\n");
    const { client, seen } = await open(
      ({ headers }) => {
        if (headers.authorization === "Bearer made-up-2") return found;
        writeFileSync(tokenFile, "made-up-2\n");
        return statusBody(401, "Unauthorized");
      },
      { user: { tokenFile } },
    );
    await client.get(ref);
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer made-up-1",
      "Bearer made-up-2",
    ]);
  });
});

describe("not tried for ever", () => {
  test.each<[string, { step: Step; code: string; tries: number }]>([
    [
      "a token that is not accepted",
      { step: statusBody(401, "Unauthorized"), code: "unauthorized", tries: 1 },
    ],
    ["what is forbidden", { step: statusBody(403, "Forbidden"), code: "forbidden", tries: 1 }],
    [
      "what is invalid",
      { step: statusBody(422, "Invalid", { causes: [{ field: "spec.x" }] }), code: "invalid", tries: 1 },
    ],
    [
      "what the server answers 500 to although it will never work",
      {
        step: statusBody(500, "", {
          message: "failed to create typed patch object (n/x; /v1, Kind=ConfigMap): .data: expected map",
        }),
        code: "invalid",
        tries: 1,
      },
    ],
    [
      "a server that fails again and again",
      { step: statusBody(500, "InternalError"), code: "unavailable", tries: 6 },
    ],
  ])("%s", async (_, { step, code, tries }) => {
    const { client, seen } = await open([step]);
    await expect(client.apply(object)).rejects.toMatchObject({ code });
    expect(seen.length).toBe(tries);
  });

  test("half a minute at most", async () => {
    const { client, slept } = await open([statusBody(503, "ServiceUnavailable")]);
    await expect(client.get(ref)).rejects.toMatchObject({ code: "unavailable" });
    const total = slept.reduce((sum, ms) => sum + ms, 0);
    expect(total).toBeGreaterThan(20_000);
    expect(total).toBeLessThanOrEqual(30_000);
  });

  test("a server that was never there is given up soon, one that was is waited for", async () => {
    const { client, slept } = await open([found]);
    await client.get(ref);
    await server?.stop();
    await expect(client.get(ref)).rejects.toMatchObject({ code: "unreachable" });
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(20_000);
    const { url } = server!;
    server = undefined;
    const fresh = await connectTo(writeKubeconfig(folder, { server: url }));
    await expect(fresh.client.get(ref)).rejects.toMatchObject({ code: "unreachable", subject: url });
    expect(fresh.slept).toEqual([100, 200]);
  });

  test("after a stop: one try each, and no wait", async () => {
    const stop = new AbortController();
    const { client, slept, seen } = await open([found, statusBody(503, "x"), found], { signal: stop.signal });
    await client.get(ref);
    stop.abort();
    await expect(client.get(ref)).rejects.toMatchObject({ code: "unavailable" });
    expect((await client.apply(object)).type).toBe("written");
    expect([slept, seen.length]).toEqual([[], 3]);
  });
});

describe("a write whose answer was lost", () => {
  test("is sent again, and the caller is told that somebody was there", async () => {
    const { client } = await open(["reset", statusBody(409, "AlreadyExists")]);
    expect((await client.create(object)).type).toBe("changed");
  });

  test("but not when the guard has changed its mind, or the lock is lost", async () => {
    let asked = 0;
    const lost = new AbortController();
    const { client, seen } = await open(["reset"]);
    const guarded = client.guarded({
      signal: lost.signal,
      beforeWrite() {
        asked++;
        if (asked === 2) throw new Error("no leave");
        return "go";
      },
    });
    await expect(guarded.apply(object)).rejects.toThrow("no leave");
    expect(seen.length).toBe(1);
  });

  test("a request under way ends when the lock is lost", async () => {
    const lost = new AbortController();
    const { client, seen } = await open(() => {
      lost.abort(new Error("lost"));
      return "hang";
    });
    const guarded = client.guarded({ signal: lost.signal, beforeWrite: () => "go" });
    await expect(guarded.apply(object)).rejects.toThrow("lost");
    expect(seen.length).toBe(1);
  });

  test("a guard that goes on saying wait is a lost lock, and nothing is sent", async () => {
    const { client, seen } = await open([found]);
    const guarded = client.guarded({ signal: new AbortController().signal, beforeWrite: () => "wait" });
    await client.get(ref);
    await expect(guarded.apply(object)).rejects.toMatchObject({ code: "lock-lost" });
    expect(seen.map(({ method }) => method)).toEqual(["GET"]);
  });
});

test("never more than eight at once", async () => {
  let now = 0;
  let most = 0;
  const { client } = await open(() => (response) => {
    most = Math.max(most, ++now);
    setTimeout(() => {
      now--;
      response.end(JSON.stringify(object));
    }, 5);
  });
  await Promise.all(Array.from({ length: 40 }, () => client.get(ref)));
  expect(most).toBe(8);
});
