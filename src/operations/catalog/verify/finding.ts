import { compareText } from "../../../definitions/problem.ts";
import type { Place } from "../../../definitions/problem.ts";
import type { Source, ValuePath } from "../../../definitions/source.ts";

/** Everything verify can hold against a template. Tests assert these; the sentences may change. */
export type FindingCode =
  // the chart
  | "chart-not-found"
  | "chart-unavailable"
  | "chart-broken"
  | "chart-version-mismatch"
  | "schema-violation"
  | "render-failed"
  // values
  | "unknown-chart-value"
  | "value-without-effect"
  | "value-refused"
  | "size-without-effect"
  | "claim-not-mounted"
  | "unsized-container"
  | "empty-dir"
  | "exposed-secret"
  // what the Ingress and others find it by
  | "wrong-service-name"
  | "wrong-service-port"
  | "wrong-service-type"
  | "wrong-pod-port"
  | "name-suffix-too-short"
  | "name-too-long"
  // images
  | "image-without-tag"
  | "image-latest"
  | "image-moved"
  | "image-frozen"
  // isolation (design 9)
  | "cluster-scoped-object"
  | "foreign-namespace"
  | "forbidden-kind"
  | "exposed-service"
  | "strong-role"
  | "strong-kind"
  | "foreign-subject"
  | "unknown-scope"
  | "unsafe-pod"
  | "foreign-lookup"
  | "unclear-lookup";

/** Findings that say a chart is no safe neighbour, or that nobody could look. */
export const isolationCodes: ReadonlySet<FindingCode> = new Set([
  "chart-not-found",
  "chart-unavailable",
  "chart-broken",
  "chart-version-mismatch",
  "render-failed",
  "cluster-scoped-object",
  "foreign-namespace",
  "foreign-subject",
  "forbidden-kind",
  "exposed-service",
  "strong-role",
  "unsafe-pod",
  "unknown-scope",
  "foreign-lookup",
  "unclear-lookup",
]);

/** An error makes verify fail; a note is for the catalog's author to judge. */
export type FindingSeverity = "error" | "note";

/** One thing that is wrong or odd with a template, at its place in catalog/<id>.yaml. */
export interface VerifyFinding extends Place {
  readonly template: string;
  readonly code: FindingCode;
  readonly severity: FindingSeverity;
  readonly message: string;
  readonly hint?: string;
}

/** What a check says; the place follows from the path in the template's file. */
export interface FindingDraft {
  readonly code: FindingCode;
  readonly severity?: FindingSeverity;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly path: ValuePath;
  readonly target?: "key" | "value";
}

/** Collects the findings of one template; the same one twice counts once. */
export class FindingList {
  readonly #template: string;
  readonly #source: Source;
  readonly #findings = new Map<string, VerifyFinding>();

  constructor(template: string, source: Source) {
    this.#template = template;
    this.#source = source;
  }

  add(draft: FindingDraft): void {
    const { code, severity = "error", message, hint, path, target = "value" } = draft;
    const { file, line, column } = this.#source.locate(path, target);
    const finding = { template: this.#template, code, severity, message, file, line, column };
    this.#findings.set(JSON.stringify(finding), { ...finding, ...(hint === undefined ? {} : { hint }) });
  }

  has(codes: readonly FindingCode[]): boolean {
    return [...this.#findings.values()].some(({ code }) => codes.includes(code));
  }

  /** Errors first, each in the file's order. */
  sorted(): VerifyFinding[] {
    return [...this.#findings.values()].sort(
      (a, b) =>
        compareText(a.severity, b.severity) ||
        a.line - b.line ||
        a.column - b.column ||
        compareText(a.code, b.code) ||
        compareText(a.message, b.message),
    );
  }
}
