import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { WatchEvent } from "../../../src/cluster/cluster-client.ts";
import { resourceTypes } from "../../../src/cluster/resource-types.ts";
import { OperationError } from "../../../src/errors.ts";
import { connectTo, startScriptedServer, statusBody, writeKubeconfig } from "./scripted-server.ts";
import type { ScriptedServer, SeenRequest, Step } from "./scripted-server.ts";

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

async function open(script: (request: SeenRequest, number: number) => Step) {
  server = await startScriptedServer(script);
  const kubeconfig = writeKubeconfig(folder, { server: server.url });
  return { ...(await connectTo(kubeconfig)), seen: server.seen };
}

const item = (name: string, resourceVersion = "5") => ({
  metadata: { name, namespace: "n", uid: `uid-${name}`, resourceVersion },
});
const secret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "s", namespace: "n" },
  data: { password: Buffer.from("made-up-password-1").toString("base64") },
};
const failure = async (work: Promise<unknown>): Promise<OperationError> => {
  const error = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OperationError);
  return error as OperationError;
};

describe("list", () => {
  const type = resourceTypes.ConfigMap;

  test("comes in chunks; the items say what they are", async () => {
    const { client, seen } = await open(({ query }) => ({
      status: 200,
      body:
        query.get("continue") === null
          ? { metadata: { resourceVersion: "9", continue: "more" }, items: [item("a")] }
          : { metadata: { resourceVersion: "9" }, items: [item("b")] },
    }));
    expect(await client.list({ type, labelSelector: "a=b" })).toEqual({
      resourceVersion: "9",
      items: [
        { apiVersion: "v1", kind: "ConfigMap", ...item("a") },
        { apiVersion: "v1", kind: "ConfigMap", ...item("b") },
      ],
    });
    expect(seen.map(({ path, query }) => [path, Object.fromEntries(query)])).toEqual([
      ["/api/v1/configmaps", { labelSelector: "a=b", limit: "500" }],
      ["/api/v1/configmaps", { labelSelector: "a=b", limit: "500", continue: "more" }],
    ]);
  });

  test("begins again, in one piece, when the server forgot where it was", async () => {
    const { client, seen } = await open(({ query }) => {
      if (query.get("continue") !== null) return statusBody(410, "Expired");
      const isWhole = query.get("limit") === null;
      const metadata = { resourceVersion: isWhole ? "10" : "9", ...(isWhole ? {} : { continue: "more" }) };
      return { status: 200, body: { metadata, items: isWhole ? [item("a"), item("b")] : [item("a")] } };
    });
    const list = await client.list({ type });
    expect(list.items.map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
    expect([list.resourceVersion, seen.length]).toEqual(["10", 3]);
  });

  test("an empty list may be null", async () => {
    const { client } = await open(() => ({
      status: 200,
      body: { metadata: { resourceVersion: "1" }, items: null },
    }));
    expect((await client.list({ type })).items).toEqual([]);
  });
});

describe("watch", () => {
  const type = resourceTypes.ConfigMap;
  const line = (kind: string, object: object) => `${JSON.stringify({ type: kind, object })}\n`;
  const added = (name: string, version: string) => line("ADDED", item(name, version));
  const stream =
    (text: string, end: "end" | "break" | "stay"): Step =>
    (response) => {
      response.writeHead(200);
      response.write(text);
      if (end === "end") response.end();
      else if (end === "break") setImmediate(() => response.destroy());
    };

  async function read(client: Awaited<ReturnType<typeof open>>["client"], count: number) {
    const stop = new AbortController();
    const events: WatchEvent[] = [];
    for await (const event of client.watch({ type }, { resourceVersion: "1", signal: stop.signal })) {
      events.push(event);
      if (events.length === count) stop.abort();
    }
    return events.map((event) =>
      event.type === "bookmark"
        ? `bookmark ${event.resourceVersion}`
        : `${event.type} ${event.object.metadata.name}`,
    );
  }

  test("goes on where it was after an end, a break, a bookmark and an API server that is away", async () => {
    const steps: Step[] = [
      stream(added("a", "2"), "end"),
      stream(added("b", "3") + '{"type":"ADDED","obj', "break"),
      stream(line("BOOKMARK", { metadata: { resourceVersion: "7" } }), "end"),
      statusBody(503, "ServiceUnavailable"),
      "reset",
      stream(added("c", "8"), "stay"),
    ];
    const { client, seen } = await open((_, number) => steps[number]!);
    expect(await read(client, 4)).toEqual(["added a", "added b", "bookmark 7", "added c"]);
    expect(seen.map(({ query }) => query.get("resourceVersion"))).toEqual(["1", "2", "3", "7", "7", "7"]);
    expect(seen.every(({ query }) => query.get("allowWatchBookmarks") === "true")).toBe(true);
  });

  test("a version that the server forgot is `expired`, said in either way", async () => {
    const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
    const inStream = await open(() => stream(line("ERROR", gone), "end"));
    expect((await failure(read(inStream.client, 1))).code).toBe("expired");
    await server?.stop();
    const atOnce = await open(() => statusBody(410, "Gone"));
    expect((await failure(read(atOnce.client, 1))).code).toBe("expired");
  });

  test("what ends at once, again and again, is opened more and more slowly", async () => {
    let number = 0;
    const { client, slept } = await open(() => stream(++number > 5 ? added("a", "2") : "", "end"));
    expect(await read(client, 1)).toEqual(["added a"]);
    expect(slept).toEqual([200, 400, 800, 1600, 3200]);
  });

  test("no right to watch is an error", async () => {
    const { client } = await open(() => statusBody(403, "Forbidden", { message: 'User "x" cannot watch' }));
    expect((await failure(read(client, 1))).code).toBe("forbidden");
  });
});

describe("what the server refuses", () => {
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", namespace: "n" } };

  test.each<[string, { step: ReturnType<typeof statusBody>; code: string; says: RegExp }]>([
    [
      "a right that is missing",
      {
        step: statusBody(403, "Forbidden", {
          message: 'configmaps "x" is forbidden: User "bob" cannot patch resource "configmaps"',
        }),
        code: "forbidden",
        says: /ConfigMap n\/x.*User "bob" cannot patch/,
      },
    ],
    [
      "a quota, with its numbers",
      {
        step: statusBody(403, "Forbidden", {
          message:
            'persistentvolumeclaims "d" is forbidden: exceeded quota: workspace-quota, requested: requests.storage=5Gi, used: requests.storage=98Gi, limited: requests.storage=100Gi',
        }),
        code: "quota-exceeded",
        says: /requested: requests.storage=5Gi, used: requests.storage=98Gi, limited: requests.storage=100Gi/,
      },
    ],
    [
      "a namespace that is going",
      {
        step: statusBody(403, "Forbidden", { causes: [{ reason: "NamespaceTerminating" }] }),
        code: "terminating",
        says: /n\/x/,
      },
    ],
    [
      "an admission policy, in its own words",
      {
        step: statusBody(422, "Invalid", {
          message: "ValidatingAdmissionPolicy 'hosts' denied request: host a.example is not allotted",
          causes: [{ message: "host a.example is not allotted" }],
        }),
        code: "invalid",
        says: /host a.example is not allotted/,
      },
    ],
    [
      "something that is too long to say",
      {
        step: statusBody(400, "BadRequest", { message: "x".repeat(10_000) }),
        code: "invalid",
        says: /^.{0,900}$/,
      },
    ],
  ])("%s", async (_, { step, code, says }) => {
    const { client } = await open(() => step);
    const error = await failure(client.apply(object));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(says);
  });

  const canaries = ["made-up-password-1", secret.data.password];
  test.each<[string, Step]>([
    [
      "as sent",
      { ...statusBody(422, "Invalid", { message: `data.password: ${secret.data.password} is bad` }) },
    ],
    ["as decoded", statusBody(400, "BadRequest", { message: "password made-up-password-1 is bad" })],
    ["by a policy", statusBody(403, "Forbidden", { message: "policy: made-up-password-1 is too weak" })],
    [
      "in a cause",
      statusBody(422, "Invalid", {
        causes: [{ field: "data", message: "made-up-password-1", reason: "FieldValueInvalid" }],
      }),
    ],
    [
      "in a 500",
      statusBody(500, "", { message: "failed to create typed patch object: &{made-up-password-1}" }),
    ],
    ["in a 500 that stays", statusBody(500, "InternalError", { message: "made-up-password-1" })],
  ])("a value of a Secret is never said: %s", async (_, step) => {
    const { client } = await open(() => step);
    for (const work of [
      () => client.apply(secret),
      () => client.create(secret),
      () => client.update(secret),
      () =>
        client.patch({ apiVersion: "v1", kind: "Secret", namespace: "n", name: "s" }, [
          { op: "add", path: "/data", value: secret.data },
          { op: "add", path: "/stringData", value: { password: "made-up-password-1" } },
        ]),
    ]) {
      const error = await failure(work());
      const told = JSON.stringify([
        error.message,
        error.hint,
        error.subject,
        String(error.cause),
        error.stack,
      ]);
      for (const canary of canaries) expect(told).not.toContain(canary);
      expect(error.message).toContain("Secret n/s");
    }
  });
});

test("a value of a Secret that only the server knows is not said either", async () => {
  const message =
    'patch: Invalid value: "{\\"data\\":{\\"old\\":\\"made-up-old-value\\"}}": cannot unmarshal';
  const { client } = await open(() =>
    statusBody(422, "Invalid", { message, causes: [{ field: "patch", message }] }),
  );
  const ref = { apiVersion: "v1", kind: "Secret", namespace: "n", name: "s" };
  const error = await failure(client.patch(ref, [{ op: "add", path: "/data/b", value: {} }]));
  expect(JSON.stringify([error.message, error.hint, error.stack])).not.toContain("made-up-old-value");
  expect(error.message).toContain("patch");
});

test("a packed answer is unpacked", async () => {
  const { client } = await open(() => (response) => {
    response.writeHead(200, { "content-encoding": "gzip" });
    response.end(gzipSync(JSON.stringify({ metadata: { name: "x" } })));
  });
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "n", name: "x" };
  expect(await client.get(ref)).toEqual({ metadata: { name: "x" } });
});

describe("logs", () => {
  test("the query says which, and what is not there is undefined", async () => {
    const { client, seen } = await open(({ path }) =>
      path.includes("/waiting/") ? statusBody(400, "BadRequest") : { status: 200, body: "line 1\nline 2\n" },
    );
    const text = await client.readLog({
      namespace: "n",
      pod: "p",
      container: "c",
      tailLines: 2,
      previous: true,
    });
    expect(text).toBe("line 1\nline 2\n");
    expect([seen[0]?.path, Object.fromEntries(seen[0]?.query ?? [])]).toEqual([
      "/api/v1/namespaces/n/pods/p/log",
      { container: "c", tailLines: "2", previous: "true" },
    ]);
    expect(await client.readLog({ namespace: "n", pod: "waiting" })).toBeUndefined();
  });

  test("a followed log ends with its container or its signal; a cut character is put together", async () => {
    const euro = Buffer.from("€");
    const { client } = await open(() => (response) => {
      response.writeHead(200);
      response.write(euro.subarray(0, 1));
      setTimeout(() => response.end(euro.subarray(1)), 5);
    });
    let text = "";
    const signal = new AbortController().signal;
    for await (const piece of client.followLog({ namespace: "n", pod: "p" }, signal)) text += piece;
    expect(text).toBe("€");
    await server?.stop();

    const endless = await open(() => (response) => {
      response.writeHead(200);
      response.write("first\n");
    });
    const stop = new AbortController();
    for await (const piece of endless.client.followLog({ namespace: "n", pod: "p" }, stop.signal)) {
      text += piece;
      stop.abort();
    }
    expect(text).toBe("€first\n");
  });
});
