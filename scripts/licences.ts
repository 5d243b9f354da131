/**
 * Writes docs/licences.md: every production dependency and its licence; with --check only says whether it is fresh.
 * Fails when a licence is not on the list of permissive ones.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readProductionPackages } from "./production-packages.ts";

/** SPDX identifiers of licences that ask for no more than their notice. */
const permissive: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT-0",
  "PSF-2.0",
  "Python-2.0",
  "Unlicense",
]);

/** True for an expression of which at least one way is permissive: `(MIT OR GPL-3.0)` is, `MIT AND GPL-3.0` is not. */
export function isPermissive(expression: string): boolean {
  const text = expression.trim().replace(/^\((.*)\)$/, "$1");
  return text
    .split(/ OR /)
    .some((way) => way.split(/ AND /).every((id) => permissive.has(id.replace(/[()]/g, "").trim())));
}

/** The page, and packages whose licence is not permissive. */
export function describeLicences(): { readonly text: string; readonly refused: readonly string[] } {
  const { packages } = readProductionPackages();
  const rows = new Map(packages.map((one) => [`${one.name}@${one.version}`, one.licence ?? "none given"]));
  const counts = Map.groupBy(rows.values(), (licence) => licence);
  const summary = [...counts]
    .sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1))
    .map(([licence, all]) => `${licence} (${all.length})`);
  const text = [
    "# Licences",
    "",
    "Every package that `npm ci --omit=dev` installs, with the licence it gives, from package-lock.json. Written by `npm run licences`; `npm run check` fails when",
    "it is stale or when a licence asks for more than its notice.",
    "",
    `${rows.size} packages: ${summary.join(", ")}.`,
    "",
    ...formatTable([["package", "licence"], ...rows]),
    "",
  ].join("\n");
  const refused = [...rows]
    .filter(([, licence]) => !isPermissive(licence))
    .map(([name, licence]) => `${name}: ${licence}`);
  return { text, refused };
}

/** A Markdown table as prettier writes it. */
function formatTable([head, ...rows]: readonly (readonly [string, string])[]): string[] {
  if (head === undefined) return [];
  const widths = ([0, 1] as const).map((at) => Math.max(...[head, ...rows].map((row) => row[at].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = fileURLToPath(new URL("../docs/licences.md", import.meta.url));
  const { text, refused } = describeLicences();
  for (const one of refused) console.error(`not a permissive licence: ${one}`);
  let isStale = false;
  if (process.argv.includes("--check")) {
    isStale = readText(path) !== text;
    if (isStale) console.error("docs/licences.md is out of date: run `npm run licences` and commit it");
  } else writeFileSync(path, text);
  process.exitCode = isStale || refused.length > 0 ? 1 : 0;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
