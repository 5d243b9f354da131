import { load } from "js-yaml";
import { OperationError } from "../../errors.ts";
import type { ChartCoordinates } from "../../model/chart-lock.ts";
import type { WebClient } from "./web-request.ts";

/** The largest public index has some 25 MiB. */
const maxIndexBytes = 128 * 1024 * 1024;
export const maxArchiveBytes = 64 * 1024 * 1024;

/** A version of a chart, as an index.yaml lists it. */
interface IndexEntry {
  readonly version?: unknown;
  readonly urls?: unknown;
}

/** The chart versions of one repository, by chart. */
export type RepositoryIndex = Readonly<Record<string, unknown>>;

/** Reads index.yaml. Errors: OperationError `unreachable`, `not-found`, `invalid`. */
export async function readIndex(web: WebClient, repository: string): Promise<RepositoryIndex> {
  const { status, bytes } = await web(`${withSlash(repository)}index.yaml`, { maxBytes: maxIndexBytes });
  if (status !== 200)
    throw new OperationError(
      status === 404 ? "not-found" : "unreachable",
      `${repository} answers ${status} for its index.yaml`,
    );
  let index: unknown;
  try {
    index = load(new TextDecoder().decode(bytes), { json: true });
  } catch {
    throw new OperationError("invalid", `the index.yaml of ${repository} is no YAML`);
  }
  const entries = (index as { entries?: unknown } | null)?.entries;
  if (typeof entries !== "object" || entries === null)
    throw new OperationError("invalid", `the index.yaml of ${repository} lists no charts`);
  return entries as RepositoryIndex;
}

/** Downloads the packed chart that an index names. Errors: as readIndex. */
export async function downloadChart(
  web: WebClient,
  index: RepositoryIndex,
  { repository, name, version }: ChartCoordinates,
): Promise<Uint8Array> {
  const listed = Object.hasOwn(index, name) ? index[name] : undefined;
  const entries = (Array.isArray(listed) ? listed : []) as readonly IndexEntry[];
  const entry =
    entries.find((one) => one.version === version) ??
    entries.find((one) => typeof one.version === "string" && plain(one.version) === plain(version));
  const [url] = Array.isArray(entry?.urls) ? (entry.urls as readonly unknown[]) : [];
  if (typeof url !== "string")
    throw new OperationError("not-found", `${repository} has no ${name} ${version}`);
  const from = withSlash(repository);
  if (!URL.canParse(url, from))
    throw new OperationError(
      "invalid",
      `the index.yaml of ${repository} names no address for ${name} ${version}`,
    );
  const { status, bytes } = await web(new URL(url, from).href, { from, maxBytes: maxArchiveBytes });
  if (status === 200) return bytes;
  throw new OperationError(
    status === 404 ? "not-found" : "unreachable",
    `${repository} answers ${status} for ${name} ${version}`,
  );
}

/** 1.2.3 and v1.2.3 are one version to Helm. */
function plain(version: string): string {
  return version.replace(/^v/, "");
}

function withSlash(repository: string): string {
  return repository.endsWith("/") ? repository : `${repository}/`;
}
