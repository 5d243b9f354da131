import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";

/** A text of a chart that is larger than this is no template. */
const maxFileBytes = 4 * 1024 * 1024;
/** A chart in a chart in a chart ... ends here. */
const maxDepth = 8;
/** What a chart and all charts in it unpack to: a few KiB packed can be more than a machine has memory. */
const maxUnpackedBytes = 100 * 1024 * 1024;

/** How much may still be unpacked. */
interface Budget {
  bytes: number;
}

/**
 * The texts of a chart that say what it takes and makes (Chart.yaml, values, schema, templates, sub-charts), by path.
 * Takes a folder or a packed chart; packed sub-charts are unpacked under their own name.
 * Errors: those of node:fs and of the archive's format.
 */
export async function readChartFiles(location: string): Promise<Map<string, string>> {
  const budget = { bytes: maxUnpackedBytes };
  if (statSync(location).isFile()) return readArchive(readFileSync(location), { depth: 0, budget });
  const files = new Map<string, string>();
  const visit = async (inner: string): Promise<void> => {
    for (const entry of readdirSync(join(location, inner), { withFileTypes: true })) {
      const path = inner === "" ? entry.name : `${inner}/${entry.name}`;
      if (entry.isDirectory()) {
        if (inner !== "" || entry.name === "templates" || entry.name === "charts") await visit(path);
      } else if (entry.isFile())
        await addFile(files, { path, bytes: readFileSync(join(location, path)), depth: 0, budget });
    }
  };
  await visit("");
  return files;
}

async function readArchive(
  bytes: Uint8Array,
  { depth, budget }: { readonly depth: number; readonly budget: Budget },
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const { header, data } of await unpackTar(unzip(bytes, budget))) {
    // everything in a packed chart lies in one folder
    const path = header.name.replace(/^(\.\/)?[^/]+\//, "");
    if (header.type === "file" && data !== undefined)
      await addFile(files, { path, bytes: data, depth, budget });
  }
  return files;
}

function unzip(bytes: Uint8Array, budget: Budget): Uint8Array {
  try {
    // zlib takes no limit of 0
    const unpacked = gunzipSync(bytes, { maxOutputLength: Math.max(budget.bytes, 1) });
    budget.bytes -= unpacked.byteLength;
    return unpacked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") throw error;
    throw new Error(`it unpacks to more than ${maxUnpackedBytes / 1024 / 1024} MiB`, { cause: error });
  }
}

async function addFile(
  files: Map<string, string>,
  {
    path,
    bytes,
    depth,
    budget,
  }: { readonly path: string; readonly bytes: Uint8Array; readonly depth: number; readonly budget: Budget },
): Promise<void> {
  if (bytes.byteLength > maxFileBytes) return;
  const packed = /^((?:charts\/[^/]+\/)*charts\/)[^/]+\.tgz$/.exec(path)?.[1];
  if (packed !== undefined && depth < maxDepth) {
    const inner = await readArchive(bytes, { depth: depth + 1, budget });
    const name = /^name:\s*["']?([^"'\s#]+)/m.exec(inner.get("Chart.yaml") ?? "")?.[1];
    for (const [file, text] of inner) files.set(`${packed}${name ?? "unnamed"}/${file}`, text);
  } else if (
    /^(?:charts\/[^/]+\/)*(Chart\.yaml|values\.yaml|values\.schema\.json|templates\/.+)$/.test(path)
  ) {
    files.set(path, new TextDecoder().decode(bytes));
  }
}
