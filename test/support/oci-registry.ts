import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A registry for tests on 127.0.0.1: pull only, with the token dance of public ones. */
export interface TestRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Method and path of every request, in order. */
  readonly requests: readonly string[];
  /** Puts a packed chart under a tag; gives the manifest's digest. */
  putChart(name: string, tag: string, bytes: Uint8Array): string;
  /** Puts a manifest under a tag; gives its digest. */
  putManifest(name: string, tag: string, manifest: object): string;
  /** Gives these bytes for a blob, whatever its digest says. */
  spoil(digest: string, bytes: Uint8Array): void;
  stop(): Promise<void>;
}

const digestOf = (bytes: Uint8Array | string) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const token = "made-up-token-1";

export async function startRegistry(): Promise<TestRegistry> {
  const requests: string[] = [];
  const blobs = new Map<string, Uint8Array>();
  const manifests = new Map<string, string>();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://registry");
    requests.push(`${request.method} ${pathname}`);
    if (pathname === "/token") {
      response.end(JSON.stringify({ token }));
      return;
    }
    if (request.headers.authorization !== `Bearer ${token}`) {
      const realm = `http://${request.headers.host ?? ""}/token`;
      response.setHeader("www-authenticate", `Bearer realm="${realm}",service="test",scope="pull"`);
      response.writeHead(401).end();
      return;
    }
    const [, name = "", kind = "", reference = ""] =
      /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(pathname) ?? [];
    const found = kind === "blobs" ? blobs.get(reference) : manifests.get(`${name}:${reference}`);
    if (found === undefined) {
      response.writeHead(404).end();
      return;
    }
    if (kind === "manifests") response.setHeader("docker-content-digest", digestOf(found));
    response.end(request.method === "HEAD" ? undefined : found);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const registry: TestRegistry = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    putChart: (name, tag, bytes) => {
      const digest = digestOf(bytes);
      blobs.set(digest, bytes);
      const mediaType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
      return registry.putManifest(name, tag, {
        schemaVersion: 2,
        layers: [{ mediaType, digest, size: bytes.length }],
      });
    },
    putManifest: (name, tag, manifest) => {
      const text = JSON.stringify(manifest);
      manifests.set(`${name}:${tag}`, text);
      return digestOf(text);
    },
    spoil: (digest, bytes) => void blobs.set(digest, bytes),
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return registry;
}
