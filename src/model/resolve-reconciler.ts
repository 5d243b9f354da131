import type { Definition } from "../definitions/definition.ts";
import { namespaceName } from "./names.ts";
import type { Reconciler } from "./platform.ts";
import type { ProblemList } from "./problem-list.ts";

/** Fills the defaults of `reconcile:` and says what could not work in a cluster. */
export function resolveReconciler(
  { value, source }: Definition<"Platform">,
  list: ProblemList,
): Reconciler | undefined {
  const { reconcile } = value;
  if (reconcile === undefined) return undefined;
  const { transport, port } = readAddress(reconcile.git);
  if (value.records !== "cluster") {
    list.add(source, ["reconcile"], {
      code: "conflicting-values",
      message: "reconcile in a cluster has no place for local records",
      hint: "write records: cluster",
    });
  }
  if (transport === "ssh" && reconcile.git_secret === undefined) {
    list.add(source, ["reconcile"], {
      code: "missing-field",
      message: "reconcile: a repository over ssh needs git_secret",
      hint: "name a Secret in paas-system with ssh_key and known_hosts",
    });
  }
  if (reconcile.metrics_namespace?.startsWith(namespaceName("")) === true) {
    list.add(source, ["reconcile", "metrics_namespace"], {
      code: "conflicting-values",
      message: `${reconcile.metrics_namespace} is a tenant's: its pods would reach reconcile's port`,
      hint: "name the namespace of your own monitoring",
    });
  }
  return {
    image: reconcile.image,
    git: reconcile.git,
    transport,
    gitPort: port,
    branch: reconcile.branch ?? "main",
    interval: reconcile.interval ?? "1m",
    gitSecret: reconcile.git_secret,
    ageSecret: reconcile.age_secret,
    metricsNamespace: reconcile.metrics_namespace,
  };
}

function readAddress(url: string): { readonly transport: Reconciler["transport"]; readonly port: number } {
  const match = /^(https|ssh):\/\/[^/]*?(?::([0-9]+))?\//.exec(url);
  // USER@HOST:PATH
  if (match === null) return { transport: "ssh", port: 22 };
  const transport = match[1] === "https" ? "https" : "ssh";
  return { transport, port: match[2] === undefined ? (transport === "https" ? 443 : 22) : Number(match[2]) };
}
