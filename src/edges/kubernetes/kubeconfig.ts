import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { newClusters, newContexts, newUsers } from "@kubernetes/client-node/dist/config_types.js";
import type { Cluster, Context, User } from "@kubernetes/client-node/dist/config_types.js";
import { load } from "js-yaml";
import { OperationError } from "../../errors.ts";

/** Which cluster and who we are there, as kubectl would find it. */
export interface KubeconfigQuery {
  /** `--kubeconfig`. */
  readonly kubeconfig?: string | undefined;
  /** Of a kubeconfig; not asked for inside a cluster without one. */
  readonly context?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where a pod finds its ServiceAccount; set by tests. */
  readonly serviceAccountFolder?: string | undefined;
}

/** One entry of a kubeconfig's users, with what client-node's type leaves out. */
export interface KubeconfigUser extends User {
  /** Read again every minute, as it is renewed. */
  readonly tokenFile: string | undefined;
  readonly impersonateGroups: readonly string[];
}

/** A cluster and a user of it. */
export interface Connection {
  /** The context's name, or `in-cluster`. */
  readonly name: string;
  readonly cluster: Cluster;
  readonly user: KubeconfigUser;
}

interface Kubeconfig {
  readonly clusters: readonly Cluster[];
  readonly contexts: readonly Context[];
  readonly users: readonly KubeconfigUser[];
  readonly currentContext: string | undefined;
}

const defaultServiceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Finds the connection with kubectl's precedence: the flag's file, the files of KUBECONFIG (the first to say something
 * wins), ~/.kube/config, and inside a cluster the pod's ServiceAccount.
 * Errors: `unreadable` for a file, `not-found` for a context, cluster or user that none of them has.
 */
export function findConnection(query: KubeconfigQuery): Connection {
  const files = kubeconfigFiles(query);
  if (files.length === 0) {
    const inCluster = findServiceAccount(query);
    if (inCluster !== undefined) return inCluster;
    throw new OperationError("not-found", "no kubeconfig was found", {
      hint: "name one with --kubeconfig or KUBECONFIG, or put it at ~/.kube/config; K3s writes /etc/rancher/k3s/k3s.yaml",
    });
  }
  const config = merge(files.map(readKubeconfig));
  const known = config.contexts.map(({ name }) => name);
  const name = query.context ?? config.currentContext;
  if (name === undefined || name === "") {
    throw new OperationError("not-found", `${files.join(", ")} names no current context`, {
      hint: `say --context NAME, or set clusters.NAME.context in platform.yaml; ${namesThatAre("contexts", known)}`,
    });
  }
  const context = config.contexts.find((one) => one.name === name);
  if (context === undefined) {
    throw new OperationError("not-found", `there is no context ${name} in ${files.join(", ")}`, {
      subject: name,
      hint: `say --context NAME, or set clusters.NAME.context in platform.yaml; ${namesThatAre("contexts", known)}`,
    });
  }
  const cluster = config.clusters.find((one) => one.name === context.cluster);
  if (cluster === undefined) throw dangling("cluster", context.cluster, name);
  const user = config.users.find((one) => one.name === context.user);
  if (user === undefined && context.user !== undefined) throw dangling("user", context.user, name);
  return { name, cluster, user: user ?? readUser({ name: "nobody" }, "") };
}

function kubeconfigFiles({ kubeconfig, environment }: KubeconfigQuery): readonly string[] {
  if (kubeconfig !== undefined && kubeconfig !== "") return [kubeconfig];
  const named = environment["KUBECONFIG"] ?? "";
  if (named !== "") {
    const listed = named.split(delimiter).filter((path) => path !== "");
    const there = listed.filter((path) => existsSync(path));
    if (there.length > 0) return there;
    throw new OperationError("unreadable", `KUBECONFIG names ${listed.join(", ")}, which is not there`, {
      hint: "correct KUBECONFIG, or unset it to use ~/.kube/config",
    });
  }
  const home = environment["HOME"] ?? environment["USERPROFILE"];
  const standard = home === undefined ? undefined : join(home, ".kube", "config");
  return standard !== undefined && existsSync(standard) ? [standard] : [];
}

function readKubeconfig(path: string): Kubeconfig {
  const folder = dirname(path);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    throw new OperationError(
      "unreadable",
      `the kubeconfig ${path} ${code === "ENOENT" ? "is not there" : `cannot be read (${code})`}`,
      { subject: path, hint: "check the path and its permissions" },
    );
  }
  try {
    const value = (load(text) ?? {}) as Record<string, unknown>;
    const users = Array.isArray(value["users"]) ? (value["users"] as unknown[]) : [];
    const current = value["current-context"];
    return {
      clusters: newClusters(value["clusters"]).map((cluster) => ({
        ...cluster,
        ...(cluster.caFile === undefined ? {} : { caFile: absolute(folder, cluster.caFile) }),
      })),
      contexts: newContexts(value["contexts"]),
      users: users.map((user) => readUser(user, folder)),
      currentContext: typeof current === "string" && current !== "" ? current : undefined,
    };
  } catch (error) {
    // a YAML error quotes the text, and a kubeconfig holds keys
    const line = (error as { mark?: { line?: number } }).mark?.line;
    const where = line === undefined ? "" : `, line ${line + 1}`;
    const what = line === undefined && error instanceof Error ? `: ${error.message.slice(0, 200)}` : "";
    throw new OperationError("unreadable", `${path}${where} is no kubeconfig${what}`, { subject: path });
  }
}

function readUser(entry: unknown, folder: string): KubeconfigUser {
  const settings = ((entry as { user?: unknown }).user ?? {}) as Record<string, unknown>;
  const [user] = newUsers([entry]);
  if (user === undefined) throw new Error("a user has no name");
  const { tokenFile, "as-groups": groups } = settings;
  return {
    ...user,
    ...(user.certFile ? { certFile: absolute(folder, user.certFile) } : {}),
    ...(user.keyFile ? { keyFile: absolute(folder, user.keyFile) } : {}),
    ...(user.exec ? { exec: withAbsoluteCommand(user.exec as Record<string, unknown>, folder) } : {}),
    tokenFile: typeof tokenFile === "string" ? absolute(folder, tokenFile) : undefined,
    impersonateGroups: Array.isArray(groups) ? groups.map(String) : [],
  };
}

/** A command with a slash is a file beside the kubeconfig; one without is searched on the PATH. */
function withAbsoluteCommand(exec: Record<string, unknown>, folder: string): Record<string, unknown> {
  const { command } = exec;
  return typeof command === "string" && command.includes("/")
    ? { ...exec, command: absolute(folder, command) }
    : exec;
}

function absolute(folder: string, path: string): string {
  return isAbsolute(path) || folder === "" ? path : join(folder, path);
}

function merge(configs: readonly Kubeconfig[]): Kubeconfig {
  const first = <T extends { readonly name: string }>(all: readonly T[]): T[] => [
    ...new Map(all.toReversed().map((one) => [one.name, one])).values(),
  ];
  return {
    clusters: first(configs.flatMap(({ clusters }) => clusters)),
    contexts: first(configs.flatMap(({ contexts }) => contexts)),
    users: first(configs.flatMap(({ users }) => users)),
    currentContext: configs.find(({ currentContext }) => currentContext !== undefined)?.currentContext,
  };
}

function findServiceAccount(query: KubeconfigQuery): Connection | undefined {
  const { environment, serviceAccountFolder = defaultServiceAccountFolder } = query;
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "443" } = environment;
  const tokenFile = join(serviceAccountFolder, "token");
  if (host === "" || !existsSync(tokenFile)) return undefined;
  return {
    name: "in-cluster",
    cluster: {
      name: "in-cluster",
      server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
      caFile: join(serviceAccountFolder, "ca.crt"),
      skipTLSVerify: false,
    },
    user: { name: "in-cluster", tokenFile, impersonateGroups: [] },
  };
}

function dangling(what: string, missing: string, context: string): OperationError {
  return new OperationError(
    "not-found",
    `context ${context} names the ${what} ${missing}, which is not there`,
    {
      subject: missing,
      hint: "correct the kubeconfig",
    },
  );
}

function namesThatAre(what: string, names: readonly string[]): string {
  return names.length === 0 ? `there are no ${what}` : `there are: ${names.toSorted().join(", ")}`;
}
