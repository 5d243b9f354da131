import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openManifestFiles, requireFolder } from "../../edges/manifest-files.ts";
import { openSynthCache } from "../../edges/synth-cache.ts";
import { OperationError } from "../../errors.ts";
import type { FolderChange, ManifestFolder } from "../../manifests/manifest-folder.ts";
import { publishManifests } from "../../operations/publish-manifests.ts";
import type { Selection } from "../../operations/select-units.ts";
import { synth } from "../../operations/synth.ts";
import { buildId } from "../build-id.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printFiles } from "../print/print-files.ts";
import { printEvent } from "../print/print-json.ts";
import { printProblems } from "../print/print-problems.ts";
import { createProgress } from "../print/progress.ts";
import { createSampleKeyWatch } from "../print/sample-key-warning.ts";
import { requireTarget } from "./synth-target.ts";

export interface SynthFlags extends GlobalFlags {
  readonly output?: string;
  readonly stdout?: boolean;
  readonly cluster?: readonly string[];
  readonly workspace?: readonly string[];
  readonly service?: readonly string[];
  /** False with --without-secrets. */
  readonly secrets: boolean;
  readonly manifestsDir?: string;
  readonly removeUnit?: readonly string[];
  /** False with --no-cache. */
  readonly cache?: boolean;
}

/** woow synth: definitions -> dist/, standard output, or K3s' auto-deploy directory. */
export async function runSynth(flags: SynthFlags, context: CliContext): Promise<number> {
  checkFlags(flags);
  const root = findRoot(flags, context);
  const json = flags.json === true;
  const selection: Selection = {
    clusters: flags.cluster ?? [],
    workspaces: flags.workspace ?? [],
    services: flags.service ?? [],
  };
  const progress = createProgress(context, "rendering");
  const deps = {
    tree: openDefinitionTree(root),
    progress: progress.update,
    identities: () => createSampleKeyWatch(context).loadIdentities(root),
  };
  if (flags.manifestsDir !== undefined) {
    const { manifestsDir } = flags;
    const directory = requireTarget(root, {
      folder: manifestsDir,
      source: "--manifests-dir",
      base: process.cwd(),
    });
    requireFolder(
      manifestsDir,
      "on a K3s server it is server/manifests below K3s' data directory; woow does not create it",
    );
    const folder = openManifestFiles(directory, { perCluster: false, durable: true });
    const removeUnits = flags.removeUnit ?? [];
    const result = await publishManifests({ ...deps, folder, nowMs: Date.now() }, { selection, removeUnits });
    progress.end();
    printProblems(result.problems, { context, json });
    if (!result.ok) return printNothingWritten(context, json);
    printFiles(result.files, { context, json, target: manifestsDir });
    return result.files.some(({ outcome }) => outcome === "kept") ? exitStatus.partly : exitStatus.done;
  }
  const { folder: target, directory } = findTarget(root, flags, context);
  const captured = flags.stdout === true ? captureFolder() : undefined;
  const folder = captured?.folder ?? openManifestFiles(directory, { perCluster: true, durable: false });
  const cache =
    flags.cache === false || target !== "dist" || captured !== undefined || buildId === undefined
      ? undefined
      : openSynthCache({ root, target: directory, build: `${buildId} ${process.version}` });
  const result = await synth(
    { ...deps, folder, cache },
    {
      selection,
      withSecrets: flags.secrets,
      withPrerequisites: captured === undefined,
    },
  );
  progress.end();
  printProblems(result.problems, { context, json: json && captured === undefined });
  if (!result.ok) return printNothingWritten(context, json);
  if (captured === undefined) printFiles(result.files, { context, json, target });
  else context.stdout([...captured.texts.values()].join("---\n"));
  return exitStatus.done;
}

/** Where manifests go: `--output`, `CDK8S_OUTDIR`, else dist/. Errors: `usage`, see requireTarget. */
function findTarget(
  root: string,
  { output }: SynthFlags,
  { environment }: CliContext,
): { folder: string; directory: string } {
  const variable = environment["CDK8S_OUTDIR"];
  const folder = output ?? variable ?? "dist";
  const source = output === undefined && variable !== undefined ? "CDK8S_OUTDIR" : "--output";
  return { folder, directory: requireTarget(root, { folder, source, base: root }) };
}

function printNothingWritten(context: CliContext, json: boolean): number {
  if (json) printEvent(context, { type: "summary", ok: false } as { type: string });
  else context.stderr("nothing was written\n");
  return exitStatus.failed;
}

function checkFlags(flags: SynthFlags): void {
  const usage = (message: string, hint: string) => new OperationError("usage", message, { hint });
  if (flags.manifestsDir !== undefined && !flags.secrets) {
    throw usage(
      "--without-secrets writes placeholders, which K3s must not deploy",
      "leave out one of the two flags",
    );
  }
  if (flags.manifestsDir !== undefined && flags.stdout === true) {
    throw usage("--stdout and --manifests-dir exclude each other", "leave out one of them");
  }
  if (flags.removeUnit !== undefined && flags.manifestsDir === undefined) {
    throw usage(
      "--remove-unit goes with --manifests-dir",
      "in dist/ a unit that is gone from git is removed by itself",
    );
  }
}

/** Takes what would be written, so that standard output gets it instead. Prerequisites are not asked for. */
function captureFolder(): { folder: ManifestFolder; texts: Map<string, string> } {
  const texts = new Map<string, string>();
  const change = ({ writes }: FolderChange) => {
    for (const [path, text] of writes) texts.set(path, text);
  };
  return { folder: { list: () => [], read: () => undefined, change }, texts };
}
