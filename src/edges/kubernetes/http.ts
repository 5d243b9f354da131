import { Agent as HttpAgent, request as requestHttp } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import { checkServerIdentity } from "node:tls";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { gunzipSync } from "node:zlib";
import { openKubeConfig, readCredential } from "./credentials.ts";
import type { Authorization, Credentials } from "./credentials.ts";
import type { Connection } from "./kubeconfig.ts";

/** One request to the API server, sent once. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With its query. */
  readonly path: string;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: string;
  /**
   * Asked when the connection stands and the next thing is to write. `wait`, or what it throws, ends the request
   * unsent.
   */
  readonly beforeSend?: (() => "go" | "wait") | undefined;
  /** Ends the request, sent or not, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** For the whole answer; of a stream: for its first byte, then between two. */
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/** Sends requests over connections that are kept; tries nothing twice. */
export interface HttpTransport {
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** The answer as it comes; read it to its end or destroy it. */
  open(request: HttpRequest): Promise<IncomingMessage>;
}

/** No answer in time. */
export class TimeoutError extends Error {
  readonly code = "ETIMEDOUT";
}

/** The guard of a write said `wait`; nothing was sent. */
export class NotNowError extends Error {}

/** Eight at a time reach nine tenths of what the API server can do (measured); more only queue there. */
const maxInFlight = 8;

/**
 * A transport for one API server. At most eight requests are under way at once; watches and logs do
 * not count, so that they never wait for others. `userAgent` is what the audit log will say.
 */
export function createHttpTransport(options: {
  readonly connection: Connection;
  readonly credentials: Credentials;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
}): HttpTransport {
  const { connection, credentials, environment, userAgent } = options;
  const { cluster } = connection;
  const server = new URL(cluster.server);
  const isTls = server.protocol === "https:";
  const isNear = isLoopback(server.hostname);
  const makeRequest = isTls ? requestHttps : requestHttp;
  const base = {
    protocol: server.protocol,
    hostname: server.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: server.port === "" ? (isTls ? 443 : 80) : Number(server.port),
  };
  const prefix = server.pathname.replace(/\/$/, "");
  const tls = isTls
    ? {
        ...(cluster.caFile || cluster.caData
          ? {
              ca: cluster.caFile
                ? readCredential(cluster.caFile)
                : Buffer.from(cluster.caData ?? "", "base64"),
            }
          : {}),
        ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
        ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
      }
    : {};
  const isSocks = cluster.proxyUrl?.startsWith("socks") === true;
  // the SOCKS agent forgets which host the certificate is to be for when that is an address
  const verify = isSocks
    ? {
        checkServerIdentity: (_: string, certificate: PeerCertificate) =>
          checkServerIdentity(cluster.tlsServerName ?? base.hostname, certificate),
      }
    : {};
  const proxy = findProxy({ proxyUrl: cluster.proxyUrl, environment, isNear });

  let agent: { readonly cert: Authorization["cert"]; readonly made: HttpAgent } | undefined;
  const agentFor = async ({ cert, key }: Authorization): Promise<HttpAgent> => {
    if (agent !== undefined && String(agent.cert) === String(cert)) return agent.made;
    const settings = {
      keepAlive: true,
      keepAliveMsecs: 15_000,
      scheduling: "lifo" as const,
      maxFreeSockets: maxInFlight,
      ...proxy,
      ...tls,
      ...(cert === undefined ? {} : { cert, key }),
    };
    const made = isSocks
      ? await socksAgent(connection)
      : isTls
        ? new HttpsAgent(settings as ConstructorParameters<typeof HttpsAgent>[0])
        : new HttpAgent(settings as ConstructorParameters<typeof HttpAgent>[0]);
    agent = { cert, made };
    return made;
  };

  const start = async (
    request: HttpRequest,
  ): Promise<{ sent: ClientRequest; answer: Promise<IncomingMessage> }> => {
    const { method, path, accept = "application/json", contentType = "application/json", body } = request;
    const authorization = await credentials.authorize();
    const agentNow = await agentFor(authorization);
    request.signal?.throwIfAborted();
    const headers: RequestOptions["headers"] = {
      ...authorization.headers,
      accept,
      "user-agent": userAgent,
      // near by, compressing costs more than it saves
      ...(isNear ? {} : { "accept-encoding": "gzip" }),
      ...(body === undefined
        ? {}
        : { "content-type": contentType, "content-length": Buffer.byteLength(body) }),
    };
    const sent = makeRequest({
      ...base,
      ...tls,
      ...verify,
      method,
      path: prefix + path,
      headers,
      agent: agentNow,
    });
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      sent.once("response", (response) => {
        // whoever reads it sees the error too; one that comes when nobody reads would end the process
        response.on("error", () => undefined);
        resolve(response);
      });
      sent.on("error", reject);
    });
    sent.once("socket", (socket) => {
      whenConnected(socket, () => {
        try {
          request.signal?.throwIfAborted();
          if (request.beforeSend?.() === "wait") throw new NotNowError("not now");
        } catch (error) {
          sent.destroy(error as Error);
          return;
        }
        sent.end(body);
      });
    });
    return { sent, answer };
  };

  const slots = createSlots(maxInFlight);
  return {
    async send(request) {
      const release = await slots.take();
      let end: ((error: Error) => void) | undefined;
      const abort = () => end?.(request.signal?.reason as Error);
      let timer: NodeJS.Timeout | undefined;
      try {
        const { sent, answer } = await start(request);
        end = (error) => void sent.destroy(error);
        timer = setTimeout(() => end?.(new TimeoutError("no answer in time")), request.timeoutMs);
        request.signal?.addEventListener("abort", abort);
        const response = await answer;
        end = (error) => void response.destroy(error);
        return await readAnswer(response);
      } finally {
        clearTimeout(timer);
        request.signal?.removeEventListener("abort", abort);
        release();
      }
    },
    async open(request) {
      const { sent, answer } = await start(request);
      let end = (error: Error): void => void sent.destroy(error);
      const abort = () => end(request.signal?.reason as Error);
      request.signal?.addEventListener("abort", abort);
      sent.once("close", () => request.signal?.removeEventListener("abort", abort));
      sent.setTimeout(request.timeoutMs, () => end(new TimeoutError("no answer in time")));
      const response = await answer;
      // unlike the request, an answer that was read to its end leaves the connection alone, which is given back by then
      end = (error) => void response.destroy(error);
      return response;
    },
  };
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const all = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  const bytes = response.headers["content-encoding"] === "gzip" ? gunzipSync(all) : all;
  return { status: response.statusCode ?? 0, headers: response.headers, text: bytes.toString("utf8") };
}

/** Nothing is written before: a request that waits for its connection has not been sent. */
function whenConnected(socket: Socket, go: () => void): void {
  const isSecuring = "encrypted" in socket && (socket as TLSSocket).getCipher() === undefined;
  if (socket.connecting) socket.once("encrypted" in socket ? "secureConnect" : "connect", go);
  else if (isSecuring) socket.once("secureConnect", go);
  else go();
}

/** First come, first served. */
function createSlots(count: number): { take(): Promise<() => void> } {
  let free = count;
  const waiting: (() => void)[] = [];
  const release = (): void => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };
  return {
    async take() {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return release;
    },
  };
}

/** The kubeconfig's proxy, else that of the environment, as Node's agents take it; never for this machine itself. */
function findProxy(options: {
  readonly proxyUrl: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isNear: boolean;
}): { readonly proxyEnv?: Record<string, string | undefined> } {
  const { proxyUrl, environment, isNear } = options;
  if (proxyUrl?.startsWith("socks")) return {};
  if (proxyUrl) return { proxyEnv: { HTTPS_PROXY: proxyUrl, HTTP_PROXY: proxyUrl } };
  if (isNear) return {};
  const names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"];
  return { proxyEnv: Object.fromEntries(names.map((name) => [name, environment[name]])) };
}

async function socksAgent(connection: Connection): Promise<HttpAgent> {
  const settings: { agent?: HttpAgent; headers: Record<string, string> } = { headers: {} };
  await (await openKubeConfig(connection)).applyToHTTPSOptions(settings as never);
  if (settings.agent === undefined) throw new Error("client-node made no agent");
  return settings.agent;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
