import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ChartFetcher } from "../../operations/charts/chart-fetcher.ts";
import { fileError } from "../file-error.ts";
import { sha256Of } from "./registry.ts";

/** Packed charts that somebody fetched before: DIR/NAME-VERSION.tgz. */
export function openChartsDir(dir: string): ChartFetcher {
  return {
    fetchChart: async ({ name, version }) => {
      const path = join(dir, `${name}-${version}.tgz`);
      try {
        const bytes = new Uint8Array(readFileSync(path));
        return { ok: true, bytes, sha256: sha256Of(bytes), manifest: undefined };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT")
          throw fileError(error, { subject: path, doing: "read" });
        return { ok: false, reason: "not-found", message: `there is no ${name}-${version}.tgz in ${dir}` };
      }
    },
  };
}
