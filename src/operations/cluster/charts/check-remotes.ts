import type { ApplyEvent } from "../../../apply/event.ts";
import { chartKey, describeChart } from "../../../model/chart-lock.ts";
import type { LockedChart } from "../../../model/chart-lock.ts";
import type { Plan, Refusal } from "../../../plan/change.ts";
import type { ChartFetcher, FetchedChart } from "../../charts/chart-fetcher.ts";
import type { ClusterDeps } from "../cluster-deps.ts";
import type { DesiredCluster } from "../load-desired.ts";
import type { PreparedRun } from "../prepare-run.ts";
import { listChartUses, unitsThatRunCharts } from "./chart-uses.ts";
import type { ChartUse } from "./chart-uses.ts";
import { chartFault, withFaults } from "./judge-charts.ts";
import type { ChartFaults } from "./judge-charts.ts";

/**
 * The same run with what the repositories say now: a chart that may not run is refused, or its unit left alone. Asked
 * right before the first write, and only about charts that are to run.
 */
export async function* askRepositories(
  { charts }: Pick<ClusterDeps, "charts">,
  run: PreparedRun,
  isIsolated: boolean,
): AsyncGenerator<ApplyEvent, PreparedRun> {
  const chartFaults = yield* checkRemotes(charts, run);
  return { ...run, plan: withFaults(run.plan, chartFaults, isIsolated), chartFaults };
}

/** Charts fetched at once. */
const fetchesAtOnce = 4;

/**
 * Downloads every chart that a plan makes run once more, and compares it with the lock file: nothing that was
 * remembered counts. A repository that does not answer stops only charts that the chart job would download itself;
 * where the verified bytes are delivered it is told.
 */
async function* checkRemotes(
  fetcher: ChartFetcher | undefined,
  { plan, desired }: { readonly plan: Plan; readonly desired: DesiredCluster },
): AsyncGenerator<ApplyEvent, ChartFaults> {
  const faults = new Map<string, Refusal>();
  if (desired.platform.charts !== "verified") return faults;
  const running = unitsThatRunCharts(plan);
  const uses = listChartUses(desired).filter(
    ({ unit, chart, locked }) =>
      running.has(unit) && locked !== undefined && chart.repository !== "file:charts",
  );
  const charts = new Map(uses.flatMap(({ locked }) => (locked ? [[chartKey(locked), locked] as const] : [])));
  const fetched = await fetchAll(fetcher, charts);
  for (const use of uses) {
    const { unit, locked } = use;
    const answer = locked === undefined ? undefined : fetched.get(chartKey(locked));
    if (locked === undefined || answer === undefined) continue;
    const fault = remoteFault(use, { locked, answer });
    if (fault !== undefined) faults.set(unit, fault);
    else if (!answer.ok) {
      yield {
        type: "step",
        unit,
        message: `its repository could not be asked again (${answer.message}); the verified bytes are delivered`,
      };
    }
  }
  return faults;
}

function remoteFault(
  { unit, chart, contentSha256 }: ChartUse,
  { locked, answer }: { readonly locked: LockedChart; readonly answer: FetchedChart },
): Refusal | undefined {
  const what = `its chart ${describeChart(chart)}`;
  if (answer.ok) {
    if (answer.sha256 === locked.sha256) return undefined;
    const [is, was] = [answer.sha256, locked.sha256].map((text) => `${text.slice(0, 12)}...`);
    return chartFault(
      unit,
      `${what} has other bytes in its repository than were verified: ${is}, not ${was}`,
      "nothing was written; ask its publisher why, and do not lock it again before you know",
    );
  }
  if (contentSha256 !== undefined) return undefined;
  return chartFault(
    unit,
    `${what} cannot be compared with the lock file: ${answer.message}`,
    "nothing was written; try again when the repository answers, or let the lock file hold the bytes (woow catalog verify --write-lock)",
  );
}

async function fetchAll(
  fetcher: ChartFetcher | undefined,
  charts: ReadonlyMap<string, LockedChart>,
): Promise<ReadonlyMap<string, FetchedChart>> {
  const answers = new Map<string, FetchedChart>();
  const waiting = charts.entries();
  const work = async () => {
    for (const [key, chart] of waiting)
      answers.set(
        key,
        fetcher === undefined
          ? { ok: false, reason: "unavailable", message: "this command asks no repositories" }
          : await fetcher.fetchChart(chart),
      );
  };
  await Promise.all(Array.from({ length: fetchesAtOnce }, work));
  return answers;
}
