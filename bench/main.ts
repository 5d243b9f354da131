/**
 * npm run bench [-- cluster] [--quick]: whole processes against a naive cdk8s program and against an empty Node process, run in
 * turn, medians. Prints a table; exits 1 when a target is missed. TMPDIR says where the platforms are made.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAll } from "js-yaml";
import { measureInTurn, measureProcess } from "./measure-process.ts";
import type { Contender, Program } from "./measure-process.ts";
import { printTable } from "./print-table.ts";
import type { Row } from "./print-table.ts";
import { writeSample } from "./sample-platform.ts";
import type { Sample } from "./sample-platform.ts";

const repository = fileURLToPath(new URL("..", import.meta.url));
const woow = join(repository, "build", "woow.js");
const quick = process.argv.includes("--quick");
const rounds = quick ? 3 : 7;
const folder = mkdtempSync(join(tmpdir(), "woow-bench-"));
const rows: Row[] = [];

if (process.argv.includes("cluster")) {
  const { benchCluster } = await import("./cluster.ts");
  process.exit((await benchCluster({ quick })) ? 0 : 1);
}
try {
  if (!existsSync(woow)) throw new Error("build/woow.js is missing: run npm run build first");
  await benchSynth();
  await benchStart();
  await benchGrowth();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
printTable(rows);
process.exitCode = rows.some((row) => !row.ok) ? 1 : 0;

/** A thousand services against the naive program. */
async function benchSynth(): Promise<void> {
  console.log("making 1,000 services in 20 workspaces, each with a secret of its own ...");
  const sample = await writeSample(join(folder, "1000"), { services: 1000, workspaces: 20, secrets: "each" });
  const dist = join(sample.root, "dist");
  const naiveOut = join(folder, "naive");
  const objectsFile = join(folder, "objects.json");
  const fresh = (): void => {
    rmSync(dist, { recursive: true, force: true });
    rmSync(join(sample.root, ".woow"), { recursive: true, force: true });
  };
  await measureProcess(synthProgram(sample));
  const size = collectObjects(join(dist, "default"), objectsFile);
  console.log(
    `${size.files} files, ${size.objects} objects, ${(size.bytes / 1e6).toFixed(1)} MB of manifests`,
  );
  let edits = 0;
  const edit = (): void => {
    const text = readFileSync(sample.oneServiceFile, "utf8");
    edits += 1;
    writeFileSync(sample.oneServiceFile, text.replace(/team-\w+/, `team-edit${edits}`));
  };
  const contenders: Contender[] = [
    {
      name: "naive",
      program: { args: [join(repository, "bench", "naive-program.ts"), objectsFile, naiveOut] },
      prepare: () => rmSync(naiveOut, { recursive: true, force: true }),
    },
    { name: "without", program: synthProgram(sample, "--without-secrets"), prepare: fresh },
    { name: "with", program: synthProgram(sample), prepare: fresh },
    { name: "edited", program: synthProgram(sample), prepare: edit },
    { name: "unchanged", program: synthProgram(sample) },
  ];
  const times = await measureInTurn(contenders, rounds);
  const add = (name: string, what: string, target?: number): void =>
    addRatio({ what, times, name, base: "naive", target });
  add("naive", "naive cdk8s program, same objects, no YAML read, no secrets opened");
  add("without", "woow synth --without-secrets, nothing remembered", 0.5);
  add("with", "woow synth, a secret in every file, nothing remembered", 1.0);
  add("edited", "woow synth after one changed file", 0.3);
  add("unchanged", "woow synth, nothing changed", 0.3);
}

/** Start-up against an empty Node process. */
async function benchStart(): Promise<void> {
  const sampleRoot = existsSync(join(repository, "platform.yaml")) ? repository : join(folder, "1000");
  const times = await measureInTurn(
    [
      { name: "node", program: { args: ["-e", "0"] } },
      { name: "version", program: { args: [woow, "--version"] } },
      { name: "validate", program: { args: [woow, "validate", "-C", sampleRoot] } },
    ],
    quick ? 5 : 15,
  );
  addRatio({ what: "node -e 0", times, name: "node", base: "node", target: undefined });
  addRatio({ what: "woow --version", times, name: "version", base: "node", target: 2.5 });
  addRatio({
    what: "woow validate on the sample platform",
    times,
    name: "validate",
    base: "node",
    target: 6,
  });
}

/** Time per object from 100 to 10,000 services, and memory at the end. */
async function benchGrowth(): Promise<void> {
  const empty = await measureInTurn(
    [{ name: "start", program: { args: [woow, "synth", "--help"] } }],
    rounds,
  );
  const perObject = new Map<number, number>();
  for (const services of quick ? [100, 1000] : [100, 1000, 10_000]) {
    const workspaces = Math.max(1, services / 50);
    const sample = await writeSample(join(folder, `growth-${services}`), {
      services,
      workspaces,
      secrets: "copied",
    });
    const dist = join(sample.root, "dist");
    const prepare = (): void => rmSync(dist, { recursive: true, force: true });
    const program = synthProgram(sample, "--without-secrets");
    const times = await measureInTurn([{ name: "synth", program, prepare }], services > 1000 ? 3 : rounds);
    const { objects } = collectObjects(join(dist, "default"), join(folder, "growth.json"));
    const ms = times.get("synth") ?? Number.NaN;
    // starting is the same for all; what it leaves is paid per object
    perObject.set(services, (ms - (empty.get("start") ?? 0)) / objects);
    rows.push({
      what: `woow synth --without-secrets, ${services} services, ${objects} objects`,
      measured: `${ms.toFixed(0)} ms, ${(perObject.get(services) ?? 0).toFixed(3)} ms an object`,
      ratio: (perObject.get(services) ?? 0) / (perObject.get(100) ?? Number.NaN),
      target: services === 100 ? undefined : 1.1,
      ok: services === 100 || (perObject.get(services) ?? 0) <= 1.1 * (perObject.get(100) ?? 0),
    });
    if (services < 1000) continue;
    for (const [what, run] of [
      ["first run", prepare],
      ["nothing changed", () => undefined],
    ] as const) {
      run();
      const { peakMiB = Number.NaN } = await measureProcess(program, { memory: true });
      rows.push({
        what: `peak memory, ${services} services, ${what}`,
        measured: `${peakMiB.toFixed(0)} MiB`,
        ratio: undefined,
        target: 500,
        ok: peakMiB < 500,
      });
    }
    rmSync(sample.root, { recursive: true, force: true });
  }
}

function synthProgram(sample: Sample, ...flags: readonly string[]): Program {
  return { args: [woow, "synth", "-C", sample.root, ...flags], env: { WOOW_AGE_KEY_FILE: sample.keyFile } };
}

function addRatio(from: {
  readonly what: string;
  readonly times: ReadonlyMap<string, number>;
  readonly name: string;
  readonly base: string;
  readonly target: number | undefined;
}): void {
  const ms = from.times.get(from.name) ?? Number.NaN;
  const ratio = ms / (from.times.get(from.base) ?? Number.NaN);
  const { what, target } = from;
  rows.push({
    what,
    measured: `${ms.toFixed(0)} ms`,
    ratio,
    target,
    ok: target === undefined || ratio <= target,
  });
}

/** Turns a folder of manifests into the naive program's input. */
function collectObjects(dist: string, file: string): { files: number; objects: number; bytes: number } {
  const names = readdirSync(dist);
  const all: Record<string, unknown[]> = {};
  let bytes = 0;
  for (const name of names) {
    bytes += statSync(join(dist, name)).size;
    all[name.replace(/\.yaml$/, "")] = loadAll(readFileSync(join(dist, name), "utf8"));
  }
  writeFileSync(file, JSON.stringify(all));
  return { files: names.length, objects: Object.values(all).flat().length, bytes };
}
