/** Images that cannot be pulled any more under this name, or get no more fixes there. */
export interface MovedImage {
  /** Matches registry/repository, without tag; Docker Hub's short names are written out before. */
  readonly pattern: RegExp;
  readonly severity: "error" | "note";
  readonly what: string;
  readonly hint: string;
}

export const movedImages: readonly MovedImage[] = [
  // bitnami/containers#83267, bitnami/charts#35164: since 2025-09-29 only a few images, latest only, are left there
  {
    pattern: /^docker\.io\/bitnami\//,
    severity: "error",
    what: "left docker.io/bitnami in September 2025",
    hint: "use docker.io/bitnamilegacy/..., which is frozen, or better a chart that is maintained",
  },
  // the same announcement: a copy of the old images, never updated
  {
    pattern: /^docker\.io\/bitnamilegacy\//,
    severity: "note",
    what: "is frozen and gets no security fixes",
    hint: "plan the move to a chart that is maintained",
  },
  // kubernetes.io/blog/2023/03/10/image-registry-redirect: frozen on 2023-04-03, to be phased out
  {
    pattern: /^(k8s\.gcr\.io|gcr\.io\/google[-_]containers)\//,
    severity: "error",
    what: "is on a registry that was replaced by registry.k8s.io in 2023",
    hint: "use registry.k8s.io",
  },
  // makeplane/plane#9829, icechunk#2373: MinIO took its repositories off Docker Hub in September 2026
  {
    pattern: /^docker\.io\/minio\//,
    severity: "error",
    what: "left Docker Hub in September 2026",
    hint: "the last images are on quay.io/minio, without security fixes",
  },
  // docs.github.com, "Migrating to the Container registry from the Docker registry"
  {
    pattern: /^docker\.pkg\.github\.com\//,
    severity: "error",
    what: "is on a registry that GitHub replaced",
    hint: "use ghcr.io",
  },
];
