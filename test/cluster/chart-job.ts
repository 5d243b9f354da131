import { access, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** How a run of helm ended. */
export interface HelmResult {
  readonly exitCode: number;
  readonly stdout: string;
}

/** What a chart job may do and must be told. */
export interface ChartJobOptions {
  /** The container's arguments: `delete`, or `install` and flags. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The folder that stands for the container's `/`. */
  readonly root: string;
  readonly helm: (args: readonly string[], options?: { readonly input?: string }) => Promise<HelmResult>;
  readonly setStatus: (status: string) => Promise<void>;
  /** A line of the container's log. */
  readonly say: (line: string) => void;
  /** A line of the container's termination message. */
  readonly note: (line: string) => void;
  /** False: the release gets no configHash label, as before helm-controller 0.17. */
  readonly labelsHash: boolean;
}

const hashLabel = "helmcharts.helm.cattle.io/configHash";
const interrupted = /^(pending-install|pending-upgrade|pending-rollback|superseded|uninstalling)$/;

/**
 * What the image of a K3s chart job does (klipper-helm 0.13): installs, upgrades or uninstalls one release, and what
 * its failure policy says when the last attempt failed. Gives the container's exit code.
 */
export async function runChartJob(options: ChartJobOptions): Promise<number> {
  const { args, env, root, helm, say, note } = options;
  const name = env["NAME"] ?? "";
  const namespace = env["TARGET_NAMESPACE"] ?? "";
  const policy = env["FAILURE_POLICY"] || "reinstall";
  const deleting = args[0] === "delete";

  const chart = await chartReference(options);
  if (!deleting) {
    const code = await addRepository(options, chart);
    if (code !== 0) return code;
  }
  const { status, revision, applyMethod } = await readStatus(options);
  const guard = () => checkRevision(options, revision);

  if (deleting) {
    if (revision === "") {
      note("No helm chart installed; nothing to delete");
      return 0;
    }
    if (!guard()) return 0;
    note("Uninstalling helm chart");
    // whatever comes of it: the job succeeds
    await helm(["uninstall", name, "--namespace", namespace, "--wait"]);
    return 0;
  }

  const tail = [...(await sharedFlags(options)), ...(await valueFlags(root))];
  const flags = args.slice(1);
  const install = async (sides: readonly string[]) => {
    note("Installing helm chart");
    return (await helm(["install", ...flags, name, chart, ...sides, ...tail])).exitCode;
  };
  const upgrade = async () => {
    const sides = sideFlags({ env, installed: true, applyMethod });
    return (await helm(["upgrade", ...flags, name, chart, ...sides, ...tail])).exitCode;
  };

  if (revision === "" && status === "") return install(sideFlags({ env, installed: false, applyMethod }));
  if (!guard()) return 0;
  let now = status;
  if (interrupted.test(status)) {
    say(`Previous helm job was interrupted, updating status from ${status} to failed`);
    note(`Resetting helm release status from '${status}' to 'failed'`);
    await options.setStatus("failed");
    if (status === "pending-upgrade" || status === "superseded") {
      note("Retrying upgrade of helm chart");
      say(`Retrying upgrade of ${name}`);
      return upgrade();
    }
    now = "failed";
  }
  if (now === "deployed") {
    say(`Already installed ${name}`);
    note("Upgrading helm chart");
    say(`Upgrading ${name}`);
    return upgrade();
  }
  switch (policy) {
    case "abort": {
      const words = `Release status is '${now}' and failure policy is 'abort'; waiting for operator intervention`;
      note(words);
      say(words);
      return 1;
    }
    case "reinstall":
      note(`Uninstalling ${now} helm chart`);
      // goes on even when this fails
      await helm(["uninstall", name, "--namespace", namespace, "--wait"]);
      say("Deleted");
      return install(sideFlags({ env, installed: false, applyMethod }));
    case "retry":
      note(`Upgrading ${name} from failed state`);
      await upgrade();
      return 0;
    default:
      note(`Unknown failure policy '${policy}'`);
      say(`Unknown failure policy '${policy}'`);
      return 1;
  }
}

async function chartReference({ env, root }: ChartJobOptions): Promise<string> {
  const content = join(root, "chart", `${env["NAME"]}.tgz.base64`);
  const encoded = await readFile(content, "utf8").catch(() => undefined);
  if (encoded === undefined) return env["CHART"] ?? "";
  const path = join(root, "tmp", `${env["NAME"]}.tgz`);
  await writeFile(path, Buffer.from(encoded, "base64"));
  return path;
}

async function addRepository(options: ChartJobOptions, chart: string): Promise<number> {
  const { env, root, helm } = options;
  const repository = env["REPO"] ?? "";
  if (repository === "" || /https?:\/\//.test(chart)) return 0;
  const flags: string[] = [];
  let input: string | undefined;
  const username = await readFile(join(root, "auth", "username"), "utf8").catch(() => undefined);
  if (username !== undefined) {
    input = await readFile(join(root, "auth", "password"), "utf8");
    if (env["AUTH_PASS_CREDENTIALS"] === "true") flags.push("--pass-credentials");
    flags.push("--username", username, "--password-stdin");
  }
  const { exitCode } = await helm(
    ["repo", "add", ...insecureFlags(env), ...flags, env["NAME"] ?? "", repository],
    input === undefined ? {} : { input },
  );
  return exitCode;
}

async function readStatus({ env, helm }: ChartJobOptions): Promise<{
  readonly status: string;
  readonly revision: string;
  readonly applyMethod: string;
}> {
  const { exitCode, stdout } = await helm([
    "status",
    "--namespace",
    env["TARGET_NAMESPACE"] ?? "",
    env["NAME"] ?? "",
    "--output",
    "json",
  ]);
  if (exitCode !== 0) return { status: "", revision: "", applyMethod: "" };
  const answer = JSON.parse(stdout) as {
    info: { status: string };
    version: number;
    apply_method?: string;
  };
  return {
    status: answer.info.status,
    revision: String(answer.version),
    applyMethod: answer.apply_method ?? "",
  };
}

function checkRevision({ env, say, note }: ChartJobOptions, revision: string): boolean {
  const expected = env["EXPECTED_RELEASE_REVISION"] ?? "";
  if (expected === "" || expected === revision) return true;
  const words = `Current release revision ${revision} does not match expected revision ${expected}`;
  note(words);
  say(words);
  return false;
}

function sideFlags(options: {
  readonly env: Readonly<Record<string, string>>;
  readonly installed: boolean;
  readonly applyMethod: string;
}): string[] {
  const { env, installed, applyMethod } = options;
  const wanted = env["SERVER_SIDE"] ?? "";
  const serverSide = !installed && wanted === "auto" ? "true" : wanted;
  let force = env["FORCE_CONFLICTS"] ?? "";
  if (force === "true" && (serverSide === "false" || (serverSide === "auto" && applyMethod !== "ssa"))) {
    force = "false";
  }
  return [
    ...(serverSide === "" ? [] : [`--server-side=${serverSide}`]),
    ...(force === "" ? [] : [`--force-conflicts=${force}`]),
  ];
}

async function sharedFlags({ env, root, labelsHash }: ChartJobOptions): Promise<string[]> {
  const ca = join(root, "config", "ca-file.pem");
  const hasCa = await access(ca).then(
    () => true,
    () => false,
  );
  const hash = env["CONFIG_HASH"] ?? "";
  return [
    ...(hasCa ? ["--ca-file", ca] : []),
    ...insecureFlags(env),
    ...(env["PLAIN_HTTP"] === "true" ? ["--plain-http"] : []),
    ...(env["TIMEOUT"] ? ["--timeout", env["TIMEOUT"]] : []),
    ...(hash !== "" && labelsHash ? ["--labels", `${hashLabel}=${hash}`] : []),
  ];
}

function insecureFlags(env: Readonly<Record<string, string>>): string[] {
  return env["INSECURE_SKIP_TLS_VERIFY"] === "true" ? ["--insecure-skip-tls-verify"] : [];
}

async function valueFlags(root: string): Promise<string[]> {
  const folder = join(root, "config");
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith(".yaml"));
  return files.sort().flatMap((file) => ["--values", join(folder, file)]);
}
