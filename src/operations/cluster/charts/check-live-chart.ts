import { createHash } from "node:crypto";
import { lockFile } from "../../../definitions/layout.ts";
import { OperationError } from "../../../errors.ts";
import { describeChart, findLocked } from "../../../model/chart-lock.ts";
import type { Platform } from "../../../model/platform.ts";
import type { ClusterDeps } from "../cluster-deps.ts";
import { readChartInput } from "../render/chart-input.ts";

/**
 * Before a chart runs again as it stands in the cluster, with `charts: verified`: its bytes, delivered or downloaded,
 * must be ones that the lock file has. Errors: `refused`.
 */
export async function checkLiveChart(
  { charts: fetcher }: Pick<ClusterDeps, "charts">,
  {
    unit,
    platform: { charts, lock },
    chart,
  }: {
    readonly unit: string;
    readonly platform: Pick<Platform, "charts" | "lock">;
    /** The live HelmChart. */
    readonly chart: { readonly [key: string]: unknown };
  },
): Promise<void> {
  if (charts !== "verified") return;
  const refuse = (message: string) =>
    new OperationError("refused", `${unit}: ${message}`, {
      subject: unit,
      hint: "the chart was not run; woow plan says what git wants of it",
    });
  const read = readChartInput({ chart, valuesSecret: undefined });
  if (!read.ok) throw refuse(read.message);
  const { archive, ...coordinates } = read.input.request;
  if (archive !== undefined) {
    const sha256 = createHash("sha256").update(archive).digest("hex");
    const isKnown = [...(lock?.charts.values() ?? [])].some((entry) => entry.sha256 === sha256);
    if (!isKnown) throw refuse(`the chart in its HelmChart is not in ${lockFile}`);
    return;
  }
  const what = `its chart ${describeChart(coordinates)}`;
  const locked = findLocked(lock, coordinates);
  if (locked === undefined) throw refuse(`${what} is not in ${lockFile}`);
  const answer = await fetcher?.fetchChart(coordinates);
  if (answer?.ok !== true)
    throw refuse(
      `${what} cannot be compared with the lock file: ${answer?.message ?? "nobody asks repositories"}`,
    );
  if (answer.sha256 !== locked.sha256)
    throw refuse(`${what} has other bytes in its repository than were verified`);
}
