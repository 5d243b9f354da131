import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { initKeyFile, loadKeyRing, sampleKeyFile, sampleRecipient } from "../../src/edges/age-keys.ts";
import { ensureKeyFile, requireEmptyFolder } from "../../src/edges/key-file.ts";
import { readDefinitions } from "../../src/definitions/read-definitions.ts";
import { OperationError } from "../../src/errors.ts";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { unfilledMark } from "../../src/operations/create/write-platform-yaml.ts";
import { readRecipients } from "../../src/secrets/sops-config.ts";
import { parseAgeIdentities } from "../../src/secrets/age-identity.ts";
import { identity, keyFile, secondIdentity, secondKeyFile, tools } from "../secrets/fixtures.ts";
import { definitionsOf, newPlatform, shippedFiles, treeOf } from "../support/new-platform.ts";
import { tempFolder } from "../support/temp-platform.ts";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof OperationError) return error.code;
    throw error;
  }
  return "accepted";
}

test("a new platform has no errors and one warning: where its nodes are", async () => {
  const files = await newPlatform();
  const { platform, problems } = loadPlatform(treeOf(definitionsOf(files)));
  expect(problems.map(({ code, file }) => `${code} ${file}`)).toEqual(["node-cidrs-missing platform.yaml"]);
  expect(platform?.clusters[0]?.workspaces.map(({ id }) => id)).toEqual(["demo"]);
  expect(platform?.clusterIssuer).toBe("letsencrypt-staging");
});

test("what only a person knows is marked in one form, and a given context is not", async () => {
  const unfilled = await newPlatform();
  const marked = Object.entries(unfilled).filter(([, text]) => text.includes(unfilledMark));
  expect(marked.map(([path]) => path)).toEqual(["platform.yaml"]);
  expect(unfilled["platform.yaml"]).toContain(`context: ${unfilledMark}`);
  const filled = await newPlatform({ context: "k3s-prod" });
  expect(filled["platform.yaml"]).toContain("context: k3s-prod");
  expect(filled["platform.yaml"]).not.toContain(`context: ${unfilledMark}`);
});

test("platform.yaml names every setting of its schema, live or as a comment", async () => {
  const text = (await newPlatform())["platform.yaml"] ?? "";
  const schema = JSON.parse(readFileSync("schemas/platform.schema.json", "utf8")) as {
    properties: Record<string, unknown>;
  };
  const cluster = ["context", "k3s_version", "region", "pod_cidr", "service_cidr", "node_cidrs"];
  for (const key of [...Object.keys(schema.properties), ...cluster]) {
    expect(text, key).toMatch(new RegExp(`^ *(# )?${key}:`, "m"));
  }
});

test("the commented settings of platform.yaml are usable when their # goes", async () => {
  const files = definitionsOf(await newPlatform());
  const text = (files["platform.yaml"] ?? "")
    .replace(/^( *)# (?=[a-z0-9_]+: )/gm, "$1")
    .replace(unfilledMark, "k3s")
    .replace(`[${unfilledMark}]`, "[192.0.2.0/28]");
  expect(text).not.toMatch(/^ *# [a-z0-9_]+: /m);
  const { problems } = loadPlatform(treeOf({ ...files, "platform.yaml": text }));
  expect(problems).toEqual([]);
});

test("every YAML file begins with its schema and kind, and carries comments", async () => {
  const files = definitionsOf(await newPlatform());
  for (const path of ["platform.yaml", "workspaces/demo/workspace.yaml", "workspaces/demo/podinfo-01.yaml"]) {
    const text = files[path] ?? "";
    expect(text, path).toMatch(/^# yaml-language-server: \$schema=(\.\.\/)*schemas\/[a-z-]+\.schema\.json\n/);
    const document = parseDocument(text);
    expect(Object.keys(document.toJS() as object)[0], path).toBe("kind");
    expect(text.match(/^ *#/gm)?.length, path).toBeGreaterThan(4);
  }
  expect(readDefinitions(treeOf(files)).problems).toEqual([]);
});

test("the shipped catalog, charts and schemas are there byte for byte", async () => {
  const files = await newPlatform();
  const shipped = shippedFiles();
  expect(shipped.size).toBeGreaterThan(30);
  for (const [path, text] of shipped) expect(files[path], path).toBe(text);
  expect(files["charts/app/.helmignore"]).toBe(readFileSync("charts/app/.helmignore", "utf8"));
});

test("secrets are sealed for the platform and its recovery key, never for the sample's", async () => {
  const alone = (await newPlatform())[".sops.yaml"] ?? "";
  expect(readRecipients(alone, "workspaces/any/x.yaml")).toEqual({ ok: true, value: [identity.recipient] });
  const both = (await newPlatform({ recoveryRecipient: secondIdentity.recipient }))[".sops.yaml"] ?? "";
  for (const workspace of ["demo", "any"]) {
    const read = readRecipients(both, `workspaces/${workspace}/x.yaml`);
    expect(read).toEqual({ ok: true, value: [identity.recipient, secondIdentity.recipient] });
  }
  expect(both).not.toContain(sampleRecipient);
});

test("package.json pins woow exactly and is private; git never sees keys and manifests", async () => {
  const files = await newPlatform();
  const content = JSON.parse(files["package.json"] ?? "") as Record<string, unknown>;
  expect(content).toMatchObject({ private: true, engines: { woow: "1.2.3" } });
  expect(content).not.toHaveProperty("dependencies");
  for (const line of ["dist/", "node_modules/", ".woow/", "*.agekey"])
    expect(files[".gitignore"]?.split("\n")).toContain(line);
});

test.each([
  ["domain", { domain: "https://apps.example.com" }],
  ["domain", { domain: "localhost" }],
  ["domain", { domain: "Apps.example.com" }],
  ["name", { name: "Not a name" }],
  ["recipient", { recoveryRecipient: "age1notakey" }],
])("a %s nobody can use is refused: %j", async (_, options) => {
  await expect(newPlatform(options)).rejects.toThrow(OperationError);
});

test("the sample's key that this code knows is the one in the repository", () => {
  const parsed = parseAgeIdentities(readFileSync(sampleKeyFile, "utf8"));
  expect(parsed.ok && parsed.value.map(({ recipient }) => recipient)).toEqual([sampleRecipient]);
});

test("a key file is made for its owner only, and never overwritten", () => {
  const home = tempFolder();
  const path = initKeyFile("mine", { HOME: home });
  const options = { repository: join(home, "repository"), platform: "mine", randomBytes: tools.randomBytes };
  const made = ensureKeyFile(path, options);
  expect(made.isNew).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(path, "..")).mode & 0o077).toBe(0);
  const text = readFileSync(path, "utf8");
  expect(ensureKeyFile(path, options)).toEqual({ ...made, isNew: false });
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("a key file is refused in the repository, through a link too, without a key, and when it is the sample's", () => {
  const home = tempFolder();
  const repository = join(home, "repository");
  mkdirSync(repository);
  symlinkSync(repository, join(home, "link"));
  const options = { repository, platform: "mine", randomBytes: tools.randomBytes };
  expect(codeOf(() => ensureKeyFile(join(repository, "keys", "my.agekey"), options))).toBe("usage");
  expect(codeOf(() => ensureKeyFile(join(home, "link", "my.agekey"), options))).toBe("usage");
  expect(codeOf(() => ensureKeyFile(join(home, sampleKeyFile), options))).toBe("usage");
  writeFileSync(join(home, "copy.agekey"), readFileSync(sampleKeyFile));
  expect(codeOf(() => ensureKeyFile(join(home, "copy.agekey"), options))).toBe("usage");
  writeFileSync(join(home, "other.txt"), "no key");
  expect(codeOf(() => ensureKeyFile(join(home, "other.txt"), options))).toBe("secrets");
  expect(readFileSync(join(home, "other.txt"), "utf8")).toBe("no key");
  expect(existsSync(join(repository, "keys"))).toBe(false);
});

test("a folder is empty with git's own files only", () => {
  const folder = tempFolder();
  requireEmptyFolder(join(folder, "not-there"));
  mkdirSync(join(folder, ".git"));
  requireEmptyFolder(folder);
  writeFileSync(join(folder, "notes.txt"), "");
  expect(codeOf(() => requireEmptyFolder(folder))).toBe("already-exists");
});

test("the key that init made is found by the platform's name, after the named ones", () => {
  const home = tempFolder();
  const root = join(home, "repository");
  mkdirSync(root);
  mkdirSync(join(home, ".config", "woow"), { recursive: true });
  writeFileSync(initKeyFile("mine", { HOME: home }), keyFile);
  const recipients = (text: string, environment: Record<string, string> = {}) => {
    writeFileSync(join(root, "platform.yaml"), text);
    return loadKeyRing(root, { HOME: home, ...environment }).identities.map(({ recipient }) => recipient);
  };
  expect(recipients("kind: Platform\nname: mine # a comment\n")).toEqual([identity.recipient]);
  expect(recipients('kind: Platform\r\nname: "mine"\r\n')).toEqual([identity.recipient]);
  expect(recipients("kind: Platform\nname: another\n")).toEqual([]);
  expect(recipients("kind: Platform\nname: ../woow/mine\n")).toEqual([]);
  const named = join(home, "named.agekey");
  writeFileSync(named, secondKeyFile);
  chmodSync(named, 0o600);
  expect(recipients("name: mine\n", { WOOW_AGE_KEY_FILE: named })).toEqual([
    secondIdentity.recipient,
    identity.recipient,
  ]);
});
