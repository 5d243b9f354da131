import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { digestManifests } from "../../../src/record/digest-manifests.ts";
import { identity, seal, secondIdentity, textOf } from "../../secrets/fixtures.ts";
import {
  edit,
  madeUpPassword,
  samplePlatform,
  sealedService,
  sopsConfigFor,
} from "../../support/builders.ts";
import { rollbackWorld } from "./rollback-world.ts";
import type { RollbackWorld } from "./rollback-world.ts";

const unit = "acme/web-01";
const path = "workspaces/acme/web-01.yaml";
const web = "catalog/web.yaml";

/** The world after a change of some files that was committed. */
function change(world: RollbackWorld, file: string, edits: readonly (readonly [string, string])[]): void {
  for (const one of edits) world.files = edit(world.files, file, one);
  world.committed = { ...world.files };
}

const valuesOf = (text: string) => parse(text) as Record<string, unknown>;
const notesOf = (notes: readonly string[]) => notes.join("\n");

describe("the file", () => {
  test("says what it said, keeps today's comments, and pins the chart", async () => {
    const world = rollbackWorld(samplePlatform());
    await world.record(unit);
    change(world, path, [
      ["name: Shop", "name: Shop two # renamed"],
      [`chart_version: "1.2.3"`, `chart_version: "1.3.0" # newer`],
    ]);
    const brief = await world.brief(unit, 1);
    expect(brief.edit?.before).toBe(world.files[path]);
    expect(brief.edit?.after).toContain(`chart_version: "1.2.3" # newer\n`);
    expect(brief.edit?.after).toContain("name: Shop # renamed\n");
    expect(brief.hold).toMatchObject({ type: "rollback", by: "ada@desk", revision: 1 });
    expect(
      digestManifests(
        (await world.view(unit, { ...world.files, [path]: brief.edit?.after ?? "" })).manifests,
        { secretKeys: [] },
      ),
    ).toBe(world.history[0]?.manifestDigest);
  });

  test("that says it already stays, and nothing is held", async () => {
    const world = rollbackWorld(samplePlatform());
    await world.record(unit);
    change(world, path, [["name: Shop", "name:   Shop # a comment"]]);
    const brief = await world.brief(unit, 1);
    expect(brief.edit).toBeUndefined();
    expect(brief.hold).toBeUndefined();
  });

  test("with edits that no commit holds stops it", async () => {
    const world = rollbackWorld(samplePlatform());
    await world.record(unit);
    world.files = edit(world.files, path, ["name: Shop", "name: Other"]);
    await expect(world.prepare(unit, 1)).rejects.toMatchObject({ code: "refused" });
  });

  test("written by a run that died before it ended is no edit of anybody's", async () => {
    const world = rollbackWorld(samplePlatform());
    await world.record(unit);
    change(world, path, [["name: Shop", "name: Other"]]);
    const first = await world.brief(unit, 1);
    world.files = { ...world.files, [path]: first.edit?.after ?? "" };
    const again = await world.brief(unit, 1);
    expect(again.edit).toBeUndefined();
    expect(again.hold).toEqual(first.hold);
  });

  test("is not held once git says it", async () => {
    const world = rollbackWorld(samplePlatform());
    await world.record(unit);
    change(world, path, [["name: Shop", "name: Other"]]);
    const first = await world.brief(unit, 1);
    world.files = { ...world.files, [path]: first.edit?.after ?? "" };
    world.committed = { ...world.files };
    expect((await world.brief(unit, 1)).hold).toBeUndefined();
  });

  test("that is gone comes back", async () => {
    const world = rollbackWorld(samplePlatform());
    await world.record(unit);
    delete world.files[path];
    world.committed = { ...world.files };
    const brief = await world.brief(unit, 1);
    expect(brief.isNew).toBe(true);
    expect(brief.edit?.after).toBe(samplePlatform()[path]);
    expect(brief.hold).toMatchObject({
      whileDefinition: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    });
  });

  test("that cannot be read gives way", async () => {
    const world = rollbackWorld(samplePlatform());
    await world.record(unit);
    change(world, path, [["name: Shop", "name: [Shop"]]);
    const brief = await world.brief(unit, 1);
    expect(brief.edit?.after).toBe(samplePlatform()[path]);
  });
});

describe("what is refused", () => {
  test.each([
    { what: "a unit that is none", which: "Acme/../x", number: 1, code: "usage" },
    { what: "the platform, whose file is everybody's", which: "platform", number: 1, code: "refused" },
    { what: "a number that is not there", which: unit, number: 7, code: "not-found" },
  ])("$what", async ({ which, number, code }) => {
    const world = rollbackWorld(samplePlatform());
    await world.record(unit);
    await expect(world.prepare(which, number)).rejects.toMatchObject({ code });
  });

  test("a revision without a definition", async () => {
    const world = rollbackWorld(samplePlatform());
    await world.record(unit, { definition: { files: {} } });
    await expect(world.prepare(unit, 1)).rejects.toMatchObject({ code: "refused" });
  });
});

describe("the template moved on", () => {
  const aimed = async (edits: readonly (readonly [string, string])[], service: string = "") => {
    const world = rollbackWorld(
      edit(samplePlatform(), web, ["  default_values:\n", "  default_values:\n    logLevel: info\n"]),
    );
    world.files = { ...world.files, [path]: `${world.files[path] ?? ""}${service}` };
    const recorded = await world.record(unit);
    change(world, web, edits);
    change(world, path, [["name: Shop", "name: Other"]]);
    return { world, recorded };
  };

  const expectReproduced = async ({ world, recorded }: Awaited<ReturnType<typeof aimed>>) => {
    const brief = await world.brief(unit, 1);
    const text = brief.edit?.after ?? "";
    const view = await world.view(unit, { ...world.files, [path]: text });
    expect(digestManifests(view.manifests, view)).toBe(recorded.manifestDigest);
    return { value: valuesOf(text), notes: notesOf(brief.notes), world, text };
  };

  test("a default of a value spec is pinned under helm_values", async () => {
    const { value, notes } = await expectReproduced(
      await aimed([["default_value: blue", "default_value: green"]]),
    );
    expect(value["helm_values"]).toEqual({ "ui.color": "blue" });
    expect(notes).toContain("helm_values ui.color");
  });

  test("a value of default_values is pinned under raw_values", async () => {
    const { value } = await expectReproduced(await aimed([["logLevel: info", "logLevel: debug"]]));
    expect(value["raw_values"]).toEqual({ logLevel: "info" });
  });

  test("a size is pinned under resources", async () => {
    const { value } = await expectReproduced(
      await aimed([["{ vcpu: 1, ram_gb: 0.5, storage_gb: 0 }", "{ vcpu: 2, ram_gb: 1, storage_gb: 0 }"]]),
    );
    expect(value["resources"]).toMatchObject({ vcpu: 1, ram_gb: 0.5, limits_vcpu: 2, limits_ram_gb: 1 });
  });

  test("a value spec that is gone goes to raw_values", async () => {
    const { value } = await expectReproduced(
      await aimed(
        [["  - { key: replicas, label: Copies, type: number, default_value: 1 }\n", ""]],
        "helm_values:\n  replicas: 3\n",
      ),
    );
    expect(value["helm_values"]).toBeUndefined();
    expect(value["raw_values"]).toEqual({ replicas: 3 });
  });

  test("all of it at once, and again without a change", async () => {
    const { text, world } = await expectReproduced(
      await aimed([
        ["default_value: blue", "default_value: green"],
        ["logLevel: info", "logLevel: debug"],
        ["{ vcpu: 1, ram_gb: 0.5, storage_gb: 0 }", "{ vcpu: 2, ram_gb: 1, storage_gb: 0 }"],
      ]),
    );
    world.files = { ...world.files, [path]: text };
    expect((await world.brief(unit, 1)).edit).toBeUndefined();
  });

  test.each([
    [
      "a value was added",
      `fullnameOverride: "{release_name}"`,
      `fullnameOverride: "{release_name}"\n    added: 1`,
    ],
    ["the chart comes from elsewhere", "https://charts.example.com", "https://other.example.com"],
    ["the port is another", "default_port: 8080", "default_port: 9090"],
    [
      "a value is required now",
      "optional_values:",
      "required_values:\n  - { key: needed, label: Needed, type: text }\noptional_values:",
    ],
  ])("%s: refused, naming the commit that had it", async (_, from, to) => {
    const { world } = await aimed([[from, to]]);
    await expect(world.prepare(unit, 1)).rejects.toMatchObject({
      code: "refused",
      hint: expect.stringContaining("git show 0123abc:catalog/web.yaml"),
    });
  });

  test("the template is gone: refused, naming the commit that had it", async () => {
    const world = rollbackWorld(samplePlatform());
    await world.record(unit);
    delete world.files[web];
    delete world.files[path];
    world.committed = { ...world.files };
    await expect(world.prepare(unit, 1)).rejects.toMatchObject({
      code: "refused",
      hint: expect.stringContaining("git show 0123abc:catalog/web.yaml"),
    });
  });

  test("another service's trouble with the old template is not this one's", async () => {
    const { world } = await aimed([["key: ui.message", "key: ui.greeting"]]);
    world.files["workspaces/acme/web-02.yaml"] =
      `kind: CloudService\ntemplate_id: web\nname: Two\nchart_version: "1.2.3"\nhelm_values: { ui.greeting: hi }\n`;
    world.committed = { ...world.files };
    expect((await world.brief(unit, 1)).edit?.after).toContain("name: Shop\n");
  });

  test("platform.yaml moved on: its own change stays, and is said", async () => {
    const world = rollbackWorld(samplePlatform());
    await world.record(unit);
    change(world, "platform.yaml", [["letsencrypt-staging", "letsencrypt-prod"]]);
    change(world, path, [["name: Shop", "name: Other"]]);
    expect(notesOf((await world.brief(unit, 1)).notes)).toContain("platform.yaml");
  });
});

describe("secrets", () => {
  const db = "acme/db-01";
  const file = "workspaces/acme/db-01.yaml";
  const start = async () => {
    const world = rollbackWorld({ ...samplePlatform(), [file]: await sealedService(db) });
    await world.record(db);
    return world;
  };
  const rewrite = (world: RollbackWorld, text: string) => {
    world.files = { ...world.files, [file]: text };
    world.committed = { ...world.files };
  };
  const withPassword = async (world: RollbackWorld, password: string) =>
    textOf(await seal(world.files[file] ?? "", { bind: db, set: { "auth.password": password } }));

  test("an old value is sealed anew, for today's recipients; no old block comes back", async () => {
    const world = await start();
    const rotated = await seal((samplePlatform()[file] ?? "") + unsealed(world.files[file] ?? ""), {
      bind: db,
      set: { "auth.password": "made-up-password-2" },
      recipients: [secondIdentity.recipient],
    });
    rewrite(world, textOf(rotated));
    world.files[".sops.yaml"] = sopsConfigFor([secondIdentity.recipient]);
    world.committed = { ...world.files };
    world.identities = [identity, secondIdentity];
    const brief = await world.brief(db, 1);
    const text = brief.edit?.after ?? "";
    world.identities = [secondIdentity];
    expect(await world.secrets(db, text)).toEqual({ "auth.password": madeUpPassword });
    expect(text).toContain(secondIdentity.recipient);
    expect(text).not.toContain(identity.recipient);
    expect(text).not.toContain(
      /ENC\[[^\]]*/.exec(world.history[0]?.definition.files[file] ?? "")?.[0] ?? "-",
    );
    expect(notesOf(brief.notes)).toContain("auth.password goes back");
    expect(notesOf(brief.notes)).not.toContain(madeUpPassword);
  });

  test("what cannot be read any more stays as it is today, and the brief says so", async () => {
    const world = await start();
    const lost = await seal(unsealed(world.files[file] ?? ""), {
      bind: db,
      set: { "auth.password": "made-up-password-2" },
      recipients: [secondIdentity.recipient],
    });
    rewrite(world, textOf(lost).replace("name: Orders", "name: Other"));
    world.files[".sops.yaml"] = sopsConfigFor([secondIdentity.recipient]);
    world.committed = { ...world.files };
    world.identities = [secondIdentity];
    const brief = await world.brief(db, 1);
    expect(await world.secrets(db, brief.edit?.after ?? "")).toEqual({
      "auth.password": "made-up-password-2",
    });
    expect(notesOf(brief.notes)).toContain("cannot be read");
  });

  test("create_only values stay, sealed ones and others", async () => {
    const world = rollbackWorld({
      ...edit(
        edit(samplePlatform(), "catalog/database.yaml", [
          "type: password,",
          "type: password, lifecycle: create_only,",
        ]),
        "catalog/database.yaml",
        ["label: Database, type: text", "label: Database, type: text, lifecycle: create_only"],
      ),
      [file]: await sealedService(db),
    });
    await world.record(db);
    rewrite(
      world,
      (await withPassword(world, "made-up-password-2"))
        .replace("auth.database: orders", "auth.database: other")
        .replace("name: Orders", "name: Other"),
    );
    const brief = await world.brief(db, 1);
    const text = brief.edit?.after ?? "";
    expect(await world.secrets(db, text)).toEqual({ "auth.password": "made-up-password-2" });
    expect(valuesOf(text)).toMatchObject({ name: "Orders", helm_values: { "auth.database": "other" } });
    expect(notesOf(brief.notes)).toContain("auth.database is read only when the app is set up");
    expect(notesOf(brief.notes)).toContain("auth.password is read only when the app is set up");
  });

  test("unchanged secrets keep their ciphertext", async () => {
    const world = await start();
    change(world, file, [["name: Orders", "name: Other"]]);
    const text = (await world.brief(db, 1)).edit?.after ?? "";
    expect(text).toBe(await originalOf(world));
  });

  const originalOf = async (world: RollbackWorld) => world.history[0]?.definition.files[file] ?? "";

  test("a file that is gone gets its secrets anew", async () => {
    const world = await start();
    const old = world.files[file] ?? "";
    delete world.files[file];
    world.committed = { ...world.files };
    const text = (await world.brief(db, 1)).edit?.after ?? "";
    expect(await world.secrets(db, text)).toEqual({ "auth.password": madeUpPassword });
    expect(text).not.toContain(/mac: (\S+)/.exec(old)?.[1]);
  });

  test("a volume never shrinks", async () => {
    const world = await start();
    rewrite(
      world,
      (world.files[file] ?? "").replace("helm_values:", "resources: { storage_gb: 20 }\nhelm_values:"),
    );
    const brief = await world.brief(db, 1);
    expect(brief.edit).toBeUndefined();
    expect(notesOf(brief.notes)).toContain("storage_gb stays 20");
  });
});

describe("a workspace", () => {
  const workspace = "workspaces/acme/workspace.yaml";

  test("gets its members and quota back", async () => {
    const world = rollbackWorld(samplePlatform());
    await world.record("acme");
    change(world, workspace, [
      ["alice@acme.example", "bob@acme.example"],
      ["name: Acme\n", "name: Acme\nquota: { vcpu: 99 }\n"],
    ]);
    const brief = await world.brief("acme", 1);
    expect(valuesOf(brief.edit?.after ?? "")).toEqual(valuesOf(samplePlatform()[workspace] ?? ""));
  });

  test("what platform.yaml gave it then is written out", async () => {
    const world = rollbackWorld(samplePlatform());
    await world.record("acme");
    change(world, "platform.yaml", [["clusters:", "default_quota: { vcpu: 2, storage_gb: 7 }\nclusters:"]]);
    const brief = await world.brief("acme", 1);
    expect(valuesOf(brief.edit?.after ?? "")["quota"]).toEqual({ vcpu: 8, storage_gb: 100 });
  });
});

/** The text without its sealed part. */
function unsealed(text: string): string {
  return text.slice(0, text.indexOf("secret_values"));
}
