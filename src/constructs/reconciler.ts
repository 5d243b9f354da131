import { k8s } from "cdk8s-plus-28";
import { Construct } from "constructs";
import { systemNamespace } from "../model/names.ts";
import type { Reconciler as ReconcilerSettings } from "../model/platform.ts";
import { NetworkPolicy, tcpPort } from "./network-policy.ts";
import { operatorName, operatorRules } from "./operator-role.ts";

export interface ReconcilerProps {
  readonly reconciler: ReconcilerSettings;
  /** Name of the platform. */
  readonly platform: string;
  /** Name of the cluster in platform.yaml. */
  readonly cluster: string;
}

const port = 9464;
/** Nobody's number in distroless images and the Dockerfile. */
const userId = 65_532;
const workFolder = "/work";
const gitSecretFolder = "/secrets/git";
const ageSecretFolder = "/secrets/age";
/** 0440: readable through the group, and by nobody else. */
const secretMode = 0o440;

/** `woow reconcile` as a Deployment in paas-system, with the rights it needs. */
export class Reconciler extends Construct {
  constructor(scope: Construct, id: string, { reconciler, platform, cluster }: ReconcilerProps) {
    super(scope, id);
    const metadata = { name: operatorName, namespace: systemNamespace };
    new k8s.KubeServiceAccount(this, "account", { metadata });
    new k8s.KubeClusterRole(this, "role", { metadata: { name: operatorName }, rules: [...operatorRules] });
    new k8s.KubeClusterRoleBinding(this, "binding", {
      metadata: { name: operatorName },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: operatorName },
      subjects: [{ kind: "ServiceAccount", name: operatorName, namespace: systemNamespace }],
    });
    const labels = { "app.kubernetes.io/name": "reconciler", "app.kubernetes.io/instance": platform };
    new k8s.KubeDeployment(this, "deployment", {
      metadata,
      spec: {
        replicas: 1,
        // two at once would only wait for each other's lock
        strategy: { type: "Recreate" },
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podSpec(reconciler, cluster) },
      },
    });
    if (reconciler.metricsNamespace !== undefined) {
      const from = { matchLabels: { "kubernetes.io/metadata.name": reconciler.metricsNamespace } };
      new NetworkPolicy(this, "metrics", {
        name: "allow-metrics",
        namespace: systemNamespace,
        ingress: [{ from: [{ namespaceSelector: from }], ports: [tcpPort(port)] }],
      });
    }
  }
}

function podSpec(reconciler: ReconcilerSettings, cluster: string): k8s.PodSpec {
  const { gitSecret, ageSecret } = reconciler;
  const secrets = [
    ...(gitSecret === undefined ? [] : [{ name: "git", secret: gitSecret, mountPath: gitSecretFolder }]),
    ...(ageSecret === undefined ? [] : [{ name: "age", secret: ageSecret, mountPath: ageSecretFolder }]),
  ];
  return {
    serviceAccountName: operatorName,
    // a pass under way comes to a safe point first
    terminationGracePeriodSeconds: 60,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: userId,
      runAsGroup: userId,
      fsGroup: userId,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: "reconcile",
        image: reconciler.image,
        args: listArguments(reconciler, cluster),
        env: listEnvironment(ageSecret !== undefined),
        ports: [{ name: "metrics", containerPort: port, protocol: "TCP" }],
        livenessProbe: probe("/healthz", { periodSeconds: 30, failureThreshold: 3 }),
        readinessProbe: probe("/readyz", { periodSeconds: 10, failureThreshold: 3 }),
        resources: {
          requests: { cpu: k8s.Quantity.fromString("50m"), memory: k8s.Quantity.fromString("192Mi") },
          limits: { cpu: k8s.Quantity.fromString("1"), memory: k8s.Quantity.fromString("768Mi") },
        },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [
          { name: "work", mountPath: workFolder },
          { name: "tmp", mountPath: "/tmp" },
          ...secrets.map(({ name, mountPath }) => ({ name, mountPath, readOnly: true })),
        ],
      },
    ],
    volumes: [
      { name: "work", emptyDir: { sizeLimit: k8s.Quantity.fromString("1Gi") } },
      { name: "tmp", emptyDir: { sizeLimit: k8s.Quantity.fromString("256Mi") } },
      ...secrets.map(({ name, secret }) => ({
        name,
        secret: { secretName: secret, defaultMode: secretMode },
      })),
    ],
  };
}

function listArguments(reconciler: ReconcilerSettings, cluster: string): string[] {
  const { git, branch, interval, transport, gitSecret } = reconciler;
  const access =
    transport === "ssh"
      ? ["--git-key", `${gitSecretFolder}/ssh_key`, "--git-known-hosts", `${gitSecretFolder}/known_hosts`]
      : ["--git-token-file", `${gitSecretFolder}/token`];
  return [
    "reconcile",
    "--git",
    git,
    "--branch",
    branch,
    "--interval",
    interval,
    "--git-dir",
    `${workFolder}/git`,
    ...(gitSecret === undefined ? [] : access),
    "--cluster",
    cluster,
    "--listen",
    `0.0.0.0:${port}`,
  ];
}

function listEnvironment(hasAgeKey: boolean): k8s.EnvVar[] {
  return [
    { name: "HOME", value: workFolder },
    { name: "WOOW_ACTOR", value: operatorName },
    ...(hasAgeKey ? [{ name: "WOOW_AGE_KEY_FILE", value: `${ageSecretFolder}/age.agekey` }] : []),
  ];
}

function probe(path: string, times: { periodSeconds: number; failureThreshold: number }): k8s.Probe {
  return { httpGet: { path, port: k8s.IntOrString.fromNumber(port) }, timeoutSeconds: 5, ...times };
}
