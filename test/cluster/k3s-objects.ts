/** An object to be there when a cluster has started, and the path of its collection. */
export interface InitialObject {
  readonly collection: string;
  readonly object: object;
}

/** The name of the only node. */
export const nodeName = "test-node";

/** What every K3s has that its own programs would have made: class of volumes, class of ingresses, Traefik's Service. */
export function k3sObjects(): readonly InitialObject[] {
  return [
    {
      collection: "/apis/storage.k8s.io/v1/storageclasses",
      object: {
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: {
          name: "local-path",
          annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
        },
        provisioner: "rancher.io/local-path",
        reclaimPolicy: "Delete",
        volumeBindingMode: "WaitForFirstConsumer",
      },
    },
    {
      collection: "/apis/networking.k8s.io/v1/ingressclasses",
      object: {
        apiVersion: "networking.k8s.io/v1",
        kind: "IngressClass",
        metadata: {
          name: "traefik",
          annotations: { "ingressclass.kubernetes.io/is-default-class": "true" },
        },
        spec: { controller: "traefik.io/ingress-controller" },
      },
    },
    traefikServiceObject("Local"),
  ];
}

/** Traefik's Service. K3s' own says `Cluster`; a platform with private services has it set to `Local`. */
export function traefikServiceObject(policy: "Local" | "Cluster"): InitialObject {
  return {
    collection: "/api/v1/namespaces/kube-system/services",
    object: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "traefik", namespace: "kube-system" },
      spec: {
        type: "LoadBalancer",
        externalTrafficPolicy: policy,
        selector: { "app.kubernetes.io/name": "traefik" },
        ports: [
          { name: "web", port: 80, targetPort: "web" },
          { name: "websecure", port: 443, targetPort: "websecure" },
        ],
      },
    },
  };
}

/** Rights of what stands for parts of K3s that may do everything. */
export function rightsOfComponents(): readonly InitialObject[] {
  return ["helm-controller", "kwok", "runner"].map((user) => ({
    collection: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    object: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: `test-cluster-${user}` },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
    },
  }));
}

/** The node, large enough for a thousand services. */
export function nodeObject(): InitialObject {
  const capacity = { cpu: "2000", memory: "8Ti", pods: "4000", "ephemeral-storage": "1Ti" };
  return {
    collection: "/api/v1/nodes",
    object: {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: nodeName,
        labels: {
          "kubernetes.io/arch": "amd64",
          "kubernetes.io/hostname": nodeName,
          "kubernetes.io/os": "linux",
          "node-role.kubernetes.io/control-plane": "true",
        },
      },
      status: {
        capacity,
        allocatable: capacity,
        nodeInfo: {
          architecture: "amd64",
          bootID: "",
          containerRuntimeVersion: "containerd://2.1.5-k3s1",
          kernelVersion: "test",
          kubeProxyVersion: "",
          kubeletVersion: "v1.35.8+k3s1",
          machineID: "",
          operatingSystem: "linux",
          osImage: "a simulated node",
          systemUUID: "",
        },
      },
    },
  };
}
