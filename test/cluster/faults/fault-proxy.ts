import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { Agent, createServer, request as send } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestCluster } from "../test-cluster.ts";
import { describeRequest, type ProxiedRequest } from "./proxied-request.ts";

/** What goes wrong with one request. */
export type Fault =
  /** `onStopped` is called, and the API server never hears of the request. */
  | { readonly type: "stop-before"; readonly onStopped: () => void }
  /** The API server has done it; `onStopped` is called, and nobody ever gets the answer. */
  | { readonly type: "stop-after"; readonly onStopped: () => void }
  /** `onHeld` is called, and the request waits until `release` is fulfilled. */
  | { readonly type: "hold"; readonly onHeld: () => void; readonly release: Promise<void> }
  | { readonly type: "answer"; readonly status: number; readonly retryAfterSeconds?: number }
  /** The connection breaks before the request gets through. */
  | { readonly type: "reset" }
  /** The API server does it, and the connection breaks before the answer. */
  | { readonly type: "swallow" }
  /** The connection breaks in the middle of the answer. */
  | { readonly type: "cut" }
  | { readonly type: "delay"; readonly ms: number }
  /** For a watch: the version it starts from has been forgotten (410). */
  | { readonly type: "expire" };

/** Decides about each request; undefined passes it on. */
export type FaultRule = (request: ProxiedRequest) => Fault | undefined;

/** Stands between a client and the API server of a test cluster. */
export interface FaultProxy {
  /** A user's kubeconfig, the admin's unless named, that goes by way of the proxy. */
  readonly kubeconfigPath: string;
  /** What has arrived since the rule was set. */
  readonly requests: readonly ProxiedRequest[];
  /** Starts counting anew; without a rule everything passes. */
  setRule(rule?: FaultRule): void;
  /** Waits until the API server has answered all it was asked, watches aside. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

const pollMs = 5;

/** Starts a proxy that passes everything on, bearer tokens included, until a rule says otherwise. */
export async function startFaultProxy(
  cluster: TestCluster,
  { user = "admin" }: { readonly user?: string } = {},
): Promise<FaultProxy> {
  const [cert, key] = await Promise.all(
    ["apiserver.crt", "apiserver.key"].map(async (file) =>
      readFile(join(cluster.dir, "certs", file), "utf8"),
    ),
  );
  const agent = new Agent({ ca: cert ?? "", keepAlive: true });
  let requests: ProxiedRequest[] = [];
  let rule: FaultRule = () => undefined;
  let underWay = 0;

  const forward = (request: IncomingMessage, response: ServerResponse): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { method, headers, url } = request;
      const onward = send(`${cluster.server}${url}`, { method, headers, agent }, resolve);
      onward.on("error", reject);
      response.once("close", () => {
        // a watch goes on for as long as somebody listens, and half a request forever
        if (isWatch(request) || !request.complete) onward.destroy(new Error("the client has gone"));
      });
      request.pipe(onward);
    });

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const described = describeRequest(request, requests.length + 1);
    requests.push(described);
    const fault = rule(described);
    switch (fault?.type) {
      case "stop-before":
        return fault.onStopped();
      case "answer":
        return refuse(response, fault);
      case "expire":
        return expireWatch(response);
      case "reset":
        return void request.socket.destroy();
      case "hold":
        fault.onHeld();
        await fault.release;
        break;
      case "delay":
        await sleep(fault.ms);
        break;
      case "stop-after":
      case "swallow":
      case "cut":
      case undefined:
    }
    const answer = await forward(request, response);
    if (fault?.type === "stop-after" || fault?.type === "swallow" || fault?.type === "cut") {
      const body = await readWhole(answer);
      if (fault.type === "stop-after") return fault.onStopped();
      if (fault.type === "swallow") return void request.socket.destroy();
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      return void response.write(body.subarray(0, body.length / 2), () => request.socket.destroy());
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
    if (isWatch(request)) return;
    // a client that was killed reads nothing more; the API server finishes all the same
    response.once("close", () => answer.unpipe().resume());
    if (response.closed) answer.unpipe().resume();
    if (!answer.closed) await once(answer, "close");
  };

  const server = createServer({ cert: cert ?? "", key: key ?? "" }, (request, response) => {
    underWay += 1;
    handle(request, response)
      // the API server is away, or the client is
      .catch(() => request.socket.destroy())
      .finally(() => (underWay -= 1));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    kubeconfigPath: await writeKubeconfigFor(cluster, { port, user }),
    get requests() {
      return requests;
    },
    setRule(next = () => undefined) {
      requests = [];
      rule = next;
    },
    async settle() {
      while (underWay > 0) await sleep(pollMs);
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, "close");
    },
  };
}

/** The port in the name: several proxies may stand before one cluster. */
async function writeKubeconfigFor(
  cluster: TestCluster,
  { port, user }: { readonly port: number; readonly user: string },
): Promise<string> {
  const direct = await readFile(await cluster.kubeconfigFor(user), "utf8");
  const path = join(cluster.dir, `${user}-by-${port}.kubeconfig`);
  await writeFile(path, direct.replace(cluster.server, `https://127.0.0.1:${port}`), { mode: 0o600 });
  return path;
}

function isWatch({ url = "" }: IncomingMessage): boolean {
  return url.includes("watch=") || url.includes("follow=");
}

async function readWhole(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const reasons: Readonly<Record<number, string>> = {
  409: "Conflict",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
};

function refuse(response: ServerResponse, fault: Extract<Fault, { type: "answer" }>): void {
  const { status, retryAfterSeconds } = fault;
  response.writeHead(status, {
    "content-type": "application/json",
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
  });
  response.end(statusBody(status, "made up by the fault proxy"));
}

function expireWatch(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  const object = JSON.parse(statusBody(410, "too old resource version")) as unknown;
  response.end(`${JSON.stringify({ type: "ERROR", object })}\n`);
}

function statusBody(code: number, message: string): string {
  const reason = reasons[code] ?? (code === 410 ? "Expired" : "Unknown");
  return JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message });
}
