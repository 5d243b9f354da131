import type { Problem } from "../definitions/problem.ts";
import { problemAt } from "../definitions/problem.ts";
import { maxChartBytes, packageChart } from "../manifests/package-chart.ts";
import { renderManifests, writeManifests } from "../manifests/render.ts";
import type { ServiceInputs } from "../manifests/render.ts";
import { listHostOwners } from "../model/foreign-hosts.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { unitAddress } from "../manifests/unit.ts";
import type { Unit } from "../manifests/unit.ts";
import { findLocked } from "../model/chart-lock.ts";
import type { ChartCoordinates } from "../model/chart-lock.ts";
import type { HelmValues } from "../model/helm-values.ts";
import type { Platform } from "../model/platform.ts";
import type { Service } from "../model/service.ts";
import type { AgeIdentity } from "../secrets/age-identity.ts";
import { openServiceSecrets, placeholderSecrets } from "./open-secrets.ts";

/** Renders units one by one; what it needs of the world comes in here. */
export interface RenderOptions {
  readonly platform: Platform;
  /** Undefined: placeholders stand for the secrets, and no key is needed. */
  readonly identities: readonly AgeIdentity[] | undefined;
}

/** A rendered unit, or the problems of its secrets. */
export type RenderedUnit =
  | {
      readonly ok: true;
      readonly unit: Unit;
      readonly manifests: readonly Manifest[];
      /** The unit's file. */
      readonly writeText: () => string;
    }
  | { readonly ok: false; readonly unit: Unit; readonly problems: readonly Problem[] };

/** A renderer that packages every chart of one's own once. */
export function createRenderer({
  platform,
  identities,
}: RenderOptions): (unit: Unit) => Promise<RenderedUnit> {
  const packages = new Map<string, Promise<string>>();
  const hostOwners = listHostOwners(platform);
  const contentOf = ({ template, chartVersion }: Service): Promise<string> | string | undefined => {
    const { folder } = template.chart;
    if (folder === undefined) return verifiedContent(platform, { ...template.chart, version: chartVersion });
    let content = packages.get(folder.name);
    if (content === undefined) {
      content = packageChart(folder).then((bytes) => Buffer.from(bytes).toString("base64"));
      packages.set(folder.name, content);
    }
    return content;
  };
  return async (unit) => {
    if (unit.type !== "service") return finish(platform, unit, { secretValues: {}, chartContent: undefined });
    const { service } = unit;
    const chartContent = await contentOf(service);
    const tooLarge = chartTooLarge(service, chartContent);
    if (tooLarge !== undefined) return { ok: false, unit, problems: [tooLarge] };
    let secretValues: HelmValues = placeholderSecrets(service);
    if (identities !== undefined) {
      const opened = await openServiceSecrets(service, { identities, hostOwners });
      if (!opened.ok) return { ok: false, unit, problems: [opened.problem] };
      secretValues = opened.values;
    }
    return finish(platform, unit, { secretValues, chartContent });
  };
}

/** The bytes that were verified, where only such charts may run and they fit into a HelmChart. */
function verifiedContent({ charts, lock }: Platform, chart: ChartCoordinates): string | undefined {
  const locked = charts === "verified" ? findLocked(lock, chart) : undefined;
  const bytes = locked?.delivery === "content" ? lock?.bytes.get(locked.sha256) : undefined;
  return bytes === undefined ? undefined : Buffer.from(bytes).toString("base64");
}

function finish(platform: Platform, unit: Unit, inputs: ServiceInputs): RenderedUnit {
  try {
    const manifests = renderManifests(platform, unit, inputs);
    return { ok: true, unit, manifests, writeText: () => writeManifests(platform, unit, manifests) };
  } catch (error) {
    throw new Error(`rendering ${unitAddress(unit)} failed`, { cause: error });
  }
}

function chartTooLarge(service: Service, chartContent: string | undefined): Problem | undefined {
  const bytes = chartContent === undefined ? 0 : (chartContent.length * 3) / 4;
  if (bytes <= maxChartBytes) return undefined;
  return problemAt(service.source.locate(["template_id"]), {
    code: "bad-chart",
    message: `the chart ${service.template.chart.name} is ${Math.ceil(bytes / 1024)} KiB packaged; a HelmChart holds ${maxChartBytes / 1024} KiB`,
    hint: "make it smaller, or serve it from a chart repository",
  });
}
