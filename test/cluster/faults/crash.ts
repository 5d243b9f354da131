import type { Ran } from "../../support/woow.ts";
import type { ClusterState } from "./cluster-state.ts";
import { compareFiles, compareHistories, compareStates } from "./compare-ends.ts";
import { readHistory, type History } from "./history.ts";
import type { ProxiedRequest } from "./proxied-request.ts";
import type { SavedScene, Scene } from "./scene.ts";
import { saveStarts, works, type Work } from "./works.ts";

/** The moment of a kill: the n-th request of a kind, before the API server hears of it or after it has done it. */
export interface CrashPoint {
  readonly work: Work;
  readonly kind: string;
  /** From 1. */
  readonly ordinal: number;
  readonly side: "before" | "after";
  /** False: a read, so that both sides of it are the same to the cluster. */
  readonly isMutating: boolean;
}

/** How a work ends when nobody disturbs it. */
export interface Undisturbed {
  readonly work: Work;
  readonly start: SavedScene;
  readonly requests: readonly ProxiedRequest[];
  readonly end: ClusterState;
  readonly history: History;
  readonly files: ReadonlyMap<string, string>;
}

/** Runs a work once through the proxy, to know its requests and its end. */
export async function runUndisturbed(scene: Scene, work: Work, start: SavedScene): Promise<Undisturbed> {
  await scene.restore(start);
  scene.proxy.setRule();
  await scene.mustRun(work.args);
  const requests = [...scene.proxy.requests];
  await scene.settle();
  const found = await findUnfinished(scene);
  if (found.length > 0) throw new Error(`${work.name}, undisturbed: ${found.join("; ")}`);
  return {
    work,
    start,
    requests,
    end: await scene.readState(),
    history: await readHistory(scene.cluster),
    files: scene.readFiles(),
  };
}

/** Every work once, undisturbed. */
export async function listUndisturbed(scene: Scene): Promise<Undisturbed[]> {
  const starts = await saveStarts(scene);
  const all: Undisturbed[] = [];
  for (const work of works) {
    const start = starts.get(work.name);
    if (start !== undefined) all.push(await runUndisturbed(scene, work, start));
  }
  return all;
}

/** Every moment at which a run can be killed. */
export function listPoints({ work, requests }: Undisturbed): CrashPoint[] {
  const counts = new Map<string, number>();
  return requests.flatMap(({ kind, isMutating }) => {
    const ordinal = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, ordinal);
    return (["before", "after"] as const).map((side) => ({ work, kind, ordinal, side, isMutating }));
  });
}

export function describePoint({ work, kind, ordinal, side }: CrashPoint): string {
  return `${work.name}, killed ${side} ${kind} no. ${ordinal}`;
}

/** What came of a kill: `unreached` when the run was over before, as how often it polls is chance. */
export interface CrashResult {
  readonly reached: boolean;
  /** What is not as it is without the kill; empty when all is well. */
  readonly wrong: readonly string[];
}

/** Kills a run at a point, runs it again unharmed, and compares the end with the one nobody disturbed. */
export async function crash(scene: Scene, undisturbed: Undisturbed, point: CrashPoint): Promise<CrashResult> {
  const { work, start } = undisturbed;
  await scene.restore(start);
  const reached = await killAt(scene, point);
  await scene.settle();
  scene.proxy.setRule();
  const again = await scene.run(work.args);
  await scene.settle();
  return { reached, wrong: [...describeStatus(again, work), ...(await compareEnds(scene, undisturbed))] };
}

/** What is not as the undisturbed run left it: objects, files, revisions; and what a plan still finds to do. */
export async function compareEnds(scene: Scene, undisturbed: Undisturbed): Promise<string[]> {
  return [
    ...(await findUnfinished(scene)),
    ...compareStates({ start: undisturbed.start.state, end: undisturbed.end }, await scene.readState()),
    ...compareFiles(undisturbed.files, scene.readFiles()),
    ...compareHistories(undisturbed.history, await readHistory(scene.cluster)),
  ];
}

async function killAt(scene: Scene, { work, kind, ordinal, side }: CrashPoint): Promise<boolean> {
  let seen = 0;
  let reached = false;
  const kill = () => {
    reached = true;
    process.kill();
  };
  scene.proxy.setRule((request) => {
    // a dead process sends nothing; what it had sent a moment earlier arrives
    if (reached || request.kind !== kind || (seen += 1) !== ordinal) return undefined;
    return { type: `stop-${side}`, onStopped: kill };
  });
  const process = scene.start(work.args);
  await process.ended;
  return reached;
}

export function describeStatus({ status, stdout, stderr }: Ran, { saysGone }: Work): string[] {
  const isGone = status === 1 && saysGone?.test(stderr) === true;
  return status === 0 || isGone ? [] : [`the second run ended with ${status}: ${(stdout + stderr).trim()}`];
}

/** A plan afterwards must find nothing to do. */
async function findUnfinished(scene: Scene): Promise<string[]> {
  const { status, stdout, stderr } = await scene.run(["plan", "--detailed-exitcode"]);
  return status === 0 ? [] : [`a plan afterwards ended with ${status}: ${(stdout + stderr).trim()}`];
}
