import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLocalRevisions, revisionsFolder } from "../../src/edges/lowdb-store.ts";
import { withProcessLock } from "../../src/edges/process-lock.ts";
import { newRevision, revisionEnd } from "../record/builders.ts";

let root: string;
const open = () => openLocalRevisions({ root, environment: {} });
const unit = "acme/n8n-01";
const fileOf = (address: string) =>
  join(root, revisionsFolder, "default", `${address.split("/")[0] ?? ""}.json`);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "woow-lowdb-"));
});

afterEach(() => rm(root, { recursive: true, force: true }));

describe("history in files", () => {
  test.each(["true", "1", "yes"])("is refused with CI=%s, which forgets it", (value) => {
    expect(() => openLocalRevisions({ root, environment: { CI: value } })).toThrow(
      expect.objectContaining({ code: "refused", hint: expect.stringContaining("records: cluster") }),
    );
  });

  test.each(["", "false", undefined])("is kept with CI=%j", (value) => {
    expect(openLocalRevisions({ root, environment: { CI: value } }).kind).toBe("local");
  });

  test("nobody else reads it, and nothing else is left behind", async () => {
    const [begun] = await open().begin([newRevision(unit)]);
    if (begun !== undefined) await open().finish(begun, revisionEnd());
    expect((await stat(fileOf(unit))).mode & 0o777).toBe(0o600);
    expect((await stat(join(root, revisionsFolder))).mode & 0o777).toBe(0o700);
    expect((await readdir(join(root, revisionsFolder), { recursive: true })).sort()).toEqual([
      "default",
      "default/acme.json",
    ]);
  });

  const damages: readonly (readonly [string, (text: string) => string])[] = [
    ["torn", (text) => text.slice(0, text.length / 2)],
    ["empty", () => ""],
    ["null", () => "null"],
    ["zero", () => "0"],
    ["a list", () => "[]"],
    ["without its highest number", (text) => text.replace(/"last":\{[^}]*\}/, '"last":null')],
    [
      "with a number above the highest",
      (text) => text.replace(/"last":\{[^}]*\}/, '"last":{"acme/n8n-01":0}'),
    ],
    ["without a text", (text) => text.replace(/"texts":\{[^}]*\}/, '"texts":{}')],
    ["with an end that is none", (text) => text.replace(/"end":\{/, '"end":[],"other":{')],
  ];

  test.each(damages)(
    "a file that is %s is an error that names it, never an empty history",
    async (_, damage) => {
      const [begun] = await open().begin([newRevision(unit)]);
      if (begun === undefined) throw new Error("nothing was begun");
      await open().finish(begun, revisionEnd());
      const text = damage(await readFile(fileOf(unit), "utf8"));
      await writeFile(fileOf(unit), text);
      const error = expect.objectContaining({ code: "unreadable", subject: fileOf(unit) });
      await expect(open().list({ cluster: "default", unit })).rejects.toEqual(error);
      await expect(open().list({ cluster: "default" })).rejects.toEqual(error);
      await expect(open().begin([newRevision(unit)])).rejects.toEqual(error);
      expect(await readFile(fileOf(unit), "utf8")).toBe(text);
      // the lock was let go
      await open().begin([newRevision("beta/other")]);
    },
  );

  test("a newer woow's file is left alone", async () => {
    await open().begin([newRevision(unit)]);
    const text = (await readFile(fileOf(unit), "utf8")).replace('"format":1', '"format":2');
    await writeFile(fileOf(unit), text);
    await expect(open().begin([newRevision(unit)])).rejects.toMatchObject({
      code: "unreadable",
      hint: expect.stringContaining("that version of woow"),
    });
  });

  test("two clusters count on their own", async () => {
    await open().begin([newRevision(unit)]);
    const [other] = await open().begin([newRevision(unit, { cluster: "edge" })]);
    expect(other?.number).toBe(1);
  });

  test("a folder that takes no file is an error", async () => {
    await mkdir(join(root, ".woow"));
    await writeFile(join(root, revisionsFolder), "a file");
    await expect(open().begin([newRevision(unit)])).rejects.toMatchObject({ code: "not-writable" });
  });
});

describe("the lock between processes", () => {
  const folder = () => join(root, revisionsFolder);
  const host = hostname().replaceAll(/[^A-Za-z0-9.-]/g, "");
  const claim = async (pid: number | string, start: string | undefined) => {
    await mkdir(folder(), { recursive: true });
    const name = `lock-${host}-${pid}-${start ?? 0}-0123456789ab`;
    await writeFile(join(folder(), name), "");
    return name;
  };
  const startOf = async (pid: number) => {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  };

  test("processes that write at once never share a number", async () => {
    const script = join(root, "writer.mjs");
    const module = join(import.meta.dirname, "..", "..", "src", "edges", "lowdb-store.ts");
    await writeFile(
      script,
      `import { openLocalRevisions } from ${JSON.stringify(module)};
       const store = openLocalRevisions({ root: ${JSON.stringify(root)}, environment: {} });
       const revision = ${JSON.stringify(newRevision(unit))};
       for (let run = 0; run < 8; run += 1) {
         const [{ number }] = await store.begin([revision]);
         console.log(number);
       }`,
    );
    const runs = await Promise.all([1, 2, 3, 4].map(() => execa(process.execPath, [script])));
    const numbers = runs.flatMap(({ stdout }) => stdout.split("\n").map(Number)).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 32 }, (_, index) => index + 1));
    expect((await open().list({ cluster: "default", unit })).length).toBe(32);
  });

  test("the claim of a process that is gone counts for nothing", async () => {
    const { pid } = await endedProcess();
    const name = await claim(pid, "1");
    await open().begin([newRevision(unit)]);
    expect(await readdir(folder())).not.toContain(name);
  });

  test.runIf(process.platform === "linux")("nor does one whose process number went to another", async () => {
    const name = await claim(process.ppid, "1");
    await open().begin([newRevision(unit)]);
    expect(await readdir(folder())).not.toContain(name);
  });

  test.runIf(process.platform === "linux")("a living process keeps it, and is named", async () => {
    const name = await claim(process.ppid, await startOf(process.ppid));
    const work = withProcessLock({ folder: folder(), patienceMs: 1 }, () => "done");
    await expect(work).rejects.toMatchObject({ code: "lock-held", subject: join(folder(), name) });
    await rm(join(folder(), name));
    expect(await withProcessLock({ folder: folder() }, () => "done")).toBe("done");
  });

  test("another machine's claim is a person's to remove", async () => {
    await mkdir(folder(), { recursive: true });
    const name = "lock-other-machine-1-1-0123456789ab";
    await writeFile(join(folder(), name), "");
    const work = withProcessLock({ folder: folder(), patienceMs: 1 }, () => "done");
    await expect(work).rejects.toMatchObject({ code: "lock-held", hint: expect.stringContaining("remove") });
  });

  test("work that fails lets go", async () => {
    const failing = withProcessLock({ folder: folder() }, () => {
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await readdir(folder())).toEqual([]);
  });
});

async function endedProcess(): Promise<{ readonly pid: number }> {
  const child = execa(process.execPath, ["-e", ""]);
  const { pid = 0 } = child;
  await child;
  return { pid };
}
