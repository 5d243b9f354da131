import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { chartKey } from "../../../src/model/chart-lock.ts";
import type { ChartLock } from "../../../src/model/chart-lock.ts";
import { checkLiveChart } from "../../../src/operations/cluster/charts/check-live-chart.ts";

const sha256Of = (text: string) => createHash("sha256").update(text).digest("hex");
const coordinates = { repository: "https://charts.example.com", name: "web", version: "1.0.0" };
const lock: ChartLock = {
  charts: new Map([
    [chartKey(coordinates), { ...coordinates, sha256: sha256Of("good"), delivery: "download" }],
  ]),
  bytes: new Map(),
};
const inRepository = { spec: { repo: "https://charts.example.com/", chart: "web", version: "1.0.0" } };
const delivered = (text: string) => ({ spec: { chartContent: Buffer.from(text).toString("base64") } });

const check = (
  chart: { readonly [key: string]: unknown },
  { has = "good", charts = "verified" as "any" | "verified" } = {},
) =>
  checkLiveChart(
    {
      charts: {
        fetchChart: async () =>
          has === ""
            ? { ok: false, reason: "unavailable", message: "no route to host" }
            : { ok: true, bytes: new Uint8Array(), sha256: sha256Of(has), manifest: undefined },
      },
    },
    { unit: "a/web-01", platform: { charts, lock }, chart },
  );

test.each([
  ["delivered bytes that were verified", delivered("good"), {}],
  ["a repository that has what was verified", inRepository, {}],
  ["anything where any chart may run", delivered("evil"), { charts: "any" as const }],
])("woow retry runs %s", async (_, chart, world) => {
  await expect(check(chart, world)).resolves.toBeUndefined();
});

test.each([
  ["delivered bytes nobody verified", delivered("evil"), {}],
  ["a chart that is not in the lock file", { spec: { ...inRepository.spec, version: "1.0.1" } }, {}],
  ["a repository with other bytes", inRepository, { has: "evil" }],
  ["a repository that does not answer", inRepository, { has: "" }],
  ["a HelmChart without a version", { spec: { repo: "https://charts.example.com", chart: "web" } }, {}],
])("with charts: verified woow retry refuses %s", async (_, chart, world) => {
  await expect(check(chart, world)).rejects.toMatchObject({ code: "refused", subject: "a/web-01" });
});
