import type { ChartCoordinates } from "../../model/chart-lock.ts";

/** A packed chart as its repository gives it now, or why there is none. */
export type FetchedChart =
  | {
      readonly ok: true;
      readonly bytes: Uint8Array;
      /** Of the bytes, hex. */
      readonly sha256: string;
      /** `sha256:...` of the manifest, from a registry. */
      readonly manifest: string | undefined;
    }
  /** `not-found`: the repository answers and has no such chart; `unavailable`: it does not answer as it should. */
  | { readonly ok: false; readonly reason: "not-found" | "unavailable"; readonly message: string };

/** Port to chart repositories and registries; asks them every time. The adapter lives in edges/. */
export interface ChartFetcher {
  fetchChart(chart: ChartCoordinates): Promise<FetchedChart>;
}

/** Port to image registries. */
export interface ImageResolver {
  /** `sha256:...` of what an image reference stands for now; undefined when its registry gives no answer. */
  resolveImage(image: string): Promise<string | undefined>;
}
