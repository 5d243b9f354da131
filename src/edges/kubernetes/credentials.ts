import { readFileSync } from "node:fs";
import { OperationError } from "../../errors.ts";
import type { Connection } from "./kubeconfig.ts";

/** What a request carries so that the API server knows us. */
export interface Authorization {
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Client certificate, PEM. */
  readonly cert: string | Buffer | undefined;
  readonly key: string | Buffer | undefined;
}

/** Our credentials, as fresh as they must be. */
export interface Credentials {
  authorize(): Promise<Authorization>;
  /** The API server did not accept them: get new ones. False when there is no way to. */
  renew(): boolean;
}

/** Tokens in files are renewed by the kubelet long before they end; kubectl reads them again this often, too. */
const tokenFileMs = 60_000;
/** What a program gave us is asked for again after this; the program's own expiry is respected by client-node. */
const programMs = 10_000;

/**
 * Credentials of a connection: certificates, tokens, token files and passwords are read here; programs (`exec`) and
 * other providers are client-node's, which is loaded only then, for it is our slowest import.
 * Errors: `unreadable` for a file, `unauthorized` for a program that gives none.
 */
export function createCredentials(connection: Connection, monotonicMs: () => number): Credentials {
  const { user } = connection;
  const identity = {
    ...(user.impersonateUser ? { "Impersonate-User": user.impersonateUser } : {}),
    ...(user.impersonateGroups.length > 0 ? { "Impersonate-Group": user.impersonateGroups } : {}),
  };
  if (user.exec || user.authProvider) return createProgramCredentials(connection, { identity, monotonicMs });

  const cert = pem(user.certFile, user.certData);
  const key = pem(user.keyFile, user.keyData);
  const { tokenFile, token, username, password } = user;
  let known: { readonly token: string; readonly atMs: number } | undefined;
  const readToken = (): string | undefined => {
    if (tokenFile === undefined) return token;
    if (known === undefined || monotonicMs() - known.atMs > tokenFileMs) {
      known = { token: readCredential(tokenFile).toString("utf8").trim(), atMs: monotonicMs() };
    }
    return known.token;
  };
  const basic = username ? Buffer.from(`${username}:${password ?? ""}`).toString("base64") : undefined;
  return {
    async authorize() {
      const bearer = readToken();
      const authorization = bearer ? `Bearer ${bearer}` : basic === undefined ? undefined : `Basic ${basic}`;
      return {
        headers: { ...identity, ...(authorization === undefined ? {} : { Authorization: authorization }) },
        cert,
        key,
      };
    },
    renew() {
      known = undefined;
      return tokenFile !== undefined;
    },
  };
}

function createProgramCredentials(
  connection: Connection,
  options: {
    readonly identity: Authorization["headers"];
    readonly monotonicMs: () => number;
  },
): Credentials {
  const { identity, monotonicMs } = options;
  let known: { readonly answer: Promise<Authorization>; readonly atMs: number } | undefined;
  let ask: (() => Promise<Authorization>) | undefined;
  const load = async (): Promise<() => Promise<Authorization>> => {
    const config = await openKubeConfig(connection);
    return async () => {
      const settings: {
        headers: Record<string, string>;
        cert?: string | Buffer;
        key?: string | Buffer;
      } = { headers: {} };
      await config.applyToHTTPSOptions(settings as never);
      return {
        headers: { ...identity, ...settings.headers },
        cert: settings.cert,
        key: settings.key,
      };
    };
  };
  const run = async (): Promise<Authorization> => {
    try {
      ask ??= await load();
      return await ask();
    } catch (error) {
      known = undefined;
      throw programError(connection, error);
    }
  };
  return {
    authorize() {
      if (known === undefined || monotonicMs() - known.atMs > programMs)
        known = { answer: run(), atMs: monotonicMs() };
      return known.answer;
    },
    renew() {
      known = undefined;
      ask = undefined;
      return true;
    },
  };
}

/** client-node's own view of the connection: for credentials from programs and for SOCKS proxies. */
export async function openKubeConfig({ name, cluster, user }: Connection) {
  const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js");
  const config = new KubeConfig();
  const exec = user.exec as
    { readonly env?: readonly unknown[] | null; readonly apiVersion?: unknown } | undefined;
  config.loadFromOptions({
    clusters: [cluster],
    users: [exec ? { ...user, exec: { ...exec, env: [...(exec.env ?? []), execInfo(exec)] } } : user],
    contexts: [{ name, cluster: cluster.name, user: user.name }],
    currentContext: name,
  });
  return config;
}

/** Programs that speak several versions are told by this variable which one is wanted; client-node does not set it. */
function execInfo(exec: { readonly apiVersion?: unknown }): {
  readonly name: string;
  readonly value: string;
} {
  const { apiVersion = "client.authentication.k8s.io/v1" } = exec;
  const value = JSON.stringify({ apiVersion, kind: "ExecCredential", spec: { interactive: false } });
  return { name: "KUBERNETES_EXEC_INFO", value };
}

function programError({ name, user }: Connection, error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  const command = (user.exec as { readonly command?: string } | undefined)?.command;
  const said = error instanceof Error ? (error.message.trim().split("\n").at(-1) ?? "") : "";
  // a program that answers something else than asked may answer with the token itself
  const why = error instanceof SyntaxError || said === "" ? "" : `: ${said.slice(0, 300)}`;
  const program = command === undefined ? "the kubeconfig's auth provider" : command;
  return new OperationError("unauthorized", `${program} gave no credentials for context ${name}${why}`, {
    subject: name,
    hint: command === undefined ? "log in again" : `run ${command} by hand to see why`,
  });
}

function pem(file: string | undefined, data: string | undefined): Buffer | undefined {
  if (file) return readCredential(file);
  return data ? Buffer.from(data, "base64") : undefined;
}

/** Errors: `unreadable`. */
export function readCredential(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw new OperationError("unreadable", `${path}, which the kubeconfig names, cannot be read (${code})`, {
      subject: path,
      hint: "check the path and its permissions",
    });
  }
}
