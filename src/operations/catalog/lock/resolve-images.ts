import { parseImage } from "../../../model/image-reference.ts";
import type { ImageResolver } from "../../charts/chart-fetcher.ts";
import type { LockEntry } from "./make-lock.ts";

/** Registries asked at once. */
const asksAtOnce = 4;

/**
 * Fills in what the images' tags stand for now. One that its registry says nothing about keeps the digest it was seen
 * with before; without one it stays unresolved. `unresolved`: images without any digest.
 */
export async function resolveImages(
  resolver: ImageResolver,
  entries: readonly LockEntry[],
  wanted: ReadonlySet<string>,
): Promise<{ readonly entries: readonly LockEntry[]; readonly unresolved: readonly string[] }> {
  const references = new Set(
    entries.flatMap(({ templates, images }) =>
      templates.some((template) => wanted.has(template)) ? images.map(({ image }) => image) : [],
    ),
  );
  const digests = new Map<string, string | undefined>();
  const waiting = [...references].values();
  const work = async () => {
    for (const image of waiting)
      digests.set(image, parseImage(image).digest ?? (await resolver.resolveImage(image)));
  };
  await Promise.all(Array.from({ length: asksAtOnce }, work));
  const filled = entries.map((entry) => ({
    ...entry,
    images: entry.images.map(({ image, digest: known }) => {
      const digest = digests.get(image) ?? known;
      return digest === undefined ? { image } : { image, digest };
    }),
  }));
  const unresolved = filled.flatMap(({ images }) =>
    images.filter(({ digest }) => digest === undefined).map(({ image }) => image),
  );
  return { entries: filled, unresolved: [...new Set(unresolved)].sort() };
}
