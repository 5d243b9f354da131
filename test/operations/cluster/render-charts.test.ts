import { expect, test } from "vitest";
import { OperationError } from "../../../src/errors.ts";
import type {
  ChartRequest,
  HelmClient,
  RenderRequest,
} from "../../../src/operations/catalog/verify/helm-client.ts";
import { renderCharts } from "../../../src/operations/cluster/render/render-charts.ts";
import type { ServiceRendering } from "../../../src/operations/cluster/render/service-rendering.ts";
import { planFiles, settle, twoServices } from "../../plan/plan-world.ts";
import type { PlanRequest } from "../../plan/plan-world.ts";
import { append, edit } from "../../support/builders.ts";
import type { Definitions } from "../../support/builders.ts";
import { createFakeCluster } from "../../support/fake-cluster.ts";
import type { FakeCluster } from "../../support/fake-cluster.ts";

const shop = "workspaces/acme/web-01.yaml";
const chartRef = {
  apiVersion: "helm.cattle.io/v1",
  kind: "HelmChart",
  namespace: "paas-charts",
  name: "paas-ws-acme-web-01",
} as const;

interface Rendered {
  readonly renderings: readonly ServiceRendering[];
  readonly charts: readonly ChartRequest[];
  readonly requests: readonly RenderRequest[];
  readonly progress: readonly string[];
}

/** Plans and renders with a helm whose charts show their values in a ConfigMap. */
async function render(
  files: Definitions,
  cluster: FakeCluster,
  { signal = new AbortController().signal, ...request }: PlanRequest & { readonly signal?: AbortSignal } = {},
): Promise<Rendered> {
  const planned = await planFiles(files, cluster, request);
  const charts: ChartRequest[] = [];
  const requests: RenderRequest[] = [];
  const progress: string[] = [];
  const helm: HelmClient = {
    version: "v4.0",
    openChart: (chart) => {
      charts.push(chart);
      const location = `${chart.name} ${chart.version}`;
      return Promise.resolve({ ok: true, chart: { location, files: new Map() } });
    },
    render: (one) => {
      requests.push(one);
      const data = { values: JSON.stringify(one.values), chart: one.location };
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, data };
      return Promise.resolve({ ok: true, text: JSON.stringify(object) });
    },
  };
  const renderings = await renderCharts(planned, {
    helm,
    signal,
    progress: (done, total) => progress.push(`${done}/${total}`),
  });
  return { renderings, charts, requests, progress };
}

async function settled(): Promise<{ readonly files: Definitions; readonly cluster: FakeCluster }> {
  const files = await twoServices();
  const cluster = createFakeCluster();
  await settle(files, cluster);
  return { files, cluster };
}

test("only services whose chart or values change, in the order of the plan", async () => {
  const { files, cluster } = await settled();
  expect((await render(files, cluster)).renderings).toEqual([]);
  // an Ingress is no chart's business
  const moved = edit(files, shop, ["subdomain: shop", "subdomain: store"]);
  expect((await render(moved, cluster)).renderings).toEqual([]);
  const changed = edit(files, shop, ["1.2.3", "1.2.4"]);
  const { renderings, requests, progress } = await render(changed, cluster);
  expect(renderings.map(({ unit, chartBefore, chartAfter }) => [unit, chartBefore, chartAfter])).toEqual([
    ["acme/web-01", "web 1.2.3", "web 1.2.4"],
  ]);
  expect(requests[0]).toMatchObject({ release: "paas-ws-acme-web-01", namespace: "paas-ws-acme" });
  expect(progress).toEqual(["1/1"]);
  const fresh = await render(files, createFakeCluster());
  expect(fresh.renderings.map(({ unit, chartBefore }) => [unit, chartBefore])).toEqual([
    ["acme/orders", undefined],
    ["acme/web-01", undefined],
  ]);
});

test("a field left to another manager stays as it is in what is rendered", async () => {
  const { files, cluster } = await settled();
  cluster.edit(chartRef, (object) => {
    object["spec"] = { ...(object["spec"] as object), version: "9.0.0" };
  });
  const changed = append(files, shop, "raw_values:\n  message: hello\n");
  const taken = await render(changed, cluster, { decisions: { take: ["all"] } });
  expect(taken.renderings).toMatchObject([{ chartBefore: "web 9.0.0", chartAfter: "web 1.2.3" }]);
  const kept = await render(changed, cluster, { decisions: { keep: ["spec.version"] } });
  expect(kept.renderings).toMatchObject([{ chartBefore: "web 9.0.0", chartAfter: "web 9.0.0" }]);
  expect(kept.charts.map(({ version }) => version)).toEqual(["9.0.0"]);
  // beside another change of the same object
  cluster.edit(chartRef, (object) => {
    object["spec"] = { ...(object["spec"] as object), failurePolicy: "retry" };
  });
  const both = { take: ["spec.failurePolicy"], keep: ["spec.version"] };
  const mixed = await render(files, cluster, { decisions: both });
  expect(mixed.renderings).toMatchObject([{ chartAfter: "web 9.0.0", changes: [], unchanged: 1 }]);
});

test("what somebody wrote into a HelmChart by hand is hidden, it may be a secret", async () => {
  const { files, cluster } = await settled();
  cluster.edit(chartRef, (object) => {
    object["spec"] = { ...(object["spec"] as object), valuesContent: "message: made-up-text-by-hand\n" };
  });
  const { renderings } = await render(files, cluster, { decisions: { take: ["all"] } });
  expect(renderings[0]?.changes).toHaveLength(1);
  expect(JSON.stringify(renderings)).not.toContain("made-up-text-by-hand");
});

test("Ctrl-C stops before the next chart", async () => {
  const stopped = AbortSignal.abort();
  const error = await render(await twoServices(), createFakeCluster(), { signal: stopped }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(OperationError);
  expect(error).toMatchObject({ code: "cancelled" });
});
