export const solverLabels = {
  "acme.cert-manager.io/http-domain": "1234567890",
  "acme.cert-manager.io/http-token": "987654321",
  "acme.cert-manager.io/http01-solver": "true",
};

/** The pod cert-manager 1.21 makes to prove a host, with the sizes it gives it (its pkg/issuer/acme/http). */
export const solverPod = (host: string) => ({
  metadata: {
    generateName: "cm-acme-http-solver-",
    labels: solverLabels,
    annotations: {
      "sidecar.istio.io/inject": "false",
      "cluster-autoscaler.kubernetes.io/safe-to-evict": "true",
    },
  },
  spec: {
    automountServiceAccountToken: false,
    nodeSelector: { "kubernetes.io/os": "linux" },
    restartPolicy: "OnFailure",
    enableServiceLinks: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "acmesolver",
        image: "quay.io/jetstack/cert-manager-acmesolver:v1.21.2",
        imagePullPolicy: "IfNotPresent",
        args: ["--listen-port=8089", `--domain=${host}`, "--token=made-up", "--key=made-up"],
        resources: {
          requests: { cpu: "10m", memory: "64Mi" },
          limits: { cpu: "100m", memory: "64Mi" },
        },
        ports: [{ name: "http", containerPort: 8089 }],
        securityContext: {
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
        },
      },
    ],
  },
});
