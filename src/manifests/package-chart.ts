import { gzipSync } from "fflate";
import { packTar } from "modern-tar";
import type { ChartFolder } from "../definitions/definition.ts";

/** A HelmChart holds the archive as base64, and etcd takes objects of about 1 MiB. */
export const maxChartBytes = 750 * 1024;

/**
 * Packs a chart of one's own as `helm package` would, but reproducibly: files in order, no times, one mode, and a
 * compressor in plain JavaScript, because zlib's output differs between machines.
 */
export async function packageChart(chart: ChartFolder): Promise<Uint8Array> {
  const entries = [...chart.files].map(([path, body]) => ({
    header: {
      name: `${chart.name}/${path}`,
      type: "file" as const,
      size: body.byteLength,
      mode: 0o644,
      mtime: new Date(0),
      uid: 0,
      gid: 0,
      uname: "",
      gname: "",
    },
    body,
  }));
  return gzipSync(await packTar(entries), { level: 9, mtime: 0 });
}
