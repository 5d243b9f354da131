import { createHash } from "node:crypto";
import { lockFile } from "../../definitions/layout.ts";
import { problemAt } from "../../definitions/problem.ts";
import type { Problem } from "../../definitions/problem.ts";
import { packageChart } from "../../manifests/package-chart.ts";
import type { Unit } from "../../manifests/unit.ts";
import { describeChart, findLocked } from "../../model/chart-lock.ts";
import type { Platform } from "../../model/platform.ts";
import type { Service } from "../../model/service.ts";

/**
 * With `charts: verified`, the services whose chart is not in the lock file, or is one of our own that was changed
 * since. For files that nobody asks the cluster about before they are published; apply judges its plan instead.
 */
export async function findUnverified(
  platform: Platform,
  units: readonly Unit[],
): Promise<readonly Problem[]> {
  if (platform.charts !== "verified") return [];
  const known = new Map<string, boolean>();
  const problems: Problem[] = [];
  for (const unit of units) {
    if (unit.type !== "service") continue;
    const { service } = unit;
    const { template, chartVersion } = service;
    const key = `${template.id}\n${chartVersion}`;
    const isVerified = known.get(key) ?? (await isLocked(platform, service));
    known.set(key, isVerified);
    if (isVerified) continue;
    problems.push(
      problemAt(service.source.locate(["template_id"]), {
        code: "bad-chart",
        message: `the chart ${describeChart({ ...template.chart, version: chartVersion })} is not in ${lockFile}, or not as it is now`,
        hint: "woow catalog verify --write-lock verifies and locks it; charts: any lets every chart run",
      }),
    );
  }
  return problems;
}

/** Whether the lock file has the chart, with the bytes that one of our own has now. */
export async function isLocked(
  { lock }: Platform,
  { template: { chart }, chartVersion }: Pick<Service, "template" | "chartVersion">,
): Promise<boolean> {
  const locked = findLocked(lock, { ...chart, version: chartVersion });
  if (locked === undefined || chart.folder === undefined) return locked !== undefined;
  return (
    createHash("sha256")
      .update(await packageChart(chart.folder))
      .digest("hex") === locked.sha256
  );
}
