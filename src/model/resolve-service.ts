import type { Json } from "../definitions/convert.ts";
import type { ServiceFile } from "../definitions/definition.ts";
import { suggestHint } from "../definitions/suggest.ts";
import { findUnsafeText } from "./isolation-values.ts";
import { checkServiceHosts, resolveIngress } from "./service-hosts.ts";
import { formatHelmPath, getValue, mergeValues, parseHelmPath, setValue } from "./helm-values.ts";
import type { HelmValues } from "./helm-values.ts";
import {
  maxReleaseNameLength,
  maxWorkloadNameLength,
  namespaceName,
  releaseName,
  reservedReferenceIds,
  serviceUnit,
} from "./names.ts";
import { fillText, fillValue } from "./placeholders.ts";
import type { Placeholders } from "./placeholders.ts";
import type { ProblemList } from "./problem-list.ts";
import type { ServiceContext } from "./service-context.ts";
import { checkRawValues } from "./resolve-raw-values.ts";
import { resolveSecrets } from "./resolve-secrets.ts";
import { resolveSizes } from "./resolve-sizes.ts";
import type { Service } from "./service.ts";
import type { Template } from "./template.ts";
import { valueFault } from "./value-spec.ts";

/** Merges template and service file; reports whatever no schema can say. */
export function resolveService(file: ServiceFile, context: ServiceContext): Service {
  const { template, list } = context;
  const { value, source, workspaceId, id: referenceId } = file;
  const namespace = namespaceName(workspaceId);
  const release = releaseName(workspaceId, referenceId);
  checkNames(file, release, context);
  checkChartVersion(file, context);
  checkServiceHosts(file, context);

  const primaryHost =
    context.hosts.at(-1)?.kind === "custom" ? context.hosts.at(-1)?.host : context.hosts[0]?.host;
  const placeholders: Placeholders = {
    release_name: release,
    namespace,
    workspace_id: workspaceId,
    reference_id: referenceId,
    ...(primaryHost === undefined ? {} : { host: primaryHost, url: `https://${primaryHost}` }),
  };
  const helmValues = resolveHelmValues(file, context);
  const secrets = resolveSecrets(file, template, list);
  const { allocated, values: sizeValues } = resolveSizes(file, template, list);
  const raw = (value.raw_values ?? {}) as HelmValues;
  checkRawValues(file, raw, { ...context, namespace });
  checkRequired(file, { template, list, secretPaths: secrets?.paths ?? [] });
  const serviceValues = mergeValues(mergeValues(sizeValues, helmValues), raw);
  return {
    workspaceId,
    referenceId,
    unit: serviceUnit(workspaceId, referenceId),
    name: value.name,
    releaseName: release,
    namespace,
    template,
    chartVersion: value.chart_version,
    catalogValues: catalogValues(template, placeholders),
    serviceValues,
    secrets,
    allocated,
    ingress: resolveIngress(context.hosts, {
      primaryHost,
      backendService: fillText(template.serviceName, placeholders),
      backendPort: template.servicePort,
      podPort: template.podPort,
    }),
    isPrivate: value.is_private_network ?? false,
    internalPort: template.servicePort,
    source,
  };
}

/** default_values with the placeholders filled, and every spec's default on top. */
function catalogValues(template: Template, placeholders: Placeholders): HelmValues {
  const values = fillValue(template.defaultValues as { [key: string]: Json }, placeholders);
  for (const spec of template.specs) {
    if (spec.defaultValue !== undefined)
      setValue(values, spec.steps, fillValue(spec.defaultValue, placeholders));
  }
  return values;
}

function checkNames(file: ServiceFile, release: string, { template, list }: ServiceContext): void {
  if (reservedReferenceIds.has(file.id)) {
    list.add(file.source, [], {
      code: "reserved-name",
      message: `the reference id ${file.id} is reserved`,
      hint: "rename the file",
    });
  }
  if (release.length > maxReleaseNameLength) {
    list.add(file.source, [], {
      code: "name-too-long",
      message: `the release name ${release} has ${release.length} characters; ${maxReleaseNameLength} fit`,
      hint: `rename the file: the reference id has ${release.length - maxReleaseNameLength} too many`,
    });
    return;
  }
  const workload = release.length + template.longestNameSuffix.length;
  if (workload > maxWorkloadNameLength) {
    list.add(file.source, [], {
      code: "name-too-long",
      message: `${release}${template.longestNameSuffix}, which the chart makes, has ${workload} characters; ${maxWorkloadNameLength} fit`,
      hint: `rename the file: the reference id has ${workload - maxWorkloadNameLength} too many for the template ${template.id}`,
    });
  }
}

function checkChartVersion(file: ServiceFile, { template, list }: ServiceContext): void {
  const { folder } = template.chart;
  if (folder === undefined || folder.version === file.value.chart_version) return;
  list.add(file.source, ["chart_version"], {
    code: "chart-version-unavailable",
    message: `charts/${folder.name} is at version ${folder.version}; ${file.value.chart_version} is not in this repository`,
    hint: `write chart_version: "${folder.version}" (woow upgrade does it)`,
  });
}

/** helm_values by spec key, as a nested map. */
function resolveHelmValues(file: ServiceFile, { template, list }: ServiceContext): HelmValues {
  const result: { [key: string]: Json } = {};
  const known = template.specs.map((spec) => spec.key);
  for (const [written, value] of Object.entries(file.value.helm_values ?? {})) {
    const at = ["helm_values", written];
    const steps = parseHelmPath(written);
    const spec =
      steps === undefined ? undefined : template.specs.find(({ key }) => key === formatHelmPath(steps));
    if (steps === undefined || spec === undefined) {
      const nested = known.filter((key) => key.startsWith(`${written}.`));
      list.add(file.source, at, {
        code: "unknown-key",
        target: "key",
        message: `the template ${template.id} has no value ${written}`,
        hint:
          nested.length > 0
            ? `keys are written with dots: ${nested.join(", ")}`
            : suggestHint(written, known),
      });
      continue;
    }
    if (spec.type === "password") {
      list.add(file.source, at, {
        code: "plain-text-password",
        message: `${spec.key} is a password in plain text`,
        hint: `remove it here and set it encrypted: woow secrets set ${file.workspaceId}/${file.id} ${spec.key}; then change it where it was used, git remembers it`,
      });
      continue;
    }
    const fault = valueFault(spec, value as Json);
    if (fault !== undefined) {
      const code =
        spec.type === "select" && typeof value === "string" ? "value-not-in-options" : "wrong-type";
      list.add(file.source, at, { code, message: `${spec.key} ${fault}`, hint: spec.helpText });
      continue;
    }
    const [unsafe] = findUnsafeText({ [spec.key]: value as Json }, () => spec.multiline);
    if (unsafe !== undefined) {
      list.add(file.source, at, { code: "isolation-value", message: unsafe.message, hint: unsafe.hint });
      continue;
    }
    setValue(result, steps, value as Json);
  }
  return result;
}

function checkRequired(
  file: ServiceFile,
  { template, list, secretPaths }: { template: Template; list: ProblemList; secretPaths: readonly string[] },
): void {
  const unit = serviceUnit(file.workspaceId, file.id);
  for (const spec of template.specs) {
    if (!spec.required || spec.defaultValue !== undefined) continue;
    if (spec.type === "password") {
      if (secretPaths.includes(spec.key)) continue;
      list.add(file.source, ["secret_values"], {
        code: "missing-value",
        message: `the password ${spec.key} (${spec.label}) is missing in secret_values`,
        hint:
          spec.generate === undefined
            ? `woow secrets set ${unit} ${spec.key}`
            : `woow secrets regenerate ${unit} ${spec.key}`,
      });
      continue;
    }
    const given = Object.keys(file.value.helm_values ?? {}).some((key) => {
      const steps = parseHelmPath(key);
      return steps !== undefined && formatHelmPath(steps) === spec.key;
    });
    if (given || secretPaths.includes(spec.key)) continue;
    if (getValue((file.value.raw_values ?? {}) as HelmValues, spec.steps) !== undefined) continue;
    list.add(file.source, ["helm_values"], {
      code: "missing-value",
      message: `${spec.key} (${spec.label}) is missing in helm_values`,
      hint: `add ${spec.key}: ${spec.placeholder ?? spec.helpText ?? "..."}`,
    });
  }
}
