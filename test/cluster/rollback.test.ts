import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { identity, keyFile, seal, secondIdentity, secondKeyFile, textOf } from "../secrets/fixtures.ts";
import { sopsConfigFor } from "../support/builders.ts";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { collections, list, mustRequest } from "./on-cluster.ts";
import type { KubeObject } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestCluster } from "./test-cluster.ts";
import { useCluster } from "./use-cluster.ts";

/** A clone of a platform, with everything its commands ever said. */
interface Clone {
  readonly dir: string;
  readonly said: string[];
  run(...args: readonly string[]): Promise<Ran>;
  /** A run that must end with 0. */
  must(...args: readonly string[]): Promise<string>;
  git(...args: readonly string[]): Promise<string>;
  read(path: string): Promise<string>;
  /** Replaces texts in a file and commits it. */
  commit(path: string, ...edits: readonly (readonly [string, string])[]): Promise<void>;
  history(unit: string): Promise<readonly HistoryEntry[]>;
}

interface HistoryEntry {
  readonly number: number;
  readonly command: string;
  readonly outcome: string;
  readonly rollback_to?: number;
  readonly helm_revision?: number;
  readonly chart_version?: string;
  readonly dropped_release?: { readonly status: string };
}

async function makeClone(
  cluster: TestCluster,
  options: { readonly workspaces: Readonly<Record<string, number>>; readonly more?: string },
): Promise<Clone> {
  const dir = await mkdtemp(join(tmpdir(), "woow-rollback-"));
  const platform = await writeTestPlatform({ dir, cluster, ...options });
  await writeFile(join(dir, "age-key.txt"), `${keyFile}\n${secondKeyFile}`);
  await writeFile(join(dir, ".gitignore"), ".woow/\nage-key.txt\n");
  const said: string[] = [];
  const env = { ...platform.env, KUBECONFIG: cluster.kubeconfigPath, WOOW_ACTOR: "ada@desk" };
  const clone: Clone = {
    dir,
    said,
    run: async (...args) => {
      const ran = await runWoow(args, { cwd: dir, env });
      said.push(ran.stdout, ran.stderr);
      return ran;
    },
    must: async (...args) => {
      const { status, stdout, stderr } = await clone.run(...args);
      expect(status, `woow ${args.join(" ")}\n${stdout}\n${stderr}`).toBe(0);
      return stdout;
    },
    git: async (...args) => {
      const user = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"];
      return (await execa("git", [...user, ...args], { cwd: dir })).stdout;
    },
    read: (path) => readFile(join(dir, path), "utf8"),
    commit: async (path, ...edits) => {
      let text = await clone.read(path);
      for (const [from, to] of edits) {
        expect(text).toContain(from);
        text = text.replace(from, () => to);
      }
      await writeFile(join(dir, path), text);
      await clone.git("commit", "-q", "-m", `change ${path}`, "--", path);
    },
    history: async (unit) =>
      JSON.parse(await clone.must("revisions", unit, "-o", "json")) as readonly HistoryEntry[],
  };
  await clone.git("init", "-q", "-b", "main");
  await clone.git("add", "-A");
  await clone.git("commit", "-q", "-m", "platform");
  return clone;
}

/** What the chart of a service gets from its file. */
async function valuesOf(cluster: TestCluster, release: string): Promise<Record<string, unknown>> {
  const secret = await mustRequest<{ data: Record<string, string> }>(cluster, {
    method: "GET",
    path: `${collections.secrets("paas-charts")}/${release}-values`,
  });
  return parse(Buffer.from(secret.data["values.yaml"] ?? "", "base64").toString()) as Record<string, unknown>;
}

async function chartVersion(cluster: TestCluster, release: string): Promise<string> {
  const chart = await mustRequest<{ spec: { version: string } }>(cluster, {
    method: "GET",
    path: `${collections.charts("paas-charts")}/${release}`,
  });
  return chart.spec.version;
}

const mutating = ["create", "update", "patch", "delete", "deletecollection"];

/** Requests that may have changed something, as the API server saw them. */
async function writesOf(cluster: TestCluster, work: () => Promise<unknown>): Promise<readonly string[]> {
  const mark = await cluster.auditMark();
  await work();
  const events = await cluster.auditSince(mark, { user: "admin" });
  return events
    .filter(({ verb, dryRun }) => mutating.includes(verb) && !dryRun)
    .map(({ verb, resource, name }) => `${verb} ${resource}/${name}`);
}

describe("a rollback where charts run", () => {
  const cluster = useCluster();
  let clone: Clone;

  beforeAll(async () => {
    let started: TestCluster;
    try {
      started = cluster();
    } catch {
      return;
    }
    clone = await makeClone(started, { workspaces: { a: 1, b: 1, c: 1 } });
    await clone.must("apply", "--yes");
  });

  afterAll(() => clone && rm(clone.dir, { recursive: true, force: true }));

  test("after an upgrade that failed: running again, written back, recorded, on hold", async () => {
    const file = "workspaces/a/web-01.yaml";
    await clone.commit(file, [`chart_version: "1.0.0"`, `chart_version: "2.0.0" # try it`]);
    expect((await clone.run("apply", "--yes", "-s", "a/web-01")).status).toBe(5);

    const output = await clone.must("rollback", "a/web-01", "1", "--yes");
    expect(output).toContain("data stays as it is");
    expect(await clone.read(file)).toContain(`chart_version: "1.0.0" # try it\n`);
    expect(await chartVersion(cluster(), "paas-ws-a-web-01")).toBe("1.0.0");
    expect(await clone.git("status", "--short")).toBe(` M ${file}`);
    const history = await clone.history("a/web-01");
    expect(history.map(({ number, command, outcome }) => `${number} ${command} ${outcome}`)).toEqual([
      "1 apply running",
      "2 apply not-running",
      "3 rollback running",
    ]);
    expect(history[2]).toMatchObject({
      rollback_to: 1,
      chart_version: "1.0.0",
      dropped_release: { status: "failed" },
    });
    const status = await clone.must("status", "-o", "json");
    expect(JSON.stringify(JSON.parse(status))).toContain("rollback");
  });

  test("again: nothing is written, neither file nor cluster", async () => {
    const before = await clone.read("workspaces/a/web-01.yaml");
    const writes = await writesOf(cluster(), () => clone.must("rollback", "a/web-01", "1", "--yes"));
    expect(writes).toEqual([]);
    expect(await clone.read("workspaces/a/web-01.yaml")).toBe(before);
    expect((await clone.history("a/web-01")).length).toBe(3);
  });

  test("what git still says does not undo it, nor does applying something else meanwhile", async () => {
    const file = "workspaces/a/web-01.yaml";
    const written = await clone.read(file);
    await clone.commit("workspaces/b/web-01.yaml", ["message: hello", "message: hi"]);
    await clone.must("apply", "--yes", "--wait=false");
    await clone.git("checkout", "-q", "--", file);
    const output = await clone.must("apply", "--yes");
    expect(output).toContain("a/web-01 is left alone: on hold since ada@desk rolled back to revision 1");
    expect(await chartVersion(cluster(), "paas-ws-a-web-01")).toBe("1.0.0");
    await writeFile(join(clone.dir, file), written);
  });

  test("the hold ends when git says it too, and does not come back with what it was", async () => {
    const file = "workspaces/a/web-01.yaml";
    await clone.git("commit", "-q", "-am", "rolled back");
    await clone.must("apply", "--yes");
    expect(await clone.must("status")).not.toContain("held");
    await clone.commit(file, [`chart_version: "1.0.0"`, `chart_version: "2.0.0"`]);
    const plan = await clone.run("plan", "--detailed-exitcode");
    expect(plan.status).toBe(2);
    await clone.git("revert", "--no-edit", "HEAD");
  });

  test("after the template moved on: what it said then is pinned, and reaches the chart", async () => {
    const file = "workspaces/b/web-01.yaml";
    await clone.commit("catalog/web.yaml", ["default_value: blue", "default_value: green"]);
    await clone.commit(file, ["message: hi", "message: later"]);
    await clone.must("apply", "--yes", "-w", "b");
    const output = await clone.must("rollback", "b/web-01", "1", "--yes");
    expect(output).toContain("catalog/web.yaml has changed since, so the file pins what it said then");
    expect(parse(await clone.read(file))).toMatchObject({ helm_values: { message: "hello", color: "blue" } });
    expect(await valuesOf(cluster(), "paas-ws-b-web-01")).toMatchObject({ message: "hello", color: "blue" });
  });

  test("uncommitted edits in the file stop it before anything is written", async () => {
    const file = "workspaces/c/web-01.yaml";
    const before = await clone.read(file);
    await writeFile(join(clone.dir, file), before.replace("message: hello", "message: mine"));
    const writes = await writesOf(cluster(), async () => {
      const { status, stderr } = await clone.run("rollback", "c/web-01", "1", "--yes");
      expect([status, stderr]).toEqual([3, expect.stringContaining("no commit holds")]);
    });
    expect(writes).toEqual([]);
    await writeFile(join(clone.dir, file), before);
  });

  test("after a key was rotated: the old secret is back, sealed for today's recipients, and told nowhere", async () => {
    const file = "workspaces/c/web-01.yaml";
    const plain = await clone.read(file);
    const [old, next] = ["made-up-password-before", "made-up-password-after"];
    const write = async (password: string, recipient: string) => {
      const sealed = await seal(plain, {
        bind: "c/web-01",
        set: { password },
        recipients: [recipient],
        identities: [identity, secondIdentity],
      });
      await writeFile(join(clone.dir, file), textOf(sealed));
      await writeFile(join(clone.dir, ".sops.yaml"), sopsConfigFor([recipient]));
      await clone.git("commit", "-q", "-m", "password", "--", file, ".sops.yaml");
      await clone.must("apply", "--yes", "-s", "c/web-01");
    };
    await write(old, identity.recipient);
    await write(next, secondIdentity.recipient);
    expect(await valuesOf(cluster(), "paas-ws-c-web-01")).toMatchObject({ password: next });

    const output = await clone.must("rollback", "c/web-01", "2", "--yes");
    expect(output).toContain("password goes back to the value it had");
    expect(await valuesOf(cluster(), "paas-ws-c-web-01")).toMatchObject({ password: old });
    const text = await clone.read(file);
    expect(text).toContain(secondIdentity.recipient);
    expect(text).not.toContain(identity.recipient);
    await clone.must("revisions", "show", "c/web-01", "2");
    await clone.must("revisions", "diff", "c/web-01", "2", "3");
    const exported = await clone.must("revisions", "export");
    expect(exported.split("\n").filter((line) => line.includes(`"c/web-01"`)).length).toBeGreaterThan(3);
    const records = await readFolder(join(clone.dir, ".woow"));
    for (const secret of [old, next]) expectAbsent(secret, [...clone.said, ...records]);
  });

  test("a suspended unit is left alone until it is resumed", async () => {
    await clone.must("suspend", "b/web-01", "--reason", "counting crates");
    const twice = await writesOf(cluster(), () =>
      clone.must("suspend", "b/web-01", "--reason", "counting crates"),
    );
    expect(twice).toEqual([]);
    await clone.git("checkout", "-q", "--", ".");
    const output = await clone.must("apply", "--yes", "-w", "b");
    expect(output).toContain("b/web-01 is left alone: on hold: suspended by ada@desk, counting crates");
    expect((await clone.run("rollback", "b/web-01", "1", "--yes")).status).toBe(3);
    expect(await clone.must("status")).toContain("suspended");
    await clone.must("resume", "b/web-01");
    const again = await writesOf(cluster(), () => clone.must("resume", "b/web-01"));
    expect(again).toEqual([]);
    await clone.must("apply", "--yes", "-w", "b");
    expect(await valuesOf(cluster(), "paas-ws-b-web-01")).toMatchObject({ message: "later" });
  });

  test("a file that is gone comes back, with what it ran", async () => {
    const file = "workspaces/a/web-01.yaml";
    await clone.git("rm", "-q", file);
    await clone.git("commit", "-q", "-m", "gone");
    await clone.must("apply", "--yes", "-w", "a");
    await clone.must("rollback", "a/web-01", "1", "--yes");
    expect(parse(await clone.read(file))).toMatchObject({
      chart_version: "1.0.0",
      helm_values: { message: "hello" },
    });
    expect(await chartVersion(cluster(), "paas-ws-a-web-01")).toBe("1.0.0");
  });
});

describe("records: cluster", () => {
  const cluster = useCluster({ components: "api" });
  let clone: Clone;

  beforeAll(async () => {
    let started: TestCluster;
    try {
      started = cluster();
    } catch {
      return;
    }
    clone = await makeClone(started, { workspaces: { a: 1 }, more: "records: cluster\n" });
  });

  afterAll(() => clone && rm(clone.dir, { recursive: true, force: true }));

  test("any clone reads and rolls back; no secret is in the records", async () => {
    const file = "workspaces/a/web-01.yaml";
    const password = "made-up-password-in-cluster";
    const sealed = await seal(await clone.read(file), { bind: "a/web-01", set: { password } });
    await writeFile(join(clone.dir, file), textOf(sealed));
    await clone.git("commit", "-q", "-am", "password");
    await clone.must("apply", "--yes", "--wait=false");
    await clone.commit(file, ["message: hello", "message: later"]);
    await clone.must("apply", "--yes", "--wait=false");
    await rm(join(clone.dir, ".woow"), { recursive: true, force: true });
    await clone.must("rollback", "a/web-01", "1", "--yes", "--wait=false");
    expect(await valuesOf(cluster(), "paas-ws-a-web-01")).toMatchObject({ message: "hello", password });
    expect((await clone.history("a/web-01")).map(({ command, outcome }) => `${command} ${outcome}`)).toEqual([
      "apply applied",
      "apply applied",
      "rollback applied",
    ]);
    expect(await readFolder(join(clone.dir, ".woow", "revisions"))).toEqual([]);
    const secrets = await list<KubeObject & { readonly data: Record<string, string> }>(
      cluster(),
      collections.secrets("paas-system"),
    );
    const bodies = secrets.flatMap(({ data }) =>
      Object.values(data).map((text) => {
        const bytes = Buffer.from(text, "base64");
        return bytes[0] === 0x1f ? gunzipSync(bytes).toString() : bytes.toString();
      }),
    );
    expect(bodies.join("")).toContain("message: later");
    expectAbsent(password, [...clone.said, ...bodies]);
  });

  test("a workspace goes back without its services", async () => {
    const file = "workspaces/a/workspace.yaml";
    await clone.commit(file, ["owner@a.example", "other@a.example"]);
    await clone.must("apply", "--yes", "--wait=false");
    await writeFile(
      join(clone.dir, "workspaces/a/web-01.yaml"),
      (await clone.read("workspaces/a/web-01.yaml")).replace("message: hello", "message: not yet"),
    );
    await clone.must("rollback", "a", "1", "--yes", "--wait=false");
    expect(await clone.read(file)).toContain("owner@a.example");
    const bindings = await list(
      cluster(),
      "/apis/rbac.authorization.k8s.io/v1/namespaces/paas-ws-a/rolebindings",
    );
    expect(JSON.stringify(bindings)).toContain("owner@a.example");
    expect(await valuesOf(cluster(), "paas-ws-a-web-01")).toMatchObject({ message: "hello" });
  });

  test("changing where records are kept is refused before anything is written", async () => {
    const platform = await clone.read("platform.yaml");
    await writeFile(join(clone.dir, "platform.yaml"), platform.replace("records: cluster", "records: local"));
    const writes = await writesOf(cluster(), async () => {
      expect((await clone.run("apply", "--yes")).status).toBe(3);
    });
    expect(writes).toEqual([]);
    await writeFile(join(clone.dir, "platform.yaml"), platform);
  });
});

async function readFolder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), "utf8")));
}

/** Neither as it is nor as base64, whatever comes before it. */
function expectAbsent(secret: string, texts: readonly string[]): void {
  const forms = [0, 1, 2].map((shift) => {
    const encoded = Buffer.from("x".repeat(shift) + secret).toString("base64");
    return encoded.slice(shift === 0 ? 0 : 4, -4);
  });
  const all = texts.join("\n");
  expect(all.length).toBeGreaterThan(100);
  for (const form of [secret, ...forms]) expect(all.includes(form), form).toBe(false);
}
