import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";
import type { Plugin } from "rolldown";
import { validatorOptions } from "../src/definitions/validators.ts";

const files = {
  Platform: "platform",
  CloudAppTemplate: "cloud-app-template",
  Workspace: "workspace",
  CloudService: "cloud-service",
  Domains: "domains",
  CatalogLock: "catalog-lock",
} as const;

/** Puts ajv's generated code in the place of src/definitions/validators.ts, so that no schema is compiled at start. */
export function generateValidators(root: string): Plugin {
  return {
    name: "generate-validators",
    load(id) {
      if (!id.endsWith("/src/definitions/validators.ts")) return undefined;
      return { code: writeValidators(root), moduleType: "js" };
    },
  };
}

function writeValidators(root: string): string {
  const ajv = new Ajv2020({ ...validatorOptions, code: { source: true, esm: true } });
  for (const [kind, file] of Object.entries(files)) {
    const text = readFileSync(`${root}schemas/${file}.schema.json`, "utf8");
    ajv.addSchema(JSON.parse(text) as object, kind);
  }
  const names = Object.fromEntries(Object.keys(files).map((kind) => [`validate${kind}`, kind]));
  const imports: string[] = [];
  const code = standalone
    .default(ajv, names)
    .replaceAll(/const (\w+) = require\("([^"]+)"\)\.default;/g, (_, name: string, path: string) => {
      imports.push(`import ${name}Module from ${JSON.stringify(`${path}.js`)};\n`);
      return `const ${name} = ${name}Module.default;`;
    });
  if (code.includes("require(")) throw new Error("ajv's generated code needs something that is not bundled");
  const table = Object.entries(names).map(([name, kind]) => `${JSON.stringify(kind)}: ${name}`);
  return `${imports.join("")}${code}
const validators = { ${table.join(", ")} };
export const validatorOptions = undefined;
export function validatorOf(kind) { return validators[kind]; }
`;
}
