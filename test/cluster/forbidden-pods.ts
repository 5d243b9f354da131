/** A pod that pod security must refuse in a tenant's namespace, and the words it does so with. */
export interface ForbiddenPod {
  readonly what: string;
  readonly spec: object;
  readonly says: RegExp;
}

const container = { name: "app", image: "registry.example.com/app:1" };
const withContext = (securityContext: object) => ({ containers: [{ ...container, securityContext }] });

/** An ordinary pod's containers: root, no size, nothing asked for. */
export const ordinarySpec = { containers: [container] };

/** What the Pod Security Standard `baseline` is about. */
export const forbiddenPods: readonly ForbiddenPod[] = [
  {
    what: "a privileged container",
    spec: withContext({ privileged: true }),
    says: /privileged \(container "app" must not set securityContext\.privileged=true\)/,
  },
  {
    what: "a privileged init container",
    spec: {
      ...ordinarySpec,
      initContainers: [{ ...container, name: "first", securityContext: { privileged: true } }],
    },
    says: /privileged \(container "first" must not set/,
  },
  {
    what: "a volume of the node's disk",
    spec: { ...ordinarySpec, volumes: [{ name: "host", hostPath: { path: "/" } }] },
    says: /hostPath volumes \(volume "host"\)/,
  },
  {
    what: "the node's network",
    spec: { ...ordinarySpec, hostNetwork: true },
    says: /host namespaces \(hostNetwork=true\)/,
  },
  {
    what: "the node's processes",
    spec: { ...ordinarySpec, hostPID: true },
    says: /host namespaces \(hostPID=true\)/,
  },
  {
    what: "the node's memory segments",
    spec: { ...ordinarySpec, hostIPC: true },
    says: /host namespaces \(hostIPC=true\)/,
  },
  {
    what: "a port of the node",
    spec: { containers: [{ ...container, ports: [{ containerPort: 80, hostPort: 80 }] }] },
    says: /hostPort \(container "app" uses hostPort 80\)/,
  },
  {
    what: "an added capability",
    spec: withContext({ capabilities: { add: ["NET_ADMIN"] } }),
    says: /non-default capabilities \(container "app" must not include "NET_ADMIN"/,
  },
  {
    what: "no seccomp",
    spec: withContext({ seccompProfile: { type: "Unconfined" } }),
    says: /seccompProfile \(container "app" must not set/,
  },
  {
    what: "no AppArmor",
    spec: withContext({ appArmorProfile: { type: "Unconfined" } }),
    says: /AppArmor profile/i,
  },
  {
    what: "a kernel parameter",
    spec: { ...ordinarySpec, securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } },
    says: /forbidden sysctls \(kernel\.msgmax\)/,
  },
];
