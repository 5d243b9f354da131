import { readFileSync } from "node:fs";
import { Agent as HttpAgent, request as requestHttp } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { rootCertificates } from "node:tls";
import { OperationError } from "../../errors.ts";

/** An answer of a web server, whole. */
export interface WebAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Uint8Array;
}

export interface WebRequest {
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  /** The address whose answer named this one: then the rule of redirects holds. */
  readonly from?: string;
  /** A longer answer is refused. */
  readonly maxBytes: number;
}

/**
 * Asks a web server; follows redirects. Plain http is spoken to loopback addresses only, redirects included, and never
 * where a server that speaks https says so.
 * Errors: OperationError `unreachable`, `refused`.
 */
export type WebClient = (url: string, request: WebRequest) => Promise<WebAnswer>;

const maxRedirects = 8;
const idleTimeoutMs = 30_000;
/** A server that trickles does not hold a run up for ever. */
const wholeTimeoutMs = 180_000;

/** A client that takes proxies and additional certificates from the environment, and no logins. */
export function createWebClient(environment: Readonly<Record<string, string | undefined>>): WebClient {
  const proxyEnv = { ...environment };
  const ca = readCertificates(environment["SSL_CERT_FILE"]);
  const agents = {
    "http:": new HttpAgent({ proxyEnv }),
    "https:": new HttpsAgent({ proxyEnv, ...(ca === undefined ? {} : { ca }) }),
  };
  return async (first, request) => {
    let url = parseUrl(first);
    let headers = request.headers ?? {};
    if (request.from !== undefined) checkStep(parseUrl(request.from), url);
    for (let redirects = 0; ; redirects += 1) {
      checkScheme(url);
      const answer = await ask(url, { ...request, headers }, agents);
      const { location } = answer.headers;
      if (location === undefined || ![301, 302, 303, 307, 308].includes(answer.status)) return answer;
      if (redirects === maxRedirects)
        throw new OperationError("unreachable", `${first} sends from one address to the next without end`);
      const next = parseUrl(location, url);
      checkStep(url, next);
      // what one server may know is not for another one
      if (next.origin !== url.origin) headers = withoutLogin(headers);
      url = next;
    }
  };
}

function readCertificates(file: string | undefined): string[] | undefined {
  if (file === undefined || file === "") return undefined;
  try {
    return [...rootCertificates, readFileSync(file, "utf8")];
  } catch {
    return undefined;
  }
}

function parseUrl(text: string, base?: URL): URL {
  try {
    return new URL(text, base);
  } catch {
    throw new OperationError("unreachable", `${JSON.stringify(text)} is no address`);
  }
}

function checkScheme({ protocol, hostname, origin }: URL): void {
  const isLoopback = hostname === "localhost" || hostname === "[::1]" || /^127(\.[0-9]+){3}$/.test(hostname);
  if (protocol === "https:" || (protocol === "http:" && isLoopback)) return;
  throw new OperationError("refused", `${origin} is not asked: it does not speak https`);
}

/** What is not on this machine must not reach into it: only a server here may send to plain http. */
function checkStep(from: URL, to: URL): void {
  if (from.protocol !== "https:" || to.protocol === "https:") return;
  throw new OperationError("refused", `${from.origin} sends to ${to.origin}, which does not speak https`);
}

function withoutLogin(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"),
  );
}

interface Agents {
  readonly "http:": HttpAgent;
  readonly "https:": HttpsAgent;
}

async function ask(
  url: URL,
  { method = "GET", headers = {}, maxBytes }: WebRequest,
  agents: Agents,
): Promise<WebAnswer> {
  const fail = (why: string, cause?: unknown) =>
    new OperationError("unreachable", `${url.origin}: ${why}`, { cause });
  return new Promise((resolve, reject) => {
    const isPlain = url.protocol === "http:";
    const options = {
      method,
      headers: { "user-agent": "woow", "accept-encoding": "identity", ...headers },
      agent: isPlain ? agents["http:"] : agents["https:"],
      timeout: idleTimeoutMs,
      signal: AbortSignal.timeout(wholeTimeoutMs),
    };
    const sent = (isPlain ? requestHttp : requestHttps)(url, options, (response) => {
      const parts: Buffer[] = [];
      let length = 0;
      response.on("data", (part: Buffer) => {
        length += part.length;
        if (length > maxBytes)
          sent.destroy(fail(`the answer has more than ${Math.round(maxBytes / 1024 / 1024)} MiB`));
        else parts.push(part);
      });
      response.on("error", (error) => reject(asFault(error, fail)));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes: new Uint8Array(Buffer.concat(parts)),
        }),
      );
    });
    sent.on("timeout", () => sent.destroy(fail(`no answer in ${idleTimeoutMs / 1000} s`)));
    sent.on("error", (error) => reject(asFault(error, fail)));
    sent.end();
  });
}

function asFault(error: Error, fail: (why: string, cause?: unknown) => OperationError): OperationError {
  if (error instanceof OperationError) return error;
  const { code } = error as NodeJS.ErrnoException;
  return fail(code ?? error.message, error);
}
