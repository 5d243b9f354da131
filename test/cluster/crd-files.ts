import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { parseAllDocuments } from "yaml";
import { toolCacheDir } from "../support/go-tool.ts";

/** A CustomResourceDefinition as its project publishes it. */
export interface CustomResourceDefinition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
}

/** Files of the Go modules that `test/tools/crds` pins. */
const sources: readonly { readonly module: string; readonly files: readonly string[] }[] = [
  {
    module: "github.com/k3s-io/helm-controller",
    files: ["helmcharts", "helmchartconfigs"].map(
      (name) => `pkg/crds/yaml/generated/helm.cattle.io_${name}.yaml`,
    ),
  },
  {
    module: "github.com/traefik/traefik/v3",
    files: ["docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml"],
  },
  {
    module: "github.com/cert-manager/cert-manager",
    files: [
      "cert-manager.io_certificates",
      "cert-manager.io_certificaterequests",
      "cert-manager.io_issuers",
      "cert-manager.io_clusterissuers",
      "acme.cert-manager.io_orders",
      "acme.cert-manager.io_challenges",
    ].map((name) => `deploy/crds/${name}.yaml`),
  },
];

const moduleDir = join(import.meta.dirname, "..", "tools", "crds");

/**
 * The CRDs a K3s with Traefik and cert-manager has, out of those projects' own Go modules; kept in the user's cache.
 * Throws when the modules cannot be had.
 */
export async function readCrds(): Promise<readonly CustomResourceDefinition[]> {
  const cacheDir = await toolCacheDir("crds");
  const list = createHash("sha256").update(JSON.stringify(sources)).digest("hex").slice(0, 8);
  const cached = join(cacheDir, `crds-${list}.json`);
  const known = await readFile(cached, "utf8").catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as CustomResourceDefinition[];
  const crds = await readModules();
  await mkdir(cacheDir, { recursive: true });
  const temporary = `${cached}.${process.pid}.tmp`;
  await writeFile(temporary, JSON.stringify(crds));
  await rename(temporary, cached);
  return crds;
}

async function readModules(): Promise<CustomResourceDefinition[]> {
  const modules = sources.map((source) => source.module);
  const { stdout } = await execa("go", ["mod", "download", "-json", ...modules], { cwd: moduleDir });
  const dirs = new Map<string, string>();
  // one JSON object after another, each ending in a line of its own
  for (const text of stdout.split(/(?<=^\})$/m)) {
    if (text.trim() === "") continue;
    const { Path, Dir } = JSON.parse(text) as { Path: string; Dir: string };
    dirs.set(Path, Dir);
  }
  const crds: CustomResourceDefinition[] = [];
  for (const { module, files } of sources) {
    for (const file of files) {
      const text = await readFile(join(dirs.get(module) ?? "", file), "utf8");
      for (const document of parseAllDocuments(text)) {
        const crd = document.toJS() as CustomResourceDefinition | null;
        if (crd !== null) crds.push(crd);
      }
    }
  }
  return crds;
}
