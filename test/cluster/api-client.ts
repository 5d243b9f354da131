import type { IncomingMessage } from "node:http";
import { Agent, request as send } from "node:https";
import { createInterface } from "node:readline";
import type { Tokens } from "./credentials.ts";

/** One request to the API server, as the admin unless a user or token is named. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** A user of the token file. */
  readonly user?: string;
  /** In place of a user's. */
  readonly token?: string;
  readonly userAgent?: string;
  /** Beside what every request says. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the API server answered: JSON read, anything else as text. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** A watch that goes on until it is stopped. */
export interface Watch {
  stop(): void;
}

/** The fields of any Kubernetes object that our simulation reads. */
export interface ApiObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
}

const watchAgainMs = 200;

/** A small client of the API server: what tests and the simulated node need, and nothing that hides a request. */
export class ApiClient {
  readonly server: string;
  readonly #tokens: Tokens;
  readonly #agent: Agent;

  constructor(options: { readonly server: string; readonly ca: string; readonly tokens: Tokens }) {
    this.server = options.server;
    this.#tokens = options.tokens;
    this.#agent = new Agent({ ca: options.ca, keepAlive: true, maxSockets: 64 });
  }

  async request(options: ApiRequest): Promise<ApiAnswer> {
    const response = await this.#open(options);
    let text = "";
    response.setEncoding("utf8");
    for await (const chunk of response) text += chunk as string;
    return { status: response.statusCode ?? 0, body: readBody(text) };
  }

  /** Like `request`, but an answer that is not a success throws. */
  async ask<T>(options: ApiRequest): Promise<T> {
    const { status, body } = await this.request(options);
    if (status < 300) return body as T;
    const message = (body as { message?: string } | null)?.message ?? String(body);
    throw new ApiError(`${options.method} ${options.path}: ${status} ${message}`, status);
  }

  /**
   * Lists a collection and then watches it, over and over until stopped; `onObject` sees each object on every listing
   * and change, `onGone` those deleted. The list's path may have a query.
   */
  follow<T extends ApiObject>(options: {
    readonly path: string;
    readonly user: string;
    readonly onObject: (object: T) => void;
    readonly onGone?: (object: T) => void;
  }): Watch {
    const stopped = new AbortController();
    const known = new Map<string, T>();
    const see = (object: T) => {
      known.set(object.metadata.uid, object);
      options.onObject(object);
    };
    const lose = (object: T) => {
      known.delete(object.metadata.uid);
      options.onGone?.(object);
    };
    const round = async () => {
      const { path, user } = options;
      const list = await this.ask<{ metadata: { resourceVersion: string }; items: T[] }>({
        method: "GET",
        path,
        user,
      });
      const now = new Set(list.items.map((item) => item.metadata.uid));
      for (const object of known.values()) if (!now.has(object.metadata.uid)) lose(object);
      for (const item of list.items) see(item);
      const query = `watch=true&resourceVersion=${list.metadata.resourceVersion}`;
      const response = await this.#open(
        { method: "GET", path: `${path}${path.includes("?") ? "&" : "?"}${query}`, user },
        stopped.signal,
      );
      if (response.statusCode !== 200) return void response.resume();
      for await (const line of createInterface({ input: response })) {
        const event = JSON.parse(line) as { type: string; object: T };
        if (event.type === "ADDED" || event.type === "MODIFIED") see(event.object);
        else if (event.type === "DELETED") lose(event.object);
        else return;
      }
    };
    const loop = async () => {
      while (!stopped.signal.aborted) {
        // the API server may be away for a while; the next round lists again
        await round().catch(() => undefined);
        if (!stopped.signal.aborted) await new Promise((done) => setTimeout(done, watchAgainMs));
      }
    };
    void loop();
    return { stop: () => stopped.abort() };
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  #open(options: ApiRequest, signal?: AbortSignal): Promise<IncomingMessage> {
    const { user = "admin", method, path, body, contentType = "application/json" } = options;
    const token = options.token ?? this.#tokens.get(user);
    if (token === undefined) throw new Error(`the cluster has no user ${user}`);
    const headers: Record<string, string> = {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      "user-agent": options.userAgent ?? `test-cluster/${user}`,
      ...options.headers,
    };
    const text = body === undefined ? undefined : JSON.stringify(body);
    if (text !== undefined) {
      headers["content-type"] = contentType;
      headers["content-length"] = String(Buffer.byteLength(text));
    }
    return new Promise((resolve, reject) => {
      const request = send(
        `${this.server}${path}`,
        { method, headers, agent: this.#agent, ...(signal && { signal }) },
        resolve,
      );
      request.on("error", reject);
      request.end(text);
    });
  }
}

/** An answer of the API server that is not a success. */
export class ApiError extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

function readBody(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
