import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  ChartRequest,
  HelmClient,
  OpenResult,
  RenderRequest,
  RenderResult,
} from "../operations/catalog/verify/helm-client.ts";
import { readChartFiles } from "./chart-files.ts";
import { fileError } from "./file-error.ts";
import { makeRunner, readVersion } from "./helm-program.ts";
import type { Runner } from "./helm-program.ts";
import { startLookupRecorder } from "./lookup-recorder.ts";

export interface HelmOptions {
  /** The program: a name on PATH, or a path. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Charts lie here instead of in their repositories: DIR/NAME/ or DIR/NAME-VERSION.tgz. */
  readonly chartsDir: string | undefined;
}

const downloadTimeoutMs = 180_000;
const renderTimeoutMs = 120_000;

/**
 * What a K3s of this platform serves beside Kubernetes' own kinds: charts ask for it. Traefik and the helm-controller
 * come with K3s, cert-manager is what our Ingresses need.
 */
const apiVersions = ["traefik.io/v1alpha1", "helm.cattle.io/v1", "cert-manager.io/v1"];

/** The real helm in a home of its own: no plugins, no repositories, no cluster of the user's. */
export async function openHelm(options: HelmOptions): Promise<HelmClient & { close(): void }> {
  const home = makeHome();
  const close = () => rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  try {
    const run = makeRunner(options, home);
    const version = await readVersion(run, options.program);
    let count = 0;
    const nextPath = (name: string) => join(home, `${(count += 1)}-${name}`);
    return {
      version,
      close,
      openChart: (request) => openChart(request, { run, nextPath, chartsDir: options.chartsDir }),
      render: (request) => render(request, { run, valuesFile: nextPath("values.json") }),
      observeLookups: async (request) => {
        const recorder = await startLookupRecorder(request.kubeVersion);
        const kubeconfig = nextPath("recorder");
        try {
          writeFileSync(kubeconfig, kubeconfigOf(recorder.url), { mode: 0o600 });
          const valuesFile = nextPath("values.json");
          // it fails once it has rendered, for want of an OpenAPI document: by then it has read what it reads
          await render(request, {
            run,
            valuesFile,
            more: ["--dry-run=server", "--kubeconfig", kubeconfig],
          });
          return recorder.lookups;
        } finally {
          await recorder.close();
        }
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

function makeHome(): string {
  try {
    // mkdtemp makes it 0700; what is in it, values too, is nobody else's business
    const home = mkdtempSync(join(tmpdir(), "woow-helm-"));
    for (const name of ["cache", "config", "data"]) mkdirSync(join(home, name));
    return home;
  } catch (error) {
    throw fileError(error, { subject: tmpdir(), doing: "write to" });
  }
}

interface OpenDeps {
  readonly run: Runner;
  readonly nextPath: (name: string) => string;
  readonly chartsDir: string | undefined;
}

async function openChart(request: ChartRequest, deps: OpenDeps): Promise<OpenResult> {
  const { name, version, archive } = request;
  if (archive !== undefined) {
    const location = deps.nextPath(`${name}-${version}.tgz`);
    writeFileSync(location, archive, { mode: 0o600 });
    return opened(location, request);
  }
  return deps.chartsDir === undefined ? pullChart(request, deps) : findChart(request, deps.chartsDir);
}

async function findChart(request: ChartRequest, chartsDir: string): Promise<OpenResult> {
  const { name, version } = request;
  const packed = join(chartsDir, `${name}-${version}.tgz`);
  const folder = join(chartsDir, name);
  if (isThere(join(folder, "Chart.yaml"))) return opened(folder, request);
  if (isThere(packed)) return opened(packed, request);
  return {
    ok: false,
    reason: "not-found",
    message: `there is neither ${name}/Chart.yaml nor ${name}-${version}.tgz in ${chartsDir}`,
  };
}

async function pullChart(request: ChartRequest, { run, nextPath }: OpenDeps): Promise<OpenResult> {
  const { repository, name, version } = request;
  const target = nextPath(name);
  mkdirSync(target);
  const chart = repository.startsWith("oci://") ? [`${repository}/${name}`] : [name, "--repo", repository];
  const result = await run(
    ["pull", ...chart, "--version", version, "--destination", target],
    downloadTimeoutMs,
  );
  const file = readdirSync(target).find((entry) => entry.endsWith(".tgz"));
  if (!result.failed && file !== undefined) return opened(join(target, file), request);
  const isMissing = /not found|no chart (name|version)|manifest unknown|404/i.test(result.words);
  return {
    ok: false,
    reason: isMissing ? "not-found" : "unavailable",
    message: `${name} ${version} cannot be had from ${repository}: ${result.words.replaceAll(/\s+/g, " ")}`,
  };
}

async function opened(location: string, { repository, name, version }: ChartRequest): Promise<OpenResult> {
  const broken = (why: string): OpenResult => ({
    ok: false,
    reason: "broken",
    message: `${name} ${version} from ${repository} is no packed chart: ${why}`,
  });
  try {
    const files = await readChartFiles(location);
    return files.has("Chart.yaml")
      ? { ok: true, chart: { location, files } }
      : broken("it holds no Chart.yaml");
  } catch (error) {
    // those of the file system say which call failed; the archive's do not
    if (error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall !== "string")
      return broken(error.message);
    throw fileError(error, { subject: location, doing: "read" });
  }
}

async function render(
  { location, release, namespace, values, kubeVersion, isUpgrade = false }: RenderRequest,
  { run, valuesFile, more = [] }: { run: Runner; valuesFile: string; more?: readonly string[] },
): Promise<RenderResult> {
  // JSON is YAML, and read alike by every YAML reader
  writeFileSync(valuesFile, JSON.stringify(values), { mode: 0o600 });
  try {
    const result = await run(
      [
        "template",
        release,
        location,
        "--namespace",
        namespace,
        "--values",
        valuesFile,
        "--kube-version",
        kubeVersion,
        isUpgrade ? "--is-upgrade" : "--include-crds",
        ...apiVersions.flatMap((version) => ["--api-versions", version]),
        ...more,
      ],
      renderTimeoutMs,
    );
    return result.failed ? { ok: false, message: result.words } : { ok: true, text: result.stdout };
  } finally {
    rmSync(valuesFile, { force: true });
  }
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "recorder", cluster: { server } }],
    users: [{ name: "nobody", user: {} }],
    contexts: [{ name: "recorder", context: { cluster: "recorder", user: "nobody" } }],
    "current-context": "recorder",
  });
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
