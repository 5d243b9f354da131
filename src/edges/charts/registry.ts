import { createHash } from "node:crypto";
import { OperationError } from "../../errors.ts";
import type { WebAnswer, WebClient } from "./web-request.ts";

/** A name in a registry: `ghcr.io`, `org/charts/web`. */
export interface RegistryName {
  readonly host: string;
  readonly path: string;
}

/** A registry that speaks the OCI distribution protocol; asked as nobody in particular. */
export interface Registry {
  /** Errors: OperationError `unreachable`, `not-found`. */
  get(name: RegistryName, request: RegistryRequest): Promise<WebAnswer>;
}

export interface RegistryRequest {
  /** Below the name, such as `manifests/1.0.0`. */
  readonly what: string;
  readonly method?: "GET" | "HEAD";
  readonly accept: readonly string[];
  readonly maxBytes: number;
}

export const maxManifestBytes = 4 * 1024 * 1024;
const chartLayers = new Set([
  "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
  // Helm before 3.7
  "application/tar+gzip",
]);
const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** Tokens are kept as long as the registry object: they are given to anybody who asks. */
export function createRegistry(web: WebClient): Registry {
  const tokens = new Map<string, string>();
  return {
    get: async ({ host, path }, { what, method = "GET", accept, maxBytes }) => {
      const url = `${schemeOf(host)}://${host}/v2/${path}/${what}`;
      const ask = (token: string | undefined) =>
        web(url, {
          method,
          maxBytes,
          headers: {
            accept: accept.join(", "),
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
        });
      const scope = `${host}/${path}`;
      let answer = await ask(tokens.get(scope));
      if (answer.status === 401) {
        const token = await fetchToken(web, { from: url, challenge: answer.headers["www-authenticate"] });
        if (token !== undefined) {
          tokens.set(scope, token);
          answer = await ask(token);
        }
      }
      if (answer.status === 200) return answer;
      const isMissing = answer.status === 404;
      throw new OperationError(
        isMissing ? "not-found" : "unreachable",
        isMissing ? `${scope} has no ${what}` : `${host} answers ${answer.status} for ${path}/${what}`,
      );
    },
  };
}

/** The manifest's digest and the bytes of the chart in it. Errors: `unreachable`, `not-found`, `invalid`. */
export async function pullChart(
  registry: Registry,
  name: RegistryName,
  { version, maxBytes }: { readonly version: string; readonly maxBytes: number },
): Promise<{ readonly manifest: string; readonly bytes: Uint8Array }> {
  // a tag has no plus sign; Helm writes an underscore for it
  const what = `manifests/${version.replaceAll("+", "_")}`;
  const answer = await registry.get(name, { what, accept: [manifestType], maxBytes: maxManifestBytes });
  const layer = readLayers(answer.bytes).find(({ mediaType }) => chartLayers.has(mediaType));
  if (layer === undefined || !/^sha256:[0-9a-f]{64}$/.test(layer.digest))
    throw new OperationError("invalid", `${name.host}/${name.path} ${version} is no Helm chart`);
  const { bytes } = await registry.get(name, { what: `blobs/${layer.digest}`, accept: ["*/*"], maxBytes });
  if (sha256Of(bytes) !== layer.digest.slice("sha256:".length))
    throw new OperationError(
      "invalid",
      `${name.host} gave other bytes than the manifest of ${version} names`,
    );
  return { manifest: `sha256:${sha256Of(answer.bytes)}`, bytes };
}

/** SHA-256, hex. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

interface Layer {
  readonly mediaType: string;
  readonly digest: string;
}

function readLayers(bytes: Uint8Array): readonly Layer[] {
  try {
    const { layers } = JSON.parse(new TextDecoder().decode(bytes)) as { layers?: unknown };
    return Array.isArray(layers) ? (layers as Layer[]) : [];
  } catch {
    return [];
  }
}

/** `Bearer realm="...",service="...",scope="..."`: where a token for everybody is to be had. */
async function fetchToken(
  web: WebClient,
  { from, challenge }: { readonly from: string; readonly challenge: string | undefined },
): Promise<string | undefined> {
  if (challenge === undefined || !/^bearer /i.test(challenge)) return undefined;
  const fields = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]),
  );
  const realm = fields.get("realm");
  if (realm === undefined || !URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  for (const key of ["service", "scope"]) {
    const value = fields.get(key);
    if (value !== undefined) url.searchParams.set(key, value);
  }
  const { status, bytes } = await web(url.href, { from, maxBytes: maxManifestBytes });
  if (status !== 200) return undefined;
  try {
    const answer = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const token = answer["token"] ?? answer["access_token"];
    return typeof token === "string" ? token : undefined;
  } catch {
    return undefined;
  }
}

function schemeOf(host: string): "http" | "https" {
  return /^(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?$/.test(host) ? "http" : "https";
}
