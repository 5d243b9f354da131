import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { goTool } from "../support/go-tool.ts";
import type { TestCluster } from "./test-cluster.ts";

/** A router of Traefik's, as its provider made it. */
export interface TraefikRouter {
  readonly rule: string;
  readonly service: string;
  readonly entryPoints: readonly string[];
  readonly middlewares?: readonly string[];
  readonly tls?: object;
}

/** A request to be matched; `from` is the address Traefik sees. */
export interface TraefikRequest {
  readonly url: string;
  readonly from: string;
}

/** What becomes of a request. */
export interface TraefikAnswer extends TraefikRequest {
  /** Left out when no router matches. */
  readonly router?: string;
  readonly service?: string;
  /** 301: a redirect; 403: an allow-list; 404: no router; 503: a service without a server. */
  readonly outcome: "forwarded" | "301" | "403" | "404" | "503";
  readonly servers?: readonly string[];
  /** Where a redirect leads. */
  readonly location?: string;
}

/** What Traefik's Kubernetes providers make of a cluster; names end in `@kubernetes` or `@kubernetescrd`. */
export interface TraefikRoutes {
  readonly routers: Readonly<Record<string, TraefikRouter>>;
  readonly services: Readonly<Record<string, object>>;
  readonly middlewares: Readonly<
    Record<string, { readonly ipAllowList?: { readonly sourceRange: string[] } }>
  >;
  readonly tcp_routers: Readonly<Record<string, object>>;
  /** How many certificates were read from Secrets. */
  readonly certificates: number;
  /** Warnings and errors the providers logged. */
  readonly log: readonly { readonly level: string; readonly message: string; readonly error?: string }[];
  /** In the order of the requests. */
  readonly answers: readonly TraefikAnswer[];
}

/**
 * Runs Traefik's own providers once over the cluster, and its muxer over the requests; changes nothing. The arguments
 * are what its command gets on top of the chart's; of these only a redirection of plain HTTP is looked at.
 */
export async function readTraefikRoutes(
  cluster: Pick<TestCluster, "kubeconfigPath">,
  requests: readonly TraefikRequest[] = [],
  commandArguments: readonly string[] = [],
): Promise<TraefikRoutes> {
  const tool = await goTool("traefik-routes");
  if ("skip" in tool) throw new Error(tool.skip);
  const { stdout } = await execa(tool.path, {
    env: { KUBECONFIG: cluster.kubeconfigPath },
    extendEnv: false,
    input: JSON.stringify({ requests, arguments: commandArguments }),
    timeout: 60_000,
  });
  return JSON.parse(stdout) as TraefikRoutes;
}

/** Traefik's own list of every static option, in lower case: `entrypoints._name_.http.tls`, ... */
export async function readTraefikOptions(): Promise<ReadonlySet<string>> {
  const module = "github.com/traefik/traefik/v3";
  const moduleDir = join(import.meta.dirname, "..", "tools", "traefik-routes");
  const { stdout } = await execa("go", ["mod", "download", "-json", module], { cwd: moduleDir });
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  const page = "docs/content/reference/install-configuration/configuration-options.md";
  const text = await readFile(join(Dir, page), "utf8");
  return new Set([...text.matchAll(/">([a-z0-9_.[\]]+)<\/a>/g)].map(([, name = ""]) => name));
}
