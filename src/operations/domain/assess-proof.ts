import type { DomainFacts } from "./look-up-domain.ts";
import { challengeName, proofValue, readProof, trimValue } from "./domain-proof.ts";
import type { ProofSubject } from "./domain-proof.ts";

/** One thing about a domain: how it stands, in a word for machines and a sentence for people. */
export interface Check<State extends string> {
  readonly state: State;
  readonly message: string;
  /** What to do; absent when there is nothing to do. */
  readonly hint?: string;
}

export type ProofState = "proven" | "missing" | "wrong" | "redirected" | "unanswered";

/** What resolvers remember outlives what was written. */
const patience =
  "a record that was set just now is seen when the old answer's time to live is over; --resolver IP asks another name server";

/** Whether the TXT record in the domain's own zone names this platform, this workspace and this domain. */
export function assessProof(
  { proof: { alias, texts, elsewhere }, resolver }: DomainFacts,
  subject: ProofSubject,
): Check<ProofState> {
  const name = challengeName(subject.domain);
  const wanted = proofValue(subject);
  if (alias.type === "found") {
    return {
      state: "redirected",
      message: `${name} is an alias (CNAME) of ${alias.records.join(", ")}: then whoever has that zone could prove the domain`,
      hint: "set the TXT record itself under this name; it also stands before a wildcard record",
    };
  }
  if (alias.type === "failed" || texts.type === "failed") {
    const reason = alias.type === "failed" ? alias.reason : texts.type === "failed" ? texts.reason : "";
    return {
      state: "unanswered",
      message: `${resolver} did not say what ${name} is (${reason}), which says nothing about the domain`,
      hint: "try again, or ask another name server with --resolver IP",
    };
  }
  if (texts.type === "found") {
    if (texts.records.some((text) => trimValue(text) === wanted)) {
      return { state: "proven", message: `${name} holds the proof` };
    }
    return { state: "wrong", message: explainWrong(texts.records, { name, subject }), hint: patience };
  }
  const [misplaced] = [...elsewhere].find(([, values]) => values.map(trimValue).includes(wanted)) ?? [];
  if (misplaced !== undefined) {
    return {
      state: "missing",
      message: `the proof stands at ${misplaced} instead of ${name}`,
      hint: "many DNS panels add the zone's name by themselves: write the name without it",
    };
  }
  return { state: "missing", message: `there is no TXT record ${name}`, hint: patience };
}

function explainWrong(
  values: readonly string[],
  { name, subject }: { readonly name: string; readonly subject: ProofSubject },
): string {
  const others = values.flatMap((value) => readProof(value) ?? []);
  const [first] = others;
  if (first === undefined) return `${name} holds other texts and not the proof`;
  const here = others.filter(({ platform }) => platform === subject.platform);
  if (here.length === 0) {
    return `${name} holds a proof for another platform (${first.platform}), which proves nothing here`;
  }
  if (here.some(({ workspace }) => workspace === subject.workspace)) {
    return `${name} holds a proof of workspace ${subject.workspace} for another domain, or one that was cut or changed`;
  }
  const names = [...new Set(here.map(({ workspace }) => workspace))].join(", ");
  return `${name} holds the proof of another workspace (${names}), not of ${subject.workspace}`;
}
