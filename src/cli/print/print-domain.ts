import type { DomainReport } from "../../operations/domain/report-domain.ts";
import type { VerifiedReport, VerifyOutcome } from "../../operations/domain/verify-domains.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { plural } from "./print-problems.ts";
import { printDocument } from "./print-rows.ts";
import { toSnakeCase } from "./snake-case.ts";
import { formatTable } from "./table.ts";
import type { Column } from "./table.ts";

export const domainFormats = ["table", "wide", "json", "yaml", "name"] as const;
export type DomainFormat = (typeof domainFormats)[number];

const base: readonly Column<DomainReport>[] = [
  { title: "DOMAIN", text: ({ domain }) => domain },
  { title: "SERVICE", text: ({ service, workspace }) => service ?? `${workspace} (none)` },
  { title: "STATE", text: ({ state }) => state },
  { title: "PROOF", text: ({ proof }) => proof.state },
  { title: "LEADS", text: ({ route }) => route.state },
  { title: "SINCE", text: ({ verifiedAt }) => verifiedAt?.slice(0, 10) ?? "-" },
];
const wide: readonly Column<DomainReport>[] = [
  ...base,
  {
    title: "READS",
    text: ({ unicode, domain }) => (unicode === domain ? "-" : unicode),
  },
  {
    title: "WHAT IS WRONG",
    text: (report) =>
      describeTrouble(report)
        .flatMap(({ message }) => message)
        .join("; "),
  },
];

/** How domains stand. Named ones are told in full with their records, in a list only what wants doing. */
export function printDomains(
  reports: readonly DomainReport[],
  {
    context,
    format,
    isNamed,
  }: {
    readonly context: CliContext;
    readonly format: DomainFormat | "events";
    readonly isNamed: boolean;
  },
): void {
  switch (format) {
    case "events":
      for (const report of reports) printEvent(context, { type: "domain", ...report } as { type: string });
      return;
    case "json":
    case "yaml":
      printDocument(context, { format, document: { domains: toSnakeCase(reports) } });
      return;
    case "name":
      for (const { domain } of reports) context.stdout(`${domain}\n`);
      return;
    case "wide":
      context.stdout(reports.length === 0 ? noDomain : formatTable(reports, wide));
      return;
    case "table":
      context.stdout(reports.length === 0 ? noDomain : formatTable(reports, base));
      for (const report of reports) {
        if (isNamed || isIncomplete(report)) context.stdout(formatReport(report));
      }
  }
}

const noDomain = "no service wants a custom domain, and domains.yaml lists none\n";

const outcomes: Readonly<Record<Exclude<VerifyOutcome, "unknown">, string>> = {
  added: "proven, and written into domains.yaml for workspace",
  kept: "still proven, by workspace",
  lost: "its proof is gone; it stays in domains.yaml for workspace",
  refused: "not proven by workspace",
};

function describeOutcome({ outcome, report: { state, workspace } }: VerifiedReport): string {
  if (outcome !== "unknown") return `${outcomes[outcome]} ${workspace}`;
  return state === "unverified"
    ? `unknown: DNS did not answer, so nobody can say whether workspace ${workspace} has proven it`
    : `unknown: DNS did not answer; it stays in domains.yaml for workspace ${workspace}`;
}

/** What came of looking for proofs. */
export function printVerified(
  domains: readonly VerifiedReport[],
  { context, json }: { readonly context: CliContext; readonly json: boolean },
): void {
  const added = domains.filter(({ outcome }) => outcome === "added").length;
  if (json) {
    for (const { outcome, report } of domains)
      printEvent(context, { type: "domain", outcome, ...report } as { type: string });
    printEvent(context, { type: "summary", looked_at: domains.length, added } as { type: string });
    return;
  }
  let isLong = false;
  for (const verified of domains) {
    const { outcome, report } = verified;
    context.stdout(`${isLong ? "\n" : ""}${nameOf(report)}: ${describeOutcome(verified)}\n`);
    isLong = outcome === "refused" || outcome === "lost" || outcome === "unknown";
    if (isLong) {
      context.stdout(formatReport(report));
    } else if (report.route.state !== "here") {
      context.stdout(formatLines([report.route], "  "));
      context.stdout(formatRecords(report, "route"));
    }
  }
  if (domains.length === 0) context.stdout(noDomain);
  if (added > 0) context.stdout(`${plural(added, "domain")} added; commit domains.yaml and run woow apply\n`);
}

/** Nothing of a service that is served and found needs words. */
function isIncomplete(report: DomainReport): boolean {
  return report.state !== "verified" || report.notes.length > 0 || describeTrouble(report).length > 0;
}

function describeTrouble({ proof, route }: DomainReport): readonly Sentence[] {
  return [proof, route].filter(({ hint }) => hint !== undefined);
}

interface Sentence {
  readonly message: string;
  readonly hint?: string;
}

function formatReport(report: DomainReport): string {
  const { proof, route, notes, state } = report;
  const checks = state === "foreign" ? [] : [proof, route];
  return [
    `\n${nameOf(report)}\n`,
    formatLines(checks, "  "),
    ...notes.map((note) => `  ${escapeControls(note)}\n`),
    state === "foreign" ? "" : formatRecords(report),
  ].join("");
}

function formatLines(checks: readonly Sentence[], indent: string): string {
  return checks
    .flatMap(({ message, hint }) => [
      `${indent}${escapeControls(message)}\n`,
      ...(hint === undefined ? [] : [`${indent}  ${escapeControls(hint)}\n`]),
    ])
    .join("");
}

/** The records that are to be set; those that stand there already are told by the checks. */
function formatRecords({ records, proof, route }: DomainReport, only?: "route"): string {
  const shown = records.filter(({ purpose }) => only === undefined || purpose === only);
  if (shown.length === 0) return "";
  const isThere = (purpose: "proof" | "route") =>
    purpose === "proof" ? proof.state === "proven" : route.state === "here";
  const table = formatTable(shown, [
    { title: "RECORD", text: ({ purpose }) => (isThere(purpose) ? "is there" : "to set") },
    { title: "TYPE", text: ({ type }) => type },
    { title: "NAME", text: ({ name }) => name },
    { title: "VALUE", text: ({ value }) => value },
  ]);
  return table
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}\n`)
    .join("");
}

function nameOf({ domain, unicode }: DomainReport): string {
  return unicode === domain ? domain : `${domain} (${escapeControls(unicode)})`;
}
