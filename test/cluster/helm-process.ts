import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { HelmResult } from "./chart-job.ts";
import { writeKubeconfig } from "./credentials.ts";
import { startInterruptingProxy, type InterruptingProxy } from "./interrupting-proxy.ts";
import type { Janitor } from "./janitor.ts";

/** What a helm of a chart job is given. */
export interface HelmProcessOptions {
  readonly helm: string;
  /** The folder that stands for the container's `/`; helm's home lies in it. */
  readonly root: string;
  readonly server: string;
  readonly certificate: string;
  readonly key: string;
  readonly token: string;
  readonly driver: string;
  readonly janitor: Janitor;
  readonly say: (line: string) => void;
}

const unharmed = new Set(["repo", "status"]);

/** Runs the real helm as the chart job's ServiceAccount. */
export class HelmProcess {
  /** When set, runs that change a release call it once their record is written, and get no answer to that request. */
  onRecorded: (() => void) | undefined;
  readonly #options: HelmProcessOptions;
  readonly #kubeconfig: string;
  #kill: (() => void) | undefined;
  #killed = false;

  private constructor(options: HelmProcessOptions, kubeconfig: string) {
    this.#options = options;
    this.#kubeconfig = kubeconfig;
  }

  static async prepare(options: HelmProcessOptions): Promise<HelmProcess> {
    const { root, server, certificate, token } = options;
    const dir = join(root, "home");
    await mkdir(dir, { recursive: true });
    const kubeconfig = await writeKubeconfig({ dir, name: "job", server, ca: certificate, token });
    return new HelmProcess(options, kubeconfig);
  }

  get killed(): boolean {
    return this.#killed;
  }

  /** Runs helm and waits for it; what it says goes to the log, with the command before it as the image prints it. */
  async run(args: readonly string[], { input }: { readonly input?: string } = {}): Promise<HelmResult> {
    if (this.#killed) return { exitCode: 137, stdout: "" };
    const { helm, root, say, janitor, driver } = this.#options;
    say(`+ helm ${args.join(" ").replaceAll(root, "")}`);
    const { kubeconfig, proxy } = await this.#route(args);
    try {
      const process = execa(helm, args, {
        env: environment(root, { kubeconfig, driver }),
        extendEnv: false,
        reject: false,
        all: true,
        ...(input === undefined ? { stdin: "ignore" as const } : { input }),
      });
      this.#kill = () => process.kill("SIGKILL");
      const { pid } = process;
      if (pid !== undefined) janitor.started(pid);
      const { exitCode, stdout, all } = await process;
      if (pid !== undefined) janitor.ended(pid);
      // the image reads the status and does not print it
      if (args[0] !== "status") for (const line of all.split("\n")) if (line !== "") say(line);
      return { exitCode: exitCode ?? 137, stdout };
    } finally {
      this.#kill = undefined;
      await proxy?.stop();
    }
  }

  /** Ends the helm that runs, and lets none follow. */
  kill(): void {
    this.#killed = true;
    this.#kill?.();
  }

  async #route(
    args: readonly string[],
  ): Promise<{ readonly kubeconfig: string; readonly proxy?: InterruptingProxy }> {
    const { onRecorded } = this;
    if (onRecorded === undefined || unharmed.has(args[0] ?? "")) return { kubeconfig: this.#kubeconfig };
    const { server, certificate, key, token, root } = this.#options;
    const proxy = await startInterruptingProxy({ server, certificate, key, onRecorded });
    const dir = join(root, "home");
    const kubeconfig = await writeKubeconfig({
      dir,
      name: "interrupted",
      server: proxy.server,
      ca: certificate,
      token,
    });
    return { kubeconfig, proxy };
  }
}

function environment(
  root: string,
  { kubeconfig, driver }: { readonly kubeconfig: string; readonly driver: string },
): Record<string, string> {
  const home = join(root, "home");
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    TMPDIR: join(root, "tmp"),
    HELM_CACHE_HOME: join(home, "cache"),
    HELM_CONFIG_HOME: join(home, "config"),
    HELM_DATA_HOME: join(home, "data"),
    HELM_REGISTRY_CONFIG: join(root, "home", "klipper-helm", ".docker", "config.json"),
    HELM_DRIVER: driver,
    KUBECONFIG: kubeconfig,
  };
}
