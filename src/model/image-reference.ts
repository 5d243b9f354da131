/** An image reference in parts; Docker Hub's short names are written out. */
export interface ImageReference {
  /** Registry and name, for example docker.io/library/redis. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Splits an image reference as container runtimes do: a first part with a dot, a colon or localhost is a registry. */
export function parseImage(image: string): ImageReference {
  const [name = "", digest] = image.split("@");
  const slash = name.lastIndexOf("/");
  const colon = name.indexOf(":", slash + 1);
  const path = colon < 0 ? name : name.slice(0, colon);
  const tag = colon < 0 ? undefined : name.slice(colon + 1);
  const [first = ""] = path.split("/");
  const hasRegistry = path.includes("/") && (/[.:]/.test(first) || first === "localhost");
  const full = hasRegistry ? path : `docker.io/${path.includes("/") ? path : `library/${path}`}`;
  return {
    repository: full.replace(/^(index|registry-1)\.docker\.io\//, "docker.io/"),
    tag: tag === "" ? undefined : tag,
    digest,
  };
}
