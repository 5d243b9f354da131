import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { describe, expect, test } from "vitest";

const src = join(import.meta.dirname, "..", "src");

interface Rule {
  /** Folders of ours it may import beside itself; errors.ts is open to everybody. */
  readonly folders: readonly string[];
  /** Packages and modules of Node it may import. */
  readonly packages: readonly string[];
}

/** The order of the flow: a stage imports earlier ones only. Node's pure modules count as packages. */
const stages: Readonly<Record<string, Rule>> = {
  secrets: { folders: [], packages: ["age-encryption", "node:crypto", "yaml"] },
  definitions: {
    folders: ["secrets"],
    packages: ["ajv", "fastest-levenshtein", "node:crypto", "node:url", "typebox", "yaml"],
  },
  model: { folders: ["definitions"], packages: ["node:net"] },
  constructs: {
    folders: ["model"],
    packages: ["cdk8s", "cdk8s-plus-28", "constructs", "js-yaml", "node:crypto"],
  },
  manifests: {
    folders: ["definitions", "model", "constructs"],
    packages: ["cdk8s", "fflate", "modern-tar", "node:crypto"],
  },
  cluster: { folders: ["manifests"], packages: [] },
  plan: {
    folders: ["definitions", "model", "constructs", "manifests", "cluster"],
    packages: ["node:crypto", "yaml"],
  },
  status: { folders: ["model", "constructs", "manifests", "cluster"], packages: ["fflate", "js-yaml"] },
  apply: {
    folders: ["model", "constructs", "manifests", "cluster", "plan", "status"],
    packages: ["node:crypto"],
  },
  record: {
    folders: ["definitions", "model", "constructs", "manifests", "cluster", "plan", "apply", "secrets"],
    packages: ["fflate", "node:crypto", "yaml"],
  },
};

const rules: Readonly<Record<string, Rule>> = {
  ...stages,
  operations: { folders: Object.keys(stages), packages: ["js-yaml", "node:crypto", "yaml"] },
  // a port that one operation alone needs is declared beside it, so edges may know its type
  edges: { folders: [...Object.keys(stages), "type operations"], packages: ["*"] },
  cli: { folders: [...Object.keys(stages), "operations", "edges"], packages: ["*"] },
};

/** What no stage and no operation may see: disk, programs, network, clock, randomness, environment. */
const outsideWorld: readonly (readonly [string, RegExp])[] = [
  ["the environment", /\bprocess\./],
  ["the clock", /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/],
  // a source of randomness may come in as an argument, so only fetching one counts
  [
    "randomness",
    /\bMath\.random\b|\bcrypto\.(random|getRandom)|\{[^{}]*\brandom[A-Z]\w*[^{}]*\} from "node:crypto"/,
  ],
  ["timers", /\bset(?:Timeout|Interval|Immediate)\b/],
  ["the network", /\bfetch\s*\(/],
  ["the console", /\bconsole\./],
];
interface Import {
  /** A path below src/, or a package's name with what is imported of it. */
  readonly name: string;
  readonly isType: boolean;
}

interface SourceFile {
  readonly path: string;
  readonly folder: string;
  readonly code: string;
  readonly imports: readonly Import[];
}

const files: readonly SourceFile[] = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => {
    const absolute = join(entry.parentPath, entry.name);
    const path = relative(src, absolute).split(sep).join("/");
    const code = withoutComments(readFileSync(absolute, "utf8"));
    const specifiers = code.matchAll(
      /\b(?:(import|export)\s+(type\s)?[^;"]*?\bfrom\s+|import\s*\(?\s*|require\s*\(\s*)"([^"\n]+)"/g,
    );
    const imports = [...specifiers].map(([, , type, name = ""]) => ({
      name: name.startsWith(".")
        ? relative(src, join(dirname(absolute), name))
            .split(sep)
            .join("/")
        : name,
      isType: type !== undefined,
    }));
    return { path, folder: path.includes("/") ? (path.split("/")[0] ?? "") : path, code, imports };
  })
  .sort((a, b) => (a.path < b.path ? -1 : 1));

/** Comments may speak of what code may not do. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/[^\n]*/g, "$1");
}

function isOurs(name: string): boolean {
  return !isBuiltin(name) && /\.(ts|json)$/.test(name);
}

function packageOf(name: string): string {
  const [first = "", second = ""] = name.split("/");
  return name.startsWith("@") ? `${first}/${second}` : first;
}

const inFolders = (names: readonly string[]) => files.filter(({ folder }) => names.includes(folder));

test("every folder has a rule", () => {
  const folders = new Set(files.map(({ folder }) => folder));
  expect([...folders].filter((folder) => folder !== "errors.ts" && rules[folder] === undefined)).toEqual([]);
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap(({ imports }) => imports).length).toBeGreaterThan(200);
});

describe.each(Object.entries(rules))("src/%s", (folder, rule) => {
  test("imports what it may of ours", () => {
    const allowed = new Set([folder, "errors.ts", ...rule.folders]);
    const wrong = inFolders([folder]).flatMap(({ path, imports }) =>
      imports
        .filter(({ name }) => isOurs(name))
        // generated from src/definitions/schema, and package.json for the version
        .filter(({ name }) => !/^\.\.\/(schemas\/[a-z-]+\.schema\.json|package\.json)$/.test(name))
        .filter(({ name, isType }) => {
          const [from = ""] = name.split("/");
          return !allowed.has(from) && !(isType && allowed.has(`type ${from}`));
        })
        .map(({ name }) => `${path} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test("imports what it may of others", () => {
    if (rule.packages.includes("*")) return;
    const wrong = inFolders([folder]).flatMap(({ path, imports }) =>
      imports
        .filter(({ name }) => !isOurs(name) && !rule.packages.includes(packageOf(name)))
        .map(({ name }) => `${path} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});

test("only the CLI imports edges", () => {
  const wrong = files
    .filter(({ folder }) => folder !== "cli" && folder !== "edges")
    .filter(({ imports }) => imports.some(({ name }) => name.startsWith("edges/")));
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test("only edges and the CLI touch disk, programs and the network", () => {
  const outside =
    /^(node:)?(fs|child_process|net|http|https|http2|dgram|tls|dns|worker_threads|cluster|os)(\/|$)|^execa$/;
  const wrong = files
    .filter(({ folder }) => folder !== "cli" && folder !== "edges")
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ name }) => !isOurs(name) && outside.test(name))
        .map(({ name }) => `${path} imports ${name}`),
    );
  // isIP is a function of text; the module's sockets are not used
  expect(wrong).toEqual(["model/cidr.ts imports node:net"]);
  expect(files.find(({ path }) => path === "model/cidr.ts")?.code).toContain(
    'import { isIP } from "node:net"',
  );
});

test.each(outsideWorld)("stages and operations do not see %s", (_, pattern) => {
  const wrong = inFolders([...Object.keys(stages), "operations"]).filter(({ code }) => pattern.test(code));
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test("no default exports, enums, namespaces, `any` or suppressed checks", () => {
  const banned: readonly RegExp[] = [
    /^export default\b/m,
    /^(export )?(declare )?(const )?enum\b/m,
    /^(export )?namespace\b/m,
    /\bas any\b|<any>/,
    /@ts-(ignore|expect-error|nocheck)/,
    /oxlint-disable|eslint-disable/,
  ];
  for (const pattern of banned) {
    const found = files.filter(({ path, code }) => pattern.test(code) || pattern.test(stringsOf(path)));
    expect(
      found.map(({ path }) => path),
      String(pattern),
    ).toEqual([]);
  }
});

/** Only for directives, which live in comments. */
function stringsOf(path: string): string {
  const directives = readFileSync(join(src, path), "utf8").match(/(@ts-|oxlint-|eslint-)[a-z-]+/g);
  return (directives ?? []).join("\n");
}

test("relative imports name a file that is there, with its ending", () => {
  const known = new Set(files.map(({ path }) => path));
  const wrong = files.flatMap(({ path, imports }) =>
    imports
      .filter(({ name }) => isOurs(name) && name.endsWith(".ts") && !known.has(name))
      .map(({ name }) => `${path} imports ${name}`),
  );
  expect(wrong).toEqual([]);
});
