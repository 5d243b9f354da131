import type { DefinitionWriter } from "../../definitions/definition-writer.ts";
import { addDomains, writeDomains } from "../../definitions/edit-domains.ts";
import type { VerifiedDomain } from "../../definitions/edit-domains.ts";
import type { Problem } from "../../definitions/problem.ts";
import { OperationError } from "../../errors.ts";
import { loadPlatform } from "../load-platform.ts";
import { findNewErrors } from "../new-problems.ts";
import { overlayTree } from "../overlay-tree.ts";
import { domainsPath, readDomainsText } from "./domains-file.ts";
import { selectDomains } from "./list-domains.ts";
import type { DomainSelection } from "./list-domains.ts";
import { findBroken, reportDomains } from "./read-domains.ts";
import type { DomainDeps } from "./read-domains.ts";
import type { DomainReport } from "./report-domain.ts";

export interface VerifyDeps extends DomainDeps {
  readonly writer: DefinitionWriter;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/**
 * `added`: proven and written; `kept`: written before and still proven; `lost`: written before, and its proof is not
 * there any more (it stays written); `unknown`: DNS did not answer, so nothing is known and nothing changes; `refused`:
 * not proven, or another workspace's.
 */
export type VerifyOutcome = "added" | "kept" | "lost" | "unknown" | "refused";

export interface VerifiedReport {
  readonly outcome: VerifyOutcome;
  readonly report: DomainReport;
}

export type VerifyResult =
  | { readonly ok: true; readonly domains: readonly VerifiedReport[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Looks for the proof of each selected domain and writes those that are proven into domains.yaml; only the TXT record
 * counts, so that a domain can be proven before it leads here. Nothing is ever taken out.
 * Errors: `usage`, `not-found` as readDomains; `refused` when two workspaces hold a proof of one domain that nobody
 * has yet; `changed-meanwhile`, `not-writable`, `disk-full`.
 */
export async function verifyDomains(
  { tree, resolver, writer, nowMs }: VerifyDeps,
  selection: DomainSelection,
): Promise<VerifyResult> {
  const before = loadPlatform(tree, []);
  const { definitions } = before;
  const broken = findBroken(definitions, before.problems);
  if (broken.length > 0) return { ok: false, problems: broken };
  const known = selectDomains(definitions, selection);
  const reports = await reportDomains(known, { definitions, resolver });
  const results = reports.map((report) => ({ report, outcome: judge(report) }));
  const verifiedAt = new Date(nowMs()).toISOString().replace(/\.\d+Z$/, "Z");
  const added = listAdded(results).map(({ domain, workspace }) => ({ domain, workspace, verifiedAt }));
  if (added.length === 0) return { ok: true, domains: results };

  const text = readDomainsText(tree);
  const after = editText(text, added);
  const overlay = overlayTree(tree, new Map([[domainsPath, after]]));
  const problems = findNewErrors(before.problems, loadPlatform(overlay, []).problems);
  // what another workspace's file says now is that workspace's to mend
  const own = problems.filter(({ file }) => !file.startsWith("workspaces/"));
  if (own.length > 0) return { ok: false, problems: own };
  if (text === undefined) writer.create(new Map([[domainsPath, after]]));
  else writer.replace([{ path: domainsPath, before: text, after }]);
  return { ok: true, domains: results };
}

function judge({ state, proof }: DomainReport): VerifyOutcome {
  if (state === "foreign") return "refused";
  if (proof.state === "unanswered") return "unknown";
  if (state === "unverified") return proof.state === "proven" ? "added" : "refused";
  return proof.state === "proven" ? "kept" : "lost";
}

/** One entry a domain, though several services of a workspace may want it. */
function listAdded(results: readonly VerifiedReport[]): readonly DomainReport[] {
  const byDomain = new Map<string, DomainReport>();
  for (const { outcome, report } of results) {
    if (outcome !== "added") continue;
    const first = byDomain.get(report.domain);
    if (first === undefined) byDomain.set(report.domain, report);
    else if (first.workspace !== report.workspace) {
      throw new OperationError(
        "refused",
        `${report.domain} holds proofs of two workspaces, ${first.workspace} and ${report.workspace}`,
        { subject: report.domain, hint: "nothing was written; say whose it is: --workspace ID" },
      );
    }
  }
  return [...byDomain.values()];
}

function editText(text: string | undefined, added: readonly VerifiedDomain[]): string {
  if (text === undefined) return writeDomains(added);
  const edited = addDomains(text, added);
  if (edited.ok) return edited.text;
  const entries = added.map(({ domain, workspace }) => `${domain} for workspace ${workspace}`);
  throw new OperationError("usage", `${domainsPath} cannot be edited: ${edited.reason}`, {
    subject: domainsPath,
    hint: `nothing was written; the proof is there: list ${entries.join(", ")} yourself`,
  });
}
