import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseAgeIdentities } from "../../src/secrets/age-identity.ts";
import { openText } from "../secrets/fixtures.ts";
import { readFiles, tempFolder } from "../support/temp-platform.ts";
import { hasTerminal, runInTerminal } from "../support/typed-terminal.ts";
import { runWoow } from "../support/woow.ts";

/** A new platform whose home is the folder above it. */
async function newPlatform(): Promise<{
  root: string;
  run: (...args: string[]) => ReturnType<typeof runWoow>;
  env: Record<string, string>;
}> {
  const home = tempFolder();
  const env = { HOME: home, XDG_CONFIG_HOME: join(home, ".config") };
  const made = await runWoow(["init", "shop", "--domain", "apps.example.com"], { cwd: home });
  expect(made.status, made.stderr).toBe(0);
  const root = join(home, "shop");
  return { root, env, run: (...args) => runWoow(args, { cwd: root, env }) };
}

async function secretsOf(root: string, unit: string): Promise<string[]> {
  const keys = parseAgeIdentities(readFileSync(join(root, "..", ".config", "woow", "shop.agekey"), "utf8"));
  if (!keys.ok) throw new Error("no key");
  const text = readFileSync(join(root, "workspaces", `${unit}.yaml`), "utf8");
  const opened = await openText(text, { bind: unit, identities: keys.value });
  if (!opened.ok) throw new Error(opened.error.code);
  return Object.values(opened.values) as string[];
}

test("where only verified charts run, the next step is to lock the chart, which validate asks for too", async () => {
  const { root, run } = await newPlatform();
  const path = join(root, "platform.yaml");
  writeFileSync(path, readFileSync(path, "utf8").replace(/^# charts: any/m, "charts: verified"));
  for (const args of [
    ["create", "service", "redis", "-w", "demo"],
    ["copy", "demo/redis-01", "demo/cache"],
  ]) {
    const made = await run(...args);
    expect(made.status, made.stderr).toBe(0);
    const next = made.stdout.split("\n").filter((line) => line.startsWith("next: "));
    expect(next).toEqual([expect.stringContaining("woow catalog verify --write-lock") as string]);
  }
  const open = await run("create", "service", "metabase", "-w", "demo");
  expect(open.stdout).toMatch(/still required[^]*\nnext: woow catalog verify --write-lock/);
  const validated = await run("validate");
  expect(validated.status).toBe(1);
  expect(validated.stderr).toMatch(
    /redis-01\.yaml:.*\[bad-chart\]\n +hint: woow catalog verify --write-lock/,
  );
  expect(validated.stdout).toContain("not valid: ");
});

test("a workspace and its first service: what is printed is what a new user needs", async () => {
  const { root, run } = await newPlatform();
  const workspace = await run(
    "create",
    "workspace",
    "acme",
    "--name",
    "Acme Ltd",
    "--member",
    "alice@acme.example=owner",
  );
  expect(workspace).toMatchObject({ status: 0, stderr: "" });
  expect(workspace.stdout).toContain("workspaces/acme/workspace.yaml");
  const service = await run("create", "service", "postgresql", "-w", "acme", "--set", "auth.database=orders");
  expect(service).toMatchObject({ status: 0, stderr: "" });
  for (const word of [
    "workspaces/acme/postgresql-01.yaml",
    "15 USD a month",
    "auth.password",
    "woow validate",
  ])
    expect(service.stdout).toContain(word);
  const web = await run("create", "service", "podinfo", "-w", "acme", "--subdomain", "hello");
  expect(web.stdout).toContain("https://hello.apps.example.com");
  const definition = parse(readFileSync(join(root, "workspaces/acme/postgresql-01.yaml"), "utf8")) as object;
  expect(definition).toMatchObject({ kind: "CloudService", helm_values: { "auth.database": "orders" } });
  expect((await run("validate")).status).toBe(0);
  expect((await run("synth")).status).toBe(0);
});

test("no generated password is printed, in text or as JSON", async () => {
  const { root, run } = await newPlatform();
  const texts = [await run("create", "service", "wordpress", "-w", "demo", "--subdomain", "blog")];
  texts.push(await run("create", "service", "grafana", "-w", "demo", "--json"));
  texts.push(await run("copy", "demo/grafana-01", "grafana-02", "--json"));
  const printed = JSON.stringify(texts) + JSON.stringify(readFiles(root));
  for (const unit of ["demo/wordpress-01", "demo/grafana-01", "demo/grafana-02"]) {
    const secrets = await secretsOf(root, unit);
    expect(secrets).toHaveLength(2);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(15);
      expect(printed).not.toContain(secret);
      expect(printed).not.toContain(Buffer.from(secret).toString("base64").replace(/=+$/, "").slice(0, -1));
    }
  }
});

test("values that are still open: exit 0, each with the way to give it", async () => {
  const { run } = await newPlatform();
  const made = await run("create", "service", "metabase", "-w", "demo", "--json");
  expect(made.status).toBe(0);
  const event = JSON.parse(made.stdout) as { open: { key: string; hint: string }[] };
  expect(event).toMatchObject({
    version: 1,
    type: "service",
    unit: "demo/metabase-01",
    monthly_price: 20,
    currency: "USD",
  });
  expect(event.open.map(({ key }) => key)).toEqual(["database.host", "database.password"]);
  expect((await run("validate")).status).toBe(1);
  const text = await run("create", "service", "metabase", "-w", "demo");
  expect(text.stdout).toContain("woow secrets set demo/metabase-02 database.password");
});

test.each([
  ["nothing at all", ["create", "service"], ["TEMPLATE", "--workspace", "demo"]],
  ["a template only", ["create", "service", "n8n"], ["-w", "--subdomain"]],
  ["a template with values only a person knows", ["create", "service", "metabase"], ["-w", "database.host"]],
  ["a misspelled template", ["create", "service", "postgres", "-w", "demo"], ["postgresql"]],
  ["a misspelled key", ["create", "service", "podinfo", "-w", "demo", "--set", "logLevl=info"], ["logLevel"]],
  [
    "a password",
    ["create", "service", "redis", "-w", "demo", "--set", "auth.password=made-up-password-1"],
    ["command line"],
  ],
  ["a workspace id with a hyphen", ["create", "workspace", "a-b"], ["no hyphen"]],
  ["a workspace that is there", ["create", "workspace", "demo"], ["already"]],
])("%s: exit 1, the way on, and no file changes", async (_, args, words) => {
  const { root, run } = await newPlatform();
  const before = readFiles(root);
  const refused = await run(...args);
  expect(refused.status).toBe(1);
  for (const word of words) expect(refused.stderr).toContain(word === "--workspace" ? "-w WORKSPACE" : word);
  expect(refused.stderr).not.toMatch(/^ {4}at /m);
  expect(refused.stderr).not.toContain("made-up");
  expect(readFiles(root)).toEqual(before);
});

test("problems of the new file are printed and nothing is written", async () => {
  const { root, run } = await newPlatform();
  const before = readFiles(root);
  const refused = await run("create", "service", "podinfo", "-w", "demo", "--subdomain", "www");
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain("[reserved-subdomain]");
  expect(refused.stderr).toContain("nothing was written");
  expect(readFiles(root)).toEqual(before);
});

test("an existing file is never written over, whatever it holds", async () => {
  const { root, run } = await newPlatform();
  const path = join(root, "workspaces", "demo", "redis-01.yaml");
  writeFileSync(path, "my notes");
  expect((await run("create", "service", "redis", "-w", "demo", "--reference-id", "redis-01")).status).toBe(
    1,
  );
  expect((await run("create", "service", "redis", "-w", "demo")).stdout).toContain("redis-02.yaml");
  expect((await run("copy", "demo/podinfo-01", "redis-01")).status).toBe(1);
  expect(readFileSync(path, "utf8")).toBe("my notes");
});

const terminal = hasTerminal() || process.env["CI"] === "true";

describe.skipIf(!terminal)("in a terminal (needs `script` of util-linux)", () => {
  test("create service asks for the app, the workspace, a name, an address and the required values", async () => {
    const { root, env } = await newPlatform();
    const { status, screen, typed } = await runInTerminal(["create", "service"], {
      cwd: root,
      env,
      typing: [
        { when: "Which app?", type: "metaba" },
        { when: "Metabase", type: "\r" },
        { when: "In which workspace?", type: "\r" },
        { when: "name, for people", type: "Numbers\r" },
        { when: "subdomain", type: "numbers\r" },
        { when: "Database server", type: "db.example.com\r" },
        { when: "Database port", type: "abc\r" },
        { when: "must be a number", type: "\u007f\u007f\u007f5433\r" },
        { when: "Database name", type: "\r" },
        { when: "Database user", type: "\r" },
        { when: "Database password", type: "made-up-password-1\r" },
      ],
    });
    expect(status, screen).toBe(0);
    expect(typed).toBe(11);
    expect(screen).not.toContain("made-up-password-1");
    const text = readFileSync(join(root, "workspaces/demo/metabase-01.yaml"), "utf8");
    expect(parse(text)).toMatchObject({
      template_id: "metabase",
      name: "Numbers",
      subdomain: "numbers",
      helm_values: { "database.host": "db.example.com", "database.port": 5433, "database.dbname": "app_db" },
    });
    expect(await secretsOf(root, "demo/metabase-01")).toContain("made-up-password-1");
    expect((await runWoow(["validate"], { cwd: root, env })).status).toBe(0);
  });

  test("a template that is given is asked only for what cannot be left out", async () => {
    const { root, env } = await newPlatform();
    const { status, screen } = await runInTerminal(["create", "service", "n8n", "-w", "demo"], {
      cwd: root,
      env,
      typing: [{ when: "subdomain", type: "flows\r" }],
    });
    expect(status, screen).toBe(0);
    expect(screen).toContain("https://flows.apps.example.com");
  });

  test("Ctrl-C at a question writes nothing", async () => {
    const { root, env } = await newPlatform();
    const before = readFiles(root);
    const { status, screen } = await runInTerminal(["create", "service"], {
      cwd: root,
      env,
      typing: [{ when: "Which app?", type: "\u0003" }],
    });
    expect(status).toBe(1);
    expect(screen).toContain("nothing was written");
    expect(readFiles(root)).toEqual(before);
  });

  test("nothing is asked when CI is set", async () => {
    const { root, env } = await newPlatform();
    const { status, screen } = await runInTerminal(["create", "service"], {
      cwd: root,
      env: { ...env, CI: "1" },
      typing: [],
    });
    expect(status).toBe(1);
    expect(screen).toContain("TEMPLATE");
  });

  test("init asks for a domain until it is one, and for a recovery key that may be left empty", async () => {
    const home = tempFolder();
    const { status, screen } = await runInTerminal(["init", "shop"], {
      cwd: home,
      typing: [
        { when: "domain", type: "localhost\r" },
        { when: "not a usable domain", type: "\u007f".repeat(9) + "apps.example.com\r" },
        { when: "recovery key", type: "\r" },
      ],
    });
    expect(status, screen).toBe(0);
    expect(readFileSync(join(home, "shop/platform.yaml"), "utf8")).toContain("\ndomain: apps.example.com ");
  });
});
