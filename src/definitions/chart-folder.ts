import { parse } from "yaml";
import type { ChartFolder } from "./definition.ts";
import { problemAt } from "./problem.ts";
import type { Problem } from "./problem.ts";

/** Reads name and version out of charts/<name>/Chart.yaml; a folder that is no chart is a problem. */
export function readChartFolder(
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
): { ok: true; chart: ChartFolder } | { ok: false; problem: Problem } {
  const file = `charts/${name}/Chart.yaml`;
  const fail = (message: string, hint: string) => ({
    ok: false as const,
    problem: problemAt({ file, line: 1, column: 1 }, { code: "bad-chart", message, hint }),
  });
  const bytes = files.get("Chart.yaml");
  if (bytes === undefined) return fail(`charts/${name} has no Chart.yaml`, "a chart of one's own needs one");
  let meta: unknown;
  try {
    meta = parse(new TextDecoder().decode(bytes), { maxAliasCount: 10, logLevel: "silent" });
  } catch {
    return fail("Chart.yaml is not valid YAML", "see what helm lint says");
  }
  const { name: chartName, version } = (meta ?? {}) as { name?: unknown; version?: unknown };
  if (chartName !== name) {
    const says = typeof chartName === "string" ? `name: ${chartName}` : "no name in text form";
    return fail(`Chart.yaml says ${says}, the folder says ${name}`, `write name: ${name}`);
  }
  if (typeof version !== "string")
    return fail("Chart.yaml has no version in text form", 'write version: "0.1.0"');
  const sorted = new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ok: true, chart: { name, version, files: sorted } };
}
