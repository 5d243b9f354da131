import type { ServiceFile } from "../../definitions/definition.ts";
import type { Problem } from "../../definitions/problem.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { formatHelmPath, isMapValue, parseHelmPath } from "../../model/helm-values.ts";
import { releaseName, serviceUnit } from "../../model/names.ts";
import type { Template } from "../../model/template.ts";
import type { AgeIdentity } from "../../secrets/age-identity.ts";
import { generatePassword } from "../../secrets/generate-password.ts";
import { openSecretValues } from "../../secrets/open-secrets.ts";
import type { CreatedService, CreateServiceDeps } from "./create-service.ts";
import { copyServiceText } from "./copy-service-text.ts";
import {
  checkNewFile,
  listOpenValues,
  makeSecrets,
  needsChartLock,
  placeNewFile,
  requireFreeHost,
  requireHost,
  seal,
  urlOf,
} from "./new-service-file.ts";
import { findTemplate, loadChoices, requireWorkspace } from "./service-choices.ts";
import type { ServiceChoices } from "./service-choices.ts";

export interface CopyServiceDeps extends CreateServiceDeps {
  /** Asked for only when secrets are kept. */
  readonly identities: () => readonly AgeIdentity[];
}

export interface CopyServiceOptions {
  /** `WORKSPACE/REFERENCE_ID`. */
  readonly from: string;
  /** `REFERENCE_ID` for the same workspace, or `WORKSPACE/REFERENCE_ID`. */
  readonly to: string;
  readonly name?: string | undefined;
  /** Left out: the copy has no host of its own. */
  readonly subdomain?: string | undefined;
  /** Secrets that nobody can generate are read and sealed again for the copy; else they are still open. */
  readonly keepSecrets: boolean;
}

/** A copy that was written. */
export interface CopiedService extends CreatedService {
  readonly from: string;
  /** Secrets taken over from the original. */
  readonly kept: readonly string[];
  /** Hosts of the original that the copy does not have. */
  readonly droppedHosts: readonly string[];
}

export type CopyServiceResult =
  | { readonly ok: true; readonly service: CopiedService }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Writes a new service with the settings and comments of another one. Passwords that can be made are made anew, hosts are
 * not taken over, data is not copied. Errors: `not-found`, `usage`, `already-exists`, `secrets`, and those of the writer.
 */
export async function copyService(
  deps: CopyServiceDeps,
  options: CopyServiceOptions,
): Promise<CopyServiceResult> {
  const { tree, writer, tools } = deps;
  const choices = loadChoices(tree);
  const original = findOriginal(choices, options.from);
  const faults = choices.problems.filter(
    ({ file, severity, code }) =>
      file === original.source.file && severity === "error" && code !== "missing-value",
  );
  if (faults.length > 0) return { ok: false, problems: faults };
  const template = findTemplate(choices, original.value.template_id);
  requireHost(template, options);
  requireFreeHost(choices, options);
  const [workspaceId, referenceId] = splitTarget(options.to, original.workspaceId);
  requireWorkspace(choices, workspaceId);
  const { unit, path } = placeNewFile(tree, { workspaceId, referenceId });

  const { fresh, kept, missing } = await collectSecrets(original, {
    template,
    deps,
    keep: options.keepSecrets,
  });
  const { secrets, generated } = makeSecrets(template, { ...fresh, ...kept }, tools);
  const draft = copyServiceText(original.source, {
    from: { unit: options.from, release: releaseName(original.workspaceId, original.id) },
    to: { unit, release: releaseName(workspaceId, referenceId) },
    name: options.name,
    subdomain: options.subdomain,
    domain: choices.platform.domain,
  });
  const text = await seal(tree, { draft, path, unit, secrets, tools });
  const checked = checkNewFile(tree, { choices, path, text });
  if (!checked.ok) return checked;
  writer.create(new Map([[path, text]]));

  const { helm_values: helmValues = {}, subdomain, custom_domain: customDomain } = original.value;
  const written = new Set(Object.keys(helmValues).map((key) => formatHelmPath(parseHelmPath(key) ?? [key])));
  const has = (key: string) => written.has(key) || key in secrets || missing.includes(key);
  const { domain, currency } = choices.platform;
  return {
    ok: true,
    service: {
      from: options.from,
      unit,
      path,
      template,
      url: urlOf(checked.ingress, { subdomain: options.subdomain, domain }),
      monthlyPrice: template.monthlyPrice,
      currency,
      generated: [...Object.keys(fresh), ...generated],
      kept: Object.keys(kept),
      droppedHosts: [
        ...(subdomain === undefined ? [] : [`${subdomain}.${domain}`]),
        ...(customDomain === undefined ? [] : [customDomain]),
      ],
      open: [
        ...listOpenValues(template, { unit, path, has }),
        ...missing.map((key) => ({
          key,
          label: template.specs.find((spec) => spec.key === key)?.label ?? "a secret of the original",
          hint: `woow secrets set ${unit} ${key}`,
        })),
      ],
      needsLock: await needsChartLock(choices, {
        template,
        chartVersion: original.value.chart_version ?? template.chart.version,
      }),
      warnings: checked.warnings,
    },
  };
}

function findOriginal({ definitions }: ServiceChoices, from: string): ServiceFile {
  const units = new Map(
    definitions.services.map((service) => [serviceUnit(service.workspaceId, service.id), service]),
  );
  const found = units.get(from);
  if (found !== undefined) return found;
  const isBroken = from.includes("/") && definitions.present.has(from);
  throw new OperationError(
    "not-found",
    isBroken ? `workspaces/${from}.yaml cannot be read` : `there is no service ${from}`,
    {
      subject: from,
      hint: isBroken
        ? "woow validate says what is wrong with it"
        : (suggestHint(from, [...units.keys()]) ?? "services are named WORKSPACE/REFERENCE_ID"),
    },
  );
}

function splitTarget(to: string, workspaceId: string): readonly [string, string] {
  const at = to.indexOf("/");
  return at < 0 ? [workspaceId, to] : [to.slice(0, at), to.slice(at + 1)];
}

/** What becomes of the original's secrets: made anew, taken over, or left for a person to set. */
async function collectSecrets(
  original: ServiceFile,
  { template, deps, keep }: { template: Template; deps: CopyServiceDeps; keep: boolean },
): Promise<{ fresh: Record<string, string>; kept: Record<string, string>; missing: string[] }> {
  const { secret_values: secretValues, sops } = original.value;
  const fresh: Record<string, string> = {};
  const others: string[] = [];
  for (const key of flatten(secretValues ?? {}).keys()) {
    const rule = template.specs.find((spec) => spec.key === key)?.generate;
    if (rule === undefined) others.push(key);
    else fresh[key] = generatePassword(rule, deps.tools.randomBytes);
  }
  const kept: Record<string, string> = {};
  if (keep && others.length > 0) {
    const bind = serviceUnit(original.workspaceId, original.id);
    const opened = await openSecretValues({ secretValues, sops, identities: deps.identities(), bind });
    if (!opened.ok) {
      const { message, hint } = opened.error;
      const { file } = original.source;
      throw new OperationError("secrets", `${file}: ${message}`, { subject: file, hint });
    }
    const values = flatten(opened.values);
    for (const key of others) {
      const value = values.get(key);
      // SOPS keeps numbers and true/false too, which sealing as text would change
      if (typeof value === "string") kept[key] = value;
    }
  }
  return { fresh, kept, missing: others.filter((key) => !(key in kept)) };
}

/** Leaves by Helm path, however they are nested; the hidden `_bind` is not among them. */
function flatten(map: object): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const visit = (level: object, head: readonly string[]): void => {
    for (const [key, item] of Object.entries(level)) {
      if (head.length === 0 && key === "_bind") continue;
      const steps = [...head, ...(parseHelmPath(key) ?? [key])];
      if (isMapValue(item)) visit(item, steps);
      else leaves.set(formatHelmPath(steps), item);
    }
  };
  visit(map, []);
  return leaves;
}
