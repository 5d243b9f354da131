import type { SecretErrorCode } from "../secrets/secret-error.ts";

/** Every way a definition can be wrong. Tests and the API assert these; the sentences may change. */
export type ProblemCode =
  // secrets, when they are opened
  | SecretErrorCode
  // the file itself
  | "unreadable-file"
  | "file-too-large"
  | "not-text"
  | "empty-file"
  | "unexpected-file"
  | "wrong-extension"
  | "symlink"
  | "missing-file"
  | "missing-workspace-file"
  | "too-many-problems"
  // YAML
  | "yaml-syntax"
  | "tab-indentation"
  | "duplicate-key"
  | "several-documents"
  | "alias-limit"
  | "too-deep"
  | "unknown-tag"
  | "forbidden-key"
  | "ambiguous-scalar"
  | "number-out-of-range"
  // one document against its schema
  | "unknown-kind"
  | "unknown-key"
  | "missing-field"
  | "wrong-type"
  | "value-not-in-options"
  | "bad-format"
  | "unquoted-version"
  | "unquoted-id"
  | "identity-mismatch"
  | "bad-id"
  | "reserved-name"
  // templates
  | "bad-helm-path"
  | "duplicate-helm-path"
  | "bad-value-spec"
  | "bad-placeholder"
  | "bad-chart-version"
  | "bad-chart"
  // references between documents
  | "unknown-template"
  | "unknown-cluster"
  | "unknown-workspace"
  | "unsupported-k3s-version"
  | "chart-version-unavailable"
  // services
  | "missing-value"
  | "name-too-long"
  | "plain-text-password"
  | "secrets-not-usable"
  | "foreign-recipient"
  | "missing-recipient"
  | "isolation-value"
  | "foreign-host"
  | "conflicting-values"
  // hosts
  | "duplicate-host"
  | "reserved-subdomain"
  | "domain-inside-platform"
  | "host-without-ingress"
  | "host-needed"
  | "private-network-missing"
  | "unverified-domain"
  | "foreign-domain"
  // numbers
  | "bad-cidr"
  | "quota-exceeded"
  | "quota-above-maximum"
  | "node-cidrs-missing";

/** An error stops synth; a warning does not. */
export type Severity = "error" | "warning";

/** A place in a file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Something wrong in what the user wrote. Data, never thrown; every problem of every file is collected in one
 * run. The message says what is wrong and never contains a secret; the hint says what to write instead.
 */
export interface Problem extends Place {
  readonly code: ProblemCode;
  readonly severity: Severity;
  readonly message: string;
  readonly hint?: string;
  /** Other places that belong to it, for example the first use of a host that is used twice. */
  readonly related?: readonly Place[];
}

/** What a check says; the place is added by whoever knows the file. */
export interface Finding {
  readonly code: ProblemCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly severity?: Severity;
  readonly related?: readonly Place[];
}

/** More of one file nobody reads, and finding the place of each takes longer the larger the file is. */
export const maxProblemsPerFile = 100;

/** Said once, in the place of every further problem of a file. */
export const tooManyProblems: Finding = {
  code: "too-many-problems",
  message: `more than ${maxProblemsPerFile} problems in this file; the rest is not listed`,
  hint: "mend these first",
};

/** Joins a finding and its place into a Problem. */
export function problemAt(place: Place, finding: Finding): Problem {
  return {
    code: finding.code,
    severity: finding.severity ?? "error",
    message: finding.message,
    file: place.file,
    line: place.line,
    column: place.column,
    ...(finding.hint === undefined ? {} : { hint: finding.hint }),
    ...(finding.related === undefined ? {} : { related: finding.related }),
  };
}

/** True when at least one problem stops synth. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === "error");
}

/** Files in alphabetical order, places in reading order: the same input gives the same list. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort(
    (a, b) =>
      compareText(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  );
}

/** Code unit order: the same on every machine, unlike localeCompare. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
