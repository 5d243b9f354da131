import { generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Component, type ComponentOptions } from "./component.ts";
import type { Janitor } from "./janitor.ts";
import { nodeName } from "./k3s-objects.ts";
import { kwokConfig } from "./node-stages.ts";

/** The processes of a test cluster. */
export type ComponentName =
  "etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "helm-controller" | "kwok";

/** What the processes have in common. */
export interface ComponentSetting {
  readonly dir: string;
  readonly controlPlane: string;
  readonly kwok: string;
  readonly janitor: Janitor;
  readonly ports: {
    readonly etcd: number;
    readonly etcdPeer: number;
    readonly apiServer: number;
    readonly kubelet: number;
  };
  readonly audit: boolean;
  /** An AuthenticationConfiguration as YAML. */
  readonly authentication?: string | undefined;
  readonly kubeconfigOf: (user: ComponentName) => string;
}

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
`;

const authenticationFile = "authentication.yaml";

/** Keys and files the components read; call once before they start. */
export async function writeComponentFiles(setting: ComponentSetting): Promise<void> {
  const { dir, ports, authentication } = setting;
  await mkdir(join(dir, "logs"), { recursive: true });
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  await Promise.all([
    writeFile(join(dir, "sa.key"), privateKey, { mode: 0o600 }),
    writeFile(join(dir, "sa.pub"), publicKey),
    writeFile(join(dir, "audit-policy.yaml"), auditPolicy),
    ...(authentication === undefined ? [] : [writeFile(join(dir, authenticationFile), authentication)]),
    writeFile(join(dir, "kwok.yaml"), kwokConfig({ kubeletPort: ports.kubelet })),
  ]);
}

/** The component of a name, not started. */
export function makeComponent(name: ComponentName, setting: ComponentSetting): Component {
  const { dir, controlPlane, kwok, janitor } = setting;
  const common = { name, logPath: join(dir, "logs", `${name}.log`), janitor };
  const options: ComponentOptions =
    name === "kwok"
      ? { ...common, program: kwok, args: kwokArgs(setting), env: { HOME: dir } }
      : { ...common, program: controlPlane, args: [name, ...controlPlaneArgs(name, setting)] };
  return new Component(options);
}

function controlPlaneArgs(name: Exclude<ComponentName, "kwok">, setting: ComponentSetting): string[] {
  switch (name) {
    case "etcd":
      return etcdArgs(setting);
    case "kube-apiserver":
      return apiServerArgs(setting);
    case "kube-controller-manager":
      return [
        `--kubeconfig=${setting.kubeconfigOf(name)}`,
        `--service-account-private-key-file=${join(setting.dir, "sa.key")}`,
        `--root-ca-file=${join(setting.dir, "certs", "apiserver.crt")}`,
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        // on a machine that is short of CPU the simulated node falls silent, and nobody makes its pods ready again
        "--node-monitor-grace-period=1h",
        "--secure-port=0",
        // as many requests as it likes: tests should not wait for politeness
        "--kube-api-qps=200",
        "--kube-api-burst=400",
      ];
    case "kube-scheduler":
      return [
        `--kubeconfig=${setting.kubeconfigOf(name)}`,
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
      ];
    case "helm-controller":
      return [
        `--kubeconfig=${setting.kubeconfigOf(name)}`,
        "--controller-name=helm-controller",
        "--job-resources={}",
        "--default-job-image=rancher/klipper-helm:test",
        "--threads=5",
        `--node-name=${nodeName}`,
      ];
  }
}

function etcdArgs({ dir, ports }: ComponentSetting): string[] {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    `--data-dir=${join(dir, "etcd")}`,
    "--unsafe-no-fsync",
    "--log-level=warn",
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ];
}

function apiServerArgs({ dir, ports, audit, authentication }: ComponentSetting): string[] {
  const key = join(dir, "sa.key");
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    `--cert-dir=${join(dir, "certs")}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${ports.apiServer}`,
    // an address for documentation: the endpoint of the kubernetes Service may not be a loopback address
    "--advertise-address=192.0.2.1",
    `--token-auth-file=${join(dir, "tokens.csv")}`,
    "--authorization-mode=RBAC",
    "--anonymous-auth=false",
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-signing-key-file=${key}`,
    `--service-account-key-file=${join(dir, "sa.pub")}`,
    "--service-cluster-ip-range=10.43.0.0/16",
    "--allow-privileged",
    "--kubelet-preferred-address-types=InternalIP",
    "--shutdown-delay-duration=0s",
    ...(authentication === undefined ? [] : [`--authentication-config=${join(dir, authenticationFile)}`]),
    ...(audit
      ? [
          `--audit-log-path=${join(dir, "audit.log")}`,
          `--audit-policy-file=${join(dir, "audit-policy.yaml")}`,
          "--audit-log-mode=blocking",
          "--audit-log-maxsize=4000",
        ]
      : []),
  ];
}

function kwokArgs({ dir, kubeconfigOf }: ComponentSetting): string[] {
  return [
    `--kubeconfig=${kubeconfigOf("kwok")}`,
    "--manage-all-nodes",
    "--cidr=10.42.0.0/16",
    "--node-ip=127.0.0.1",
    `--config=${join(dir, "kwok.yaml")}`,
  ];
}
