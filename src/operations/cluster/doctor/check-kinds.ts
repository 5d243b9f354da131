import type { ClusterClient } from "../../../cluster/cluster-client.ts";
import type { LiveObject } from "../../../cluster/live-object.ts";
import { hasForceConflicts } from "../../../model/k3s-version.ts";
import type { Cluster, Platform } from "../../../model/platform.ts";
import { ok, problem } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** Fields of a HelmChart that synth writes; a CRD that lacks one drops it without a word (k3s-facts A1). */
const chartFields = [
  "chart",
  "repo",
  "version",
  "chartContent",
  "targetNamespace",
  "failurePolicy",
  "backOffLimit",
  "timeout",
  "valuesContent",
  "valuesSecrets",
];

/** The CRD of HelmChart with every field we use. */
export async function checkHelmController(
  client: ClusterClient,
  cluster: Cluster,
): Promise<readonly Finding[]> {
  const crd = await getCrd(client, "helmcharts.helm.cattle.io");
  if (crd === undefined) {
    return [
      problem(
        "helm-controller",
        "the kind HelmChart is not there: nothing installs charts",
        "start K3s without --disable-helm-controller",
      ),
    ];
  }
  const known = specFields(crd, "v1");
  const wanted = [...chartFields, ...(hasForceConflicts(cluster.k3sVersion) ? ["forceConflicts"] : [])];
  const missing = wanted.filter((field) => !known.has(field));
  return [
    missing.length === 0
      ? ok("helm-controller", "HelmChart has every field that is used")
      : problem(
          "helm-controller",
          `HelmChart lacks ${missing.join(", ")}, which the server would drop without a word`,
          "upgrade K3s, or correct k3s_version in platform.yaml",
        ),
  ];
}

/** Traefik's kinds, as far as this platform needs them. */
export async function checkTraefikKinds(
  client: ClusterClient,
  { platform, cluster }: { readonly platform: Platform; readonly cluster: Cluster },
): Promise<readonly Finding[]> {
  const isPrivateUsed = cluster.workspaces.some(({ services }) => services.some((one) => one.isPrivate));
  const [middleware, config] = await Promise.all([
    getCrd(client, "middlewares.traefik.io"),
    platform.traefik.manage ? getCrd(client, "helmchartconfigs.helm.cattle.io") : undefined,
  ]);
  if (platform.traefik.manage && config === undefined) {
    return [
      problem(
        "traefik",
        "the kind HelmChartConfig is not there, and traefik.manage is true",
        "set traefik.manage to false in platform.yaml, or start K3s with its helm-controller",
      ),
    ];
  }
  if (middleware !== undefined) return [ok("traefik", "Traefik's kinds are there")];
  const what = "the kind Middleware is not there: Traefik is not installed, or not ready yet";
  const hint = "start K3s without --disable=traefik, and look at the Pods in kube-system";
  return isPrivateUsed
    ? [problem("traefik", `${what}, and private services need it`, hint)]
    : [{ check: "traefik", level: "warning", message: what, hint }];
}

/** Whether cert-manager's kinds are there, and the issuer that Ingresses name. */
export async function checkCertManager(
  client: ClusterClient,
  { clusterIssuer }: Platform,
): Promise<readonly Finding[]> {
  const crds = await Promise.all(
    ["certificates.cert-manager.io", "clusterissuers.cert-manager.io"].map((name) => getCrd(client, name)),
  );
  if (crds.some((crd) => crd === undefined)) {
    return [
      problem(
        "cert-manager",
        "cert-manager is not installed: no service gets a certificate",
        "install it: https://cert-manager.io/docs/installation/",
      ),
    ];
  }
  const found = ok("cert-manager", "cert-manager's kinds are there");
  const issuer = await client.get({
    apiVersion: "cert-manager.io/v1",
    kind: "ClusterIssuer",
    namespace: undefined,
    name: clusterIssuer,
  });
  return [found, checkIssuer(issuer, clusterIssuer)];
}

function checkIssuer(issuer: LiveObject | undefined, name: string): Finding {
  if (issuer === undefined) {
    return problem(
      "issuer",
      `there is no ClusterIssuer ${name}`,
      "create it, or set cluster_issuer in platform.yaml to one that is there: kubectl get clusterissuers",
    );
  }
  const { status, spec } = issuer as {
    readonly status?: {
      readonly conditions?: readonly { type?: string; status?: string; message?: string }[];
    };
    readonly spec?: {
      readonly acme?: { readonly server?: string; readonly solvers?: readonly AcmeSolver[] };
    };
  };
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status !== "True") {
    const why = ready?.message === undefined ? "it has no status yet" : ready.message;
    return problem(
      "issuer",
      `ClusterIssuer ${name} is not ready: ${why}`,
      `kubectl describe clusterissuer ${name}`,
    );
  }
  const solver = explainSolvers(spec?.acme?.solvers ?? []);
  if (solver !== undefined) return problem("issuer", `ClusterIssuer ${name} ${solver.message}`, solver.hint);
  if (spec?.acme?.server?.includes("staging") === true) {
    return {
      check: "issuer",
      level: "warning",
      message: `ClusterIssuer ${name} is Let's Encrypt's staging one: browsers do not trust its certificates`,
      hint: "when all works, name the production issuer in platform.yaml",
    };
  }
  return ok("issuer", `ClusterIssuer ${name} is ready`);
}

interface AcmeSolver {
  readonly http01?: {
    readonly ingress?: {
      readonly serviceType?: string;
      readonly ingressClassName?: string;
      readonly class?: string;
    };
  };
}

/** What the admission policies would refuse, or what opens a port beside Traefik, in how an issuer proves a host. */
function explainSolvers(
  solvers: readonly AcmeSolver[],
): { readonly message: string; readonly hint: string } | undefined {
  for (const { http01 } of solvers) {
    const ingress = http01?.ingress;
    if (ingress === undefined) continue;
    const ingressClass = ingress.ingressClassName ?? ingress.class ?? "traefik";
    if (ingressClass !== "traefik") {
      return {
        message: `proves hosts by an Ingress of class ${ingressClass}, which the admission policies refuse`,
        hint: "set solvers[].http01.ingress.ingressClassName: traefik in the ClusterIssuer",
      };
    }
    if (ingress.serviceType !== "ClusterIP") {
      return {
        message:
          "opens a port on every node for each host it proves: its solvers' Services are of type NodePort",
        hint: "set solvers[].http01.ingress.serviceType: ClusterIP in the ClusterIssuer",
      };
    }
  }
  return undefined;
}

async function getCrd(client: ClusterClient, name: string): Promise<LiveObject | undefined> {
  return client.get({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    namespace: undefined,
    name,
  });
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

function specFields(crd: LiveObject, version: string): ReadonlySet<string> {
  const { spec } = crd as {
    readonly spec?: {
      readonly versions?: readonly {
        readonly name?: string;
        readonly schema?: { readonly openAPIV3Schema?: Schema };
      }[];
    };
  };
  const schema = spec?.versions?.find(({ name }) => name === version)?.schema?.openAPIV3Schema;
  return new Set(Object.keys(schema?.properties?.["spec"]?.properties ?? {}));
}
