import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeLicences, isPermissive } from "../../scripts/licences.ts";
import { readProductionPackages } from "../../scripts/production-packages.ts";
import { makeSbom } from "../../scripts/sbom.ts";

const root = join(import.meta.dirname, "..", "..");
const { packages } = readProductionPackages();
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
};

test("the production packages hold every direct dependency, and what lies inside cdk8s; no development tool", () => {
  const names = new Set(packages.map(({ name }) => name));
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
    expect(names).toContain(name);
  expect(packages.map(({ place }) => place)).toContain("node_modules/cdk8s/node_modules/fast-json-patch");
  for (const name of ["vitest", "typescript", "oxlint", "prettier"]) expect(names).not.toContain(name);
});

test("no production package has an install script, so npm ci --omit=dev --ignore-scripts installs them whole", () => {
  expect(packages.filter(({ hasInstallScript }) => hasInstallScript)).toEqual([]);
});

test("every production package stands in the lock file with a digest of its bytes, or inside one that does", () => {
  const loose = packages.filter(
    ({ place, integrity }) =>
      integrity === undefined &&
      !packages.some((other) => other.integrity !== undefined && place.startsWith(`${other.place}/`)),
  );
  expect(loose.map(({ place }) => place)).toEqual([]);
});

test("every production package has a permissive licence, and docs/licences.md lists it", () => {
  const { text, refused } = describeLicences();
  expect(refused).toEqual([]);
  expect(readFileSync(join(root, "docs", "licences.md"), "utf8")).toBe(text);
});

test("what packages say of their licence on disk is what the lock file says", () => {
  const differ = packages.flatMap(({ place, licence }) => {
    let text: string;
    try {
      text = readFileSync(join(root, place, "package.json"), "utf8");
    } catch {
      // for another platform
      return [];
    }
    const { license } = JSON.parse(text) as { license?: unknown };
    return license === licence ? [] : [`${place}: ${JSON.stringify(license)}, not ${licence}`];
  });
  expect(differ).toEqual([]);
});

test.each([
  ["MIT", true],
  ["(MIT OR GPL-3.0)", true],
  ["MIT AND GPL-3.0", false],
  ["GPL-3.0", false],
  ["none given", false],
])("licence %s is permissive: %j", (expression, expected) => {
  expect(isPermissive(expression)).toBe(expected);
});

test("the bill of materials is CycloneDX: each production package once, with licence and digest, each reference known", () => {
  const sbom = makeSbom();
  expect(sbom).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.5", version: 1 });
  expect(sbom.serialNumber).toMatch(
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  );
  const refs = sbom.components.map((component) => component["bom-ref"]);
  expect(refs).toEqual([...new Set(packages.map(({ name, version }) => `${name}@${version}`))]);
  const known = new Set([sbom.metadata.component["bom-ref"], ...refs]);
  expect(sbom.dependencies.map(({ ref }) => ref)).toEqual([...known]);
  for (const { dependsOn } of sbom.dependencies) for (const ref of dependsOn) expect(known).toContain(ref);
  for (const { licenses } of sbom.components) expect(licenses).toHaveLength(1);
  const bundled = new Set(
    packages.filter(({ integrity }) => integrity === undefined).map(({ name }) => name),
  );
  for (const { name, hashes } of sbom.components)
    if (!bundled.has(name))
      expect(hashes).toMatchObject([
        { alg: "SHA-512", content: expect.stringMatching(/^[0-9a-f]{128}$/) as string },
      ]);
});

test("the bill of materials is the same each time, and names no host and no folder", () => {
  const text = JSON.stringify(makeSbom());
  expect(JSON.stringify(makeSbom())).toBe(text);
  expect(text).not.toContain("://");
  expect(text).not.toContain(root);
});
