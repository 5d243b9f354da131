import { parseImage } from "../../../model/image-reference.ts";
import type { CheckContext } from "./check-context.ts";
import { movedImages } from "./moved-images.ts";
import { listContainers } from "./pods.ts";
import { describeObject, textAt } from "./rendered-objects.ts";
import type { Rendering } from "./rendered-objects.ts";

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
