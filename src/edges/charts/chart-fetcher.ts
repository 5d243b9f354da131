import { OperationError } from "../../errors.ts";
import type { ChartCoordinates } from "../../model/chart-lock.ts";
import { parseImage } from "../../model/image-reference.ts";
import type { ChartFetcher, FetchedChart, ImageResolver } from "../../operations/charts/chart-fetcher.ts";
import { downloadChart, maxArchiveBytes, readIndex } from "./http-repository.ts";
import type { RepositoryIndex } from "./http-repository.ts";
import { createRegistry, maxManifestBytes, pullChart, sha256Of } from "./registry.ts";
import { createWebClient } from "./web-request.ts";
import type { WebClient } from "./web-request.ts";

/** An index is read again after this: a run asks for several charts of a repository at once. */
const indexLifeMs = 60_000;

/** Asks chart repositories (https, oci, http to loopback) and image registries, always as nobody in particular. */
export function openChartFetcher(
  environment: Readonly<Record<string, string | undefined>>,
): ChartFetcher & ImageResolver {
  let web: WebClient | undefined;
  const client: WebClient = (url, request) => (web ??= createWebClient(environment))(url, request);
  const registry = createRegistry(client);
  const indexes = new Map<string, { readonly atMs: number; readonly index: Promise<RepositoryIndex> }>();
  const indexOf = (repository: string): Promise<RepositoryIndex> => {
    const known = indexes.get(repository);
    if (known !== undefined && performance.now() - known.atMs < indexLifeMs) return known.index;
    const index = readIndex(client, repository);
    indexes.set(repository, { atMs: performance.now(), index });
    index.catch(() => indexes.delete(repository));
    return index;
  };
  const pull = async (chart: ChartCoordinates) => {
    const oci = /^oci:\/\/([^/]+)\/?(.*)$/.exec(chart.repository);
    if (oci === null)
      return {
        manifest: undefined,
        bytes: await downloadChart(client, await indexOf(chart.repository), chart),
      };
    const path = [...(oci[2] ?? "").split("/"), chart.name].filter((part) => part !== "").join("/");
    const name = { host: oci[1] ?? "", path };
    return pullChart(registry, name, { version: chart.version, maxBytes: maxArchiveBytes });
  };
  return {
    fetchChart: async (chart): Promise<FetchedChart> => {
      try {
        const { bytes, manifest } = await pull(chart);
        return { ok: true, bytes, sha256: sha256Of(bytes), manifest };
      } catch (error) {
        if (!(error instanceof OperationError)) throw error;
        const reason = error.code === "not-found" ? "not-found" : "unavailable";
        return { ok: false, reason, message: error.message };
      }
    },
    resolveImage: async (image) => {
      const { repository, tag, digest } = parseImage(image);
      if (digest !== undefined) return digest;
      const [host = "", ...path] = repository.split("/");
      const name = { host: host === "docker.io" ? "registry-1.docker.io" : host, path: path.join("/") };
      const request = {
        what: `manifests/${tag ?? "latest"}`,
        accept: imageTypes,
        maxBytes: maxManifestBytes,
      };
      try {
        // HEAD: registries count it as no pull
        const { headers } = await registry.get(name, { ...request, method: "HEAD" });
        const found = headers["docker-content-digest"];
        if (typeof found === "string" && /^sha256:[0-9a-f]{64}$/.test(found)) return found;
        return `sha256:${sha256Of((await registry.get(name, request)).bytes)}`;
      } catch (error) {
        if (error instanceof OperationError) return undefined;
        throw error;
      }
    },
  };
}

/** Lists of platforms first: their digest is what everybody pins. */
const imageTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
