import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { AuditEvent } from "../test-cluster.ts";
import { isWrite, writesOf } from "./audit-writes.ts";
import { startFaultProxy, type FaultProxy } from "./fault-proxy.ts";
import type { ProxiedRequest } from "./proxied-request.ts";
import type { SavedScene } from "./scene.ts";
import { useScene } from "./use-scene.ts";
import { startWoow, type WoowProcess } from "./woow-process.ts";
import { edit } from "./works.ts";

const apply = ["apply", "--yes", "--wait=false"];
const lease = "/leases/woow";

let applied: SavedScene | undefined;
const admins = { users: ["ann", "ben"].map((name) => ({ name, groups: ["system:masters"] })) };
const scene = useScene(async (on) => {
  await on.mustRun(apply);
  applied = await on.save();
}, admins);

/** A person with a clone and a connection of her own. */
interface Person {
  readonly name: string;
  readonly dir: string;
  readonly proxy: FaultProxy;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): WoowProcess;
}

let root = "";
let ann: Person | undefined;
let ben: Person | undefined;

async function meet(name: string): Promise<Person> {
  const dir = join(root, name);
  const proxy = await startFaultProxy(scene().cluster, { user: name });
  return {
    name,
    dir,
    proxy,
    start: (args, env = {}) =>
      startWoow(args, {
        cwd: dir,
        kubeconfig: proxy.kubeconfigPath,
        env: { WOOW_AGE_KEY_FILE: join(dir, "age-key.txt"), WOOW_ACTOR: name, WOOW_LOCK_TERM: "1", ...env },
      }),
  };
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "woow-two-"));
});

/** Both with the same change in their clones, so that each of them has work. */
beforeEach(async () => {
  if (applied === undefined) return;
  await scene().restore(applied);
  ann ??= await meet("ann");
  ben ??= await meet("ben");
  for (const { dir, proxy } of [ann, ben]) {
    proxy.setRule();
    await rm(dir, { recursive: true, force: true });
    await cp(applied.files, dir, { recursive: true });
    for (const file of ["a/web-01", "a/web-02", "b/web-01"]) {
      // values first, and the chart after them
      await edit(dir, `workspaces/${file}.yaml`, (text) =>
        text.replace("hello", "changed").replace("1.0.0", "1.1.0"),
      );
    }
  }
});

afterAll(async () => {
  await Promise.all([ann?.proxy.stop(), ben?.proxy.stop()]);
  await rm(root, { recursive: true, force: true });
});

function both(): readonly [Person, Person] {
  if (ann === undefined || ben === undefined) throw new Error("nobody is there");
  return [ann, ben];
}

/** Writes that went through, the lock's own and the revisions' ends aside: those come when the lock has been let go. */
function objectWrites(events: readonly AuditEvent[]): AuditEvent[] {
  return events.filter(
    (event) =>
      isWrite(event) &&
      event.code < 300 &&
      !event.uri.includes("/leases") &&
      !(event.verb === "patch" && event.uri.includes("/paas-system/secrets/")),
  );
}

test("two applies at once never interleave", { timeout: 300_000 }, async () => {
  const [first, second] = both();
  for (const { proxy } of [first, second]) {
    // slow enough to meet
    proxy.setRule(({ isMutating }) => (isMutating ? { type: "delay", ms: 60 } : undefined));
  }
  // each has something that the other does not
  await edit(first.dir, "workspaces/a/workspace.yaml", (text) => `${text}quota: { vcpu: 300 }\n`);
  await edit(second.dir, "workspaces/b/workspace.yaml", (text) => `${text}quota: { vcpu: 301 }\n`);
  const mark = await scene().cluster.auditMark();
  const runs = [first, second].map((person) => person.start(apply).ended);
  for (const ran of await Promise.all(runs)) expect(ran, ran.stderr).toMatchObject({ status: 0 });
  const events = await scene().cluster.auditSince(mark);
  const order = objectWrites(events).map(({ user }) => user);
  expect(new Set(order)).toEqual(new Set(["ann", "ben"]));
  const turns = order.filter((user, index) => user !== order[index - 1]);
  expect(turns, order.join(" ")).toHaveLength(2);
});

/** Kills a person's apply when it is about to write its first HelmChart or values, that is in the middle. */
async function dieInTheMiddle(person: Person, env: Readonly<Record<string, string>> = {}): Promise<void> {
  person.proxy.setRule(({ kind }) =>
    kind === "apply secrets in paas-charts"
      ? { type: "stop-before", onStopped: () => process.kill() }
      : undefined,
  );
  const process = person.start(apply, env);
  expect(await process.ended).toMatchObject({ status: undefined });
  await person.proxy.settle();
}

test("a dead holder is taken over after its term", { timeout: 300_000 }, async () => {
  const [first, second] = both();
  await dieInTheMiddle(first);
  const ran = await second.start(apply).ended;
  expect(ran, ran.stderr).toMatchObject({ status: 0 });
  expect(await second.start(["plan", "--detailed-exitcode"]).ended).toMatchObject({ status: 0 });
});

test("a holder whose term is not over is waited for, and named", { timeout: 300_000 }, async () => {
  const [first, second] = both();
  await dieInTheMiddle(first, { WOOW_LOCK_TERM: "3600" });
  const mark = await scene().cluster.auditMark();
  // its own shorter term counts for nothing: the holder said how long it is to be believed
  const ran = await second.start([...apply, "--lock-timeout", "1"]).ended;
  expect(ran.status).toBe(3);
  expect(ran.stderr).toMatch(/locked by ann/);
  expect(writesOf(await scene().cluster.auditSince(mark, { user: "ben" }))).toEqual([]);
});

test.each([
  ["a secret", "apply secrets in paas-charts"],
  ["the revisions", "create secrets in paas-system"],
])(
  "a holder that was paused while it wrote %s lands only what was under way",
  { timeout: 300_000 },
  async (_, kind) => {
    const [first, second] = both();
    const held: ProxiedRequest[] = [];
    const late: ProxiedRequest[] = [];
    let isPaused = false;
    let isOver = false;
    const { promise: paused, resolve: pause } = Promise.withResolvers<void>();
    const { promise: release, resolve: letGo } = Promise.withResolvers<void>();
    first.proxy.setRule((request) => {
      if (isOver && request.isMutating) late.push(request);
      if (isOver || (!isPaused && request.kind !== kind)) return undefined;
      // what was past its check when the process stopped arrives a moment later
      held.push(request);
      const onHeld = () => {
        if (!isPaused) paused_();
      };
      return { type: "hold", onHeld, release };
    });
    const process = first.start(apply);
    const paused_ = () => {
      isPaused = true;
      process.pause();
      pause();
    };
    await paused;
    const mark = await scene().cluster.auditMark();
    const taken = await second.start(apply).ended;
    expect(taken, taken.stderr).toMatchObject({ status: 0 });
    const before = await scene().cluster.auditMark();
    isOver = true;
    letGo();
    await first.proxy.settle();
    process.resume();
    const ran = await process.ended;
    expect(ran.stderr).toMatch(/lock .* is lost/);
    expect(ran.status).not.toBe(0);
    // nothing new was sent: at most it asked for its lock
    expect(
      late.filter(({ path }) => !path.includes(lease)).map(({ kind: sent, name }) => `${sent} ${name}`),
    ).toEqual([]);
    const landed = objectWrites(await scene().cluster.auditSince(before, { user: "ann" }));
    const under = held.filter(({ isMutating, path }) => isMutating && !path.includes(lease));
    expect(landed.length).toBeLessThanOrEqual(under.length);
    expect(objectWrites(await scene().cluster.auditSince(mark, { user: "ben" })).length).toBeGreaterThan(0);
    // what landed late says what git says: nothing is left to do
    const end = await second.start(["plan", "--detailed-exitcode"]).ended;
    expect(end, end.stdout).toMatchObject({ status: 0 });
  },
);
