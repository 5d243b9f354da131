import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { clusterOrSkip } from "./test-cluster.ts";
import type { TestCluster } from "./test-cluster.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..", "..");
const found = await clusterOrSkip();

interface Result {
  readonly status: number;
  readonly output: string;
}

/** Shell steps of a recipe's job, in order, without what installs things. */
type Steps = readonly string[];

/** Stands for one CI system: how its steps are read, and what its storage program is called. */
interface System {
  readonly name: string;
  readonly file: string;
  readonly steps: (recipe: Recipe, job: "plan" | "apply") => Steps;
  readonly environment: (world: World) => Readonly<Record<string, string>>;
}

interface Recipe {
  readonly jobs?: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
  readonly default?: { readonly before_script: Steps };
  readonly [job: string]: unknown;
}

interface World {
  readonly base: string;
  readonly platform: TestPlatform;
  readonly cluster: TestCluster;
}

const systems: readonly System[] = [
  {
    name: "GitHub Actions",
    file: "docs/ci/github-actions.yaml",
    steps: ({ jobs }, job) => (jobs?.[job]?.steps ?? []).flatMap((step) => step.run ?? []),
    environment: ({ base, platform, cluster }) => ({
      SOPS_AGE_KEY: readFileSync(platform.env["WOOW_AGE_KEY_FILE"] ?? "", "utf8"),
      WOOW_KUBECONFIG: readFileSync(cluster.kubeconfigPath, "utf8"),
      RUNNER_TEMP: base,
    }),
  },
  {
    name: "GitLab CI",
    file: "docs/ci/gitlab-ci.yaml",
    steps: (recipe, job) => [
      ...(recipe.default?.before_script ?? []),
      ...(recipe[job] as { readonly script: Steps }).script,
    ],
    environment: ({ platform, cluster }) => ({
      WOOW_AGE_KEY: platform.env["WOOW_AGE_KEY_FILE"] ?? "",
      WOOW_KUBECONFIG: cluster.kubeconfigPath,
      CI_API_V4_URL: "https://gitlab.example/api/v4",
      CI_PROJECT_ID: "7",
      CI_JOB_TOKEN: "made-up-job-token",
    }),
  },
];

describe.skipIf("skip" in found)("CI recipes", () => {
  test.each(systems)("$name: validate, plan, and apply what was reviewed", async (system) => {
    if ("skip" in found) throw new Error(found.skip);
    const cluster = await found.start({ components: "api" });
    const base = mkdtempSync(join(tmpdir(), "woow-ci-"));
    try {
      const workspace = "acme";
      const platform = await writeTestPlatform({
        dir: join(base, "platform"),
        cluster,
        workspaces: { [workspace]: 1 },
        more: "records: cluster\n",
      });
      const world: World = { base, platform, cluster };
      await commit(platform.dir, "start");
      const shims = makeShims(base);
      const job = async (name: "plan" | "apply") => runJob({ system, world, shims }, name);

      const planned = await job("plan");
      expect(planned.output).toMatch(/new, \d+ objects/);
      expect(planned.status, planned.output).toBe(0);
      expect(readFileSync(join(platform.dir, "plan.md"), "utf8")).toContain(workspace);

      const applied = await job("apply");
      expect(applied.output).toContain(`${workspace}/web-01: applied`);
      // 5: no chart is run here, so nothing can come up
      expect([0, 5], applied.output).toContain(applied.status);

      // somebody changes the cluster between review and merge
      const file = join(platform.dir, `workspaces/${workspace}/web-01.yaml`);
      writeFileSync(file, readFileSync(file, "utf8").replace("message: hello", "message: changed"));
      await commit(platform.dir, "change");
      expect((await job("plan")).status).toBe(0);
      await cluster.request({
        method: "PATCH",
        path: `/apis/helm.cattle.io/v1/namespaces/paas-charts/helmcharts/paas-ws-${workspace}-web-01`,
        contentType: "application/merge-patch+json",
        body: { spec: { timeout: "1m0s" } },
      });
      const stale = await job("apply");
      expect(stale.status, stale.output).toBe(3);
      expect(stale.output).toContain("spec.timeout");

      // a merge whose tree nobody has reviewed has no plan
      await commit(platform.dir, "unreviewed", "platform.yaml");
      expect((await job("apply")).output).toContain("no such plan");
    } finally {
      await cluster.stop();
      rmSync(base, { recursive: true, force: true });
    }
  });
});

async function runJob(
  { system, world, shims }: { system: System; world: World; shims: string },
  job: "plan" | "apply",
): Promise<Result> {
  const recipe = parse(readFileSync(join(root, system.file), "utf8")) as Recipe;
  const steps = system.steps(recipe, job).map((step) => step.replaceAll(/\$\{\{[^}]*number \}\}/g, "12"));
  const environmentFile = join(world.base, "environment");
  writeFileSync(environmentFile, "");
  // each step reads what earlier ones left in the environment file; GitLab's share one shell
  const script = steps.map((step) => `set -a; . ${environmentFile}; set +a\n${step}`).join("\n");
  const { PATH = "", HOME = "" } = process.env;
  const env = {
    PATH: [shims, dirname(process.execPath), PATH].join(delimiter),
    HOME,
    CI: "true",
    NO_COLOR: "1",
    GITHUB_ENV: environmentFile,
    ...system.environment(world),
  };
  const options = { cwd: world.platform.dir, env, encoding: "utf8" as const };
  return run(
    "bash",
    [
      "-ec",
      `{ ${script.replaceAll("npx woow apply plan.json", "npx woow apply plan.json --timeout 1")}\n} 2>&1`,
    ],
    options,
  ).then(
    ({ stdout }) => ({ status: 0, output: stdout }),
    (error: { code: number; stdout: string }) => ({ status: error.code, output: error.stdout }),
  );
}

/** The programs a runner has, with the CI system's storage as a folder. */
function makeShims(base: string): string {
  const dir = join(base, "bin");
  const store = join(base, "store");
  mkdirSync(dir);
  mkdirSync(store);
  const program = (name: string, body: string) => {
    writeFileSync(join(dir, name), `#!/bin/bash\n${body}\n`);
    chmodSync(join(dir, name), 0o755);
  };
  program("npm", 'test "$1" = ci');
  program("npx", `shift; exec "${process.execPath}" "${join(root, "build/woow.js")}" "$@"`);
  const missing = '{ echo "no such plan"; exit 22; }';
  // a comment of a pull request is where the artifact is stored in the real workflow's next step
  program(
    "gh",
    `case "$1 $2" in
"pr comment") test -s plan.md && cp plan.json "${store}/plan-$(git rev-parse 'HEAD^{tree}')" ;;
"run download") cp "${store}/$4" plan.json 2> /dev/null || ${missing} ;;
*) exit 2 ;;
esac`,
  );
  program(
    "curl",
    `url="\${@: -1}"; key="${store}/$(basename "$(dirname "$url")")"
case "$*" in
*--upload-file*) cp plan.json "$key" ;;
*) cp "$key" plan.json 2> /dev/null || ${missing} ;;
esac`,
  );
  return dir;
}

async function commit(dir: string, message: string, append?: string): Promise<void> {
  if (append !== undefined) {
    const path = join(dir, append);
    writeFileSync(path, `${readFileSync(path, "utf8")}# ${message}\n`);
  }
  const identity = ["-c", "user.name=ci", "-c", "user.email=ci@example.com"];
  await run("git", ["init", "-q"], { cwd: dir });
  writeFileSync(join(dir, ".git/info/exclude"), "plan.json\nplan.md\nage-key.txt\n.woow/\n");
  await run("git", [...identity, "add", "-A"], { cwd: dir });
  await run("git", [...identity, "commit", "-qm", message], { cwd: dir });
}
