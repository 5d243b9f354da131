import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { execa } from "execa";
import { parse } from "yaml";

const chartsDir = join(import.meta.dirname, "..", "charts");
const versionsAnnotation = "woow.test/versions";

/** A chart repository over HTTP. */
export interface ChartServer {
  readonly url: string;
  /** Paths asked for, in order. */
  readonly requests: readonly string[];
  /** Refuses connections until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

/** Serves the packaged charts on a port of 127.0.0.1. */
export async function startChartServer(options: {
  readonly port: number;
  readonly packages: string;
}): Promise<ChartServer> {
  const { port, packages } = options;
  const requests: string[] = [];
  let server: Server | undefined;
  const up = async () => {
    if (server !== undefined) return;
    server = createServer((request, response) => {
      const path = new URL(request.url ?? "/", "http://server").pathname;
      requests.push(path);
      createReadStream(join(packages, basename(path)))
        .on("error", () => response.writeHead(404).end())
        .pipe(response);
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  const down = async () => {
    const closing = server;
    server = undefined;
    if (closing === undefined) return;
    closing.close();
    closing.closeAllConnections();
    await once(closing, "close");
  };
  await up();
  return { url: `http://127.0.0.1:${port}/`, requests, down, up, stop: down };
}

/**
 * Packages every chart under `test/charts` that names versions in its annotations, once for each of them, and writes
 * the repository's index. Kept in the user's cache under a name made from the charts' content. Gives the folder.
 */
export async function packageCharts(helm: string): Promise<string> {
  const charts = await versionedCharts();
  const base = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const parent = join(base, "woow", "test-charts");
  const folder = join(parent, await hashOf([helm], charts));
  if (await exists(join(folder, "index.yaml"))) return folder;
  await mkdir(parent, { recursive: true });
  const temporary = await mkdtemp(`${folder}.`);
  try {
    for (const { name, versions } of charts) {
      for (const version of versions) {
        await execa(helm, ["package", join(chartsDir, name), "--version", version, "-d", temporary]);
      }
    }
    await execa(helm, ["repo", "index", temporary]);
    // somebody else may have been first with the same content
    await rename(temporary, folder).catch(async (error: unknown) => {
      if (!(await exists(join(folder, "index.yaml")))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

interface VersionedChart {
  readonly name: string;
  readonly versions: readonly string[];
}

async function versionedCharts(): Promise<VersionedChart[]> {
  const charts: VersionedChart[] = [];
  for (const name of (await readdir(chartsDir)).sort()) {
    const text = await readFile(join(chartsDir, name, "Chart.yaml"), "utf8");
    const chart = parse(text) as { annotations?: Record<string, string> };
    const versions = chart.annotations?.[versionsAnnotation]?.split(" ");
    if (versions !== undefined) charts.push({ name, versions });
  }
  return charts;
}

async function hashOf(words: readonly string[], charts: readonly VersionedChart[]): Promise<string> {
  const hash = createHash("sha256").update(words.join("\n"));
  for (const { name } of charts) {
    const entries = await readdir(join(chartsDir, name), { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) hash.update(file.slice(chartsDir.length)).update(await readFile(file));
  }
  return hash.digest("hex").slice(0, 16);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
