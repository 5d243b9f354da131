import { Ajv2020 } from "ajv/dist/2020.js";
import type { Options, ValidateFunction } from "ajv/dist/2020.js";
import catalogLock from "../../schemas/catalog-lock.schema.json" with { type: "json" };
import cloudAppTemplate from "../../schemas/cloud-app-template.schema.json" with { type: "json" };
import cloudService from "../../schemas/cloud-service.schema.json" with { type: "json" };
import domains from "../../schemas/domains.schema.json" with { type: "json" };
import platform from "../../schemas/platform.schema.json" with { type: "json" };
import workspace from "../../schemas/workspace.schema.json" with { type: "json" };
import type { DefinitionKind } from "./definition.ts";

/**
 * The schemas as functions. Compiling them takes longer than checking a whole platform, so the build replaces this
 * module by the code ajv generates from the same schemas and options (scripts/generate-validators.ts).
 */
const schemas: Record<DefinitionKind, object> = {
  Platform: platform,
  CloudAppTemplate: cloudAppTemplate,
  Workspace: workspace,
  CloudService: cloudService,
  Domains: domains,
  CatalogLock: catalogLock,
};

/** Every error of a document, with the schema it comes from: its description is the hint. */
export const validatorOptions: Options = {
  allErrors: true,
  verbose: true,
  strict: true,
  allowUnionTypes: true,
  validateFormats: false,
};

const compiled = new Map<DefinitionKind, ValidateFunction>();

/** The function that checks a document of this kind; compiled on first use. */
export function validatorOf(kind: DefinitionKind): ValidateFunction {
  let validator = compiled.get(kind);
  if (validator === undefined) {
    validator = new Ajv2020(validatorOptions).compile(schemas[kind]);
    compiled.set(kind, validator);
  }
  return validator;
}
