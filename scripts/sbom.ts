/**
 * Prints the bill of materials of a production installation as CycloneDX 1.5 JSON, from package-lock.json alone:
 * `npm run --silent sbom > woow.cdx.json`. The same lock file gives the same bytes. npm's own `npm sbom --omit=dev` leaves out
 * production packages that a development tool uses too (npm 11.19: cdk8s, ajv and yaml among them).
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { readProductionPackages } from "./production-packages.ts";
import type { ProductionPackage } from "./production-packages.ts";

/** A component of CycloneDX. */
interface Component {
  readonly "bom-ref": string;
  readonly type: "library";
  readonly name: string;
  readonly version: string;
  readonly scope: "required" | "optional";
  readonly purl: string;
  readonly licenses: readonly object[];
  readonly hashes: readonly object[];
}

/** The bill of materials. */
export function makeSbom() {
  const { packages, root } = readProductionPackages();
  const byRef = Map.groupBy(packages, ({ name, version }) => `${name}@${version}`);
  const components = [...byRef].map(([ref, places]) => makeComponent(ref, places));
  const rootRef = `${root.name}@${root.version}`;
  const dependencies = [
    { ref: rootRef, dependsOn: root.dependsOn },
    ...[...byRef].map(([ref, places]) => ({
      ref,
      dependsOn: [...new Set(places.flatMap(({ dependsOn }) => dependsOn))].sort(),
    })),
  ];
  const content = JSON.stringify([components, dependencies]);
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    serialNumber: `urn:uuid:${makeUuid(content)}`,
    version: 1,
    metadata: {
      component: {
        "bom-ref": rootRef,
        type: "application",
        name: root.name,
        version: root.version,
        purl: makePurl(root),
      },
    },
    components,
    dependencies,
  };
}

function makeComponent(ref: string, places: readonly ProductionPackage[]): Component {
  const [{ name, version, licence }] = places as readonly [ProductionPackage, ...ProductionPackage[]];
  const integrity = places.find((place) => place.integrity !== undefined)?.integrity;
  return {
    "bom-ref": ref,
    type: "library",
    name,
    version,
    scope: places.every(({ isOptional }) => isOptional) ? "optional" : "required",
    purl: makePurl({ name, version }),
    licenses:
      licence === undefined
        ? []
        : [/ (OR|AND) /.test(licence) ? { expression: licence } : { license: { id: licence } }],
    hashes: (integrity ?? "").split(" ").flatMap(readHash),
  };
}

const algorithms: Readonly<Record<string, string>> = {
  sha1: "SHA-1",
  sha256: "SHA-256",
  sha384: "SHA-384",
  sha512: "SHA-512",
};

function readHash(integrity: string): object[] {
  const [name = "", encoded = ""] = integrity.split("-");
  const alg = algorithms[name];
  return alg === undefined ? [] : [{ alg, content: Buffer.from(encoded, "base64").toString("hex") }];
}

function makePurl({ name, version }: { readonly name: string; readonly version: string }): string {
  return `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
}

/** A UUID of version 8: made from the content, so that the same content has the same. */
function makeUuid(content: string): string {
  const hex = createHash("sha256").update(content).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`${JSON.stringify(makeSbom(), null, 2)}\n`);
