import type { HelmValues } from "../../../model/helm-values.ts";

/** Where to take a chart from, at exactly one version. */
export interface ChartRequest {
  /** https://, http://, oci://, or file:charts with `archive`. */
  readonly repository: string;
  readonly name: string;
  readonly version: string;
  /** A chart of one's own, packed; it is in no repository. */
  readonly archive: Uint8Array | undefined;
}

/** A chart on this machine. */
export interface OpenedChart {
  /** What `render` takes it by. */
  readonly location: string;
  /** Chart.yaml, values, schema, templates and sub-charts (packed ones unpacked), by their path in the chart. */
  readonly files: ReadonlyMap<string, string>;
}

export type OpenResult =
  | { readonly ok: true; readonly chart: OpenedChart }
  /**
   * `not-found`: the repository or folder answers and has no such chart; `unavailable`: it does not answer; `broken`:
   * what it gives is no chart.
   */
  | {
      readonly ok: false;
      readonly reason: "not-found" | "unavailable" | "broken";
      readonly message: string;
    };

export interface RenderRequest {
  readonly location: string;
  readonly release: string;
  readonly namespace: string;
  readonly values: HelmValues;
  /** For example v1.35.8; charts look at it. */
  readonly kubeVersion: string;
  /**
   * True: as an upgrade, so charts see `.Release.IsUpgrade` and what lies in crds/ is left out, as Helm never touches
   * it again. Left out: as a first installation.
   */
  readonly isUpgrade?: boolean;
}

/** The manifests as text, or helm's own words. */
export type RenderResult =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };

/**
 * Port to the real helm. The adapter lives in edges/.
 * Errors: OperationError `program-missing` and `program-failed` when helm itself cannot run.
 */
export interface HelmClient {
  /** The version helm gives itself, for example v4.3. */
  readonly version: string;
  openChart(request: ChartRequest): Promise<OpenResult>;
  render(request: RenderRequest): Promise<RenderResult>;
  /**
   * What the chart reads of a cluster while it is rendered, in order; the cluster it is shown has nothing. Where the
   * rendering stops, what it read until then. Left out by a client that cannot tell.
   */
  observeLookups?(request: RenderRequest): Promise<readonly ObservedLookup[]>;
}

/** One read of a chart's `lookup`. */
export interface ObservedLookup {
  /** Undefined: outside namespaces, or in all of them. */
  readonly namespace: string | undefined;
  /** Plural, lower case. */
  readonly resource: string;
  /** Undefined: all of them. */
  readonly name: string | undefined;
}
