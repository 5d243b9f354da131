import type { CheckContext } from "./check-context.ts";
import { movedImages } from "./moved-images.ts";
import { listContainers } from "./pods.ts";
import { describeObject, textAt } from "./rendered-objects.ts";
import type { Rendering } from "./rendered-objects.ts";

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

/** Every image of a rendering once, sorted. */
export function listImages({ objects }: Rendering): string[] {
  const images = listContainers(objects).map(({ body }) => textAt(body, "image") ?? "");
  return [...new Set(images.filter((image) => image !== ""))].sort();
}

/** Images must be pinned and must still be where the chart looks for them. */
export function checkImages({ rendering, findings }: CheckContext): void {
  const path = ["helm_chart"];
  for (const { pod, name, body } of listContainers(rendering.objects)) {
    const image = textAt(body, "image") ?? "";
    const where = `container ${name} of ${describeObject(pod.owner)}`;
    const { repository, tag, digest } = parseImage(image);
    if (digest === undefined && tag === undefined) {
      findings.add({
        code: "image-without-tag",
        path,
        message: `${where} has the image ${JSON.stringify(image)} without a tag`,
        hint: "set the tag in default_values",
      });
    } else if (digest === undefined && tag === "latest") {
      findings.add({
        code: "image-latest",
        path,
        message: `${where} has the image ${image}: what runs would change by itself`,
        hint: "set a fixed tag in default_values",
      });
    }
    const moved = movedImages.find(
      ({ pattern }) => pattern.test(`${repository}/`) || pattern.test(repository),
    );
    if (moved === undefined) continue;
    findings.add({
      code: moved.severity === "error" ? "image-moved" : "image-frozen",
      severity: moved.severity,
      path,
      message: `${where}: ${image} ${moved.what}`,
      hint: moved.hint,
    });
  }
}
