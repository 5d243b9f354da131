import { createHash } from "node:crypto";
import {
  access,
  constants,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";

/**
 * A Go program our tests run for real: Helm, SOPS, age's key generator, Kubernetes and its own YAML reader, kwok,
 * BuildKit's checks of a Dockerfile, Traefik's Kubernetes providers,
 * cyclonus' matcher of NetworkPolicies.
 */
export type GoToolName =
  | "helm"
  | "sops"
  | "age-keygen"
  | "yaml-reader"
  | "control-plane"
  | "kwok"
  | "kubectl"
  | "dockerfile-lint"
  | "traefik-routes"
  | "network-policies";

/** Where the program lies, or why it cannot be had here. */
export type GoTool = { readonly path: string } | { readonly skip: string };

interface ToolBuild {
  readonly module: string;
  readonly target: string;
  /** What the linker is told on top of leaving out symbols. */
  readonly linkerFlags?: string;
}

// without it the API server has no version; the suffix is K3s' own
const kubernetesVersion = ["gitVersion=v1.35.8+k3s1", "gitMajor=1", "gitMinor=35"]
  .map((value) => ` -X k8s.io/component-base/version.${value}`)
  .join("");

const tools: Readonly<Record<GoToolName, ToolBuild>> = {
  helm: { module: "helm", target: "helm.sh/helm/v4/cmd/helm" },
  sops: { module: "sops", target: "github.com/getsops/sops/v3/cmd/sops" },
  "age-keygen": { module: "sops", target: "filippo.io/age/cmd/age-keygen" },
  "yaml-reader": { module: "yaml-reader", target: "." },
  "control-plane": { module: "control-plane", target: ".", linkerFlags: kubernetesVersion },
  kwok: { module: "kwok", target: "." },
  "dockerfile-lint": { module: "dockerfile-lint", target: "." },
  "traefik-routes": { module: "traefik-routes", target: "." },
  "network-policies": { module: "network-policies", target: "." },
  // of the same version as the API server: an older one is five times slower, and would flatter a comparison
  kubectl: {
    module: "kubectl",
    target: "k8s.io/kubernetes/cmd/kubectl",
    linkerFlags: kubernetesVersion,
  },
};

const modulesDir = join(import.meta.dirname, "..", "tools");
const lockPollMs = 250;

/**
 * The path of a Go program, built on first use from its module under `test/tools/` and kept in the user's cache.
 * A build takes minutes, so callers pass a long timeout. `WOOW_TEST_<NAME>` (for example `WOOW_TEST_SOPS`) names a
 * program to use instead. Without Go the answer is a reason to skip; with `CI=true` it throws, so that a build
 * server never passes by skipping.
 */
export async function goTool(name: GoToolName): Promise<GoTool> {
  const variable = `WOOW_TEST_${name.toUpperCase().replaceAll("-", "_")}`;
  const given = process.env[variable];
  if (given !== undefined && given !== "") {
    if (!(await isExecutable(given))) throw new Error(`${variable} is ${given}, which is not a program`);
    return { path: given };
  }
  const moduleDir = join(modulesDir, tools[name].module);
  const cacheDir = await toolCacheDir(tools[name].module);
  const path = join(cacheDir, name);
  if (await isExecutable(path)) return { path };

  const missing = await reasonGoIsMissing();
  if (missing !== undefined) return skipUnlessCi(`${name}: ${missing}`);

  await mkdir(cacheDir, { recursive: true });
  const release = await takeLock(join(cacheDir, `${name}.lock`), () => isExecutable(path));
  if (release === undefined) return { path };
  try {
    await build({ name, moduleDir, path });
  } catch (error) {
    return skipUnlessCi(`${name}: go build failed: ${lastLines(error)}`);
  } finally {
    await release();
  }
  return { path };
}

/** Where what is made from a module under `test/tools/` is kept: another folder for every content of its go.sum. */
export async function toolCacheDir(module: string): Promise<string> {
  const moduleDir = join(modulesDir, module);
  const sources = (await readdir(moduleDir))
    .filter((file) => file === "go.sum" || file.endsWith(".go"))
    .sort();
  const hash = createHash("sha256");
  for (const file of sources) hash.update(await readFile(join(moduleDir, file)));
  const base = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(base, "woow", "tools", `${module}-${hash.digest("hex").slice(0, 16)}`);
}

async function build(options: {
  readonly name: GoToolName;
  readonly moduleDir: string;
  readonly path: string;
}): Promise<void> {
  const temporary = `${options.path}.${process.pid}.tmp`;
  const { target, linkerFlags = "" } = tools[options.name];
  const flags = ["-trimpath", "-ldflags", `-s -w${linkerFlags}`];
  try {
    await execa("go", ["build", ...flags, "-o", temporary, target], {
      cwd: options.moduleDir,
      env: { CGO_ENABLED: "0" },
    });
    await rename(temporary, options.path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Takes the lock, or waits until `isDone` and returns undefined. The lock is a directory renamed into place with the
 * holder's process id already inside, so it is never seen half made. Two processes taking over from the same dead
 * holder may both build; that costs time only, because the finished program is renamed into place.
 */
async function takeLock(
  lock: string,
  isDone: () => Promise<boolean>,
): Promise<(() => Promise<void>) | undefined> {
  const mine = await mkdtemp(`${lock}.`);
  await writeFile(join(mine, "pid"), String(process.pid));
  for (;;) {
    if (await isDone()) {
      await rm(mine, { recursive: true, force: true });
      return undefined;
    }
    try {
      await rename(mine, lock);
      return () => rm(lock, { recursive: true, force: true });
    } catch {
      const holder = Number(await readFile(join(lock, "pid"), "utf8").catch(() => ""));
      if (holder > 0 && !isAlive(holder)) await rm(lock, { recursive: true, force: true });
      else await sleep(lockPollMs);
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function reasonGoIsMissing(): Promise<string | undefined> {
  return execa("go", ["version"]).then(
    () => undefined,
    () => "Go is not installed (needed to build it)",
  );
}

/** A reason to skip; on a build server (`CI=true`) it throws instead. */
export function skipUnlessCi(reason: string): { readonly skip: string } {
  if (process.env["CI"] === "true") throw new Error(`${reason}; in CI this test must run`);
  return { skip: reason };
}

function lastLines(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split("\n").slice(-3).join(" ");
}
