import type { ReasonCode } from "./reason-codes.ts";

/** What a Helm error means, told without repeating what might be a value. */
export interface HelmExplanation {
  readonly code: ReasonCode;
  readonly message: string;
  readonly hint: string;
  /** False: trying the same again can help. */
  readonly isFinal: boolean;
}

interface Rule {
  readonly pattern: RegExp;
  readonly code: ReasonCode;
  readonly isFinal: boolean;
  readonly message: (match: RegExpMatchArray, repo: string | undefined) => string;
  readonly hint: string;
}

const correct = "correct the service's file, then woow apply";

/**
 * Helm's errors can echo values, so only parts of known shape are taken over: names, paths, places and numbers. The
 * first rule that fits wins: the more exact come first.
 */
const rules: readonly Rule[] = [
  {
    pattern:
      /chart "([^"]+)" (?:matching |version ["']?)?([^\s"']*)["']? ?not found in (\S+) (?:index|repository)/,
    code: "chart-not-found",
    isFinal: true,
    message: ([, chart = "", version = "", named = ""], repo) =>
      `chart ${[chart, version].join(" ").trim()} is not in the repository ${withoutCredentials(repo ?? named)}`,
    hint: "woow catalog show TEMPLATE names the version; correct chart_version, then woow apply",
  },
  {
    pattern: /no chart version found for (\S+)/,
    code: "chart-not-found",
    isFinal: true,
    message: ([, chart]) => `no such version of chart ${chart} is in the repository`,
    hint: "woow catalog show TEMPLATE names the version; correct chart_version, then woow apply",
  },
  {
    pattern:
      /(?:failed to perform "FetchReference"|manifest unknown|failed to resolve reference).*?(?:not found|unknown)/,
    code: "chart-not-found",
    isFinal: true,
    message: () => "the registry has no chart of this name and version",
    hint: "correct chart_version (or the template's repository), then woow apply",
  },
  {
    pattern:
      /looks like "?([^"\s]+)"? is not a valid chart repository or cannot be reached|(?:could not|unable to) (?:fetch|get an update from)|failed to fetch\s(\S+)|(?:dial tcp|lookup) \S+.*?(?:connection refused|no such host|i\/o timeout)|failed to download/,
    code: "repository-down",
    isFinal: false,
    message: ({ input = "", 1: repo, 2: url }) =>
      `the chart repository ${withoutCredentials(repo ?? url ?? "")} cannot be reached${cause(input)}`.replace(
        "  ",
        " ",
      ),
    hint: "check that the cluster reaches the repository; K3s tries again a few times, after that woow retry SERVICE",
  },
  {
    pattern: /values don't meet the specifications of the schema/,
    code: "bad-values",
    isFinal: true,
    message: ({ input = "" }) => `the chart refuses its values${schemaPaths(input)}`,
    hint: "correct helm_values or raw_values, then woow apply",
  },
  {
    pattern: /execution error at \(([\w./-]+:\d+(?::\d+)?)\)/,
    code: "bad-values",
    isFinal: true,
    message: ([, place]) => `the chart refuses its values at ${place}`,
    hint: "a template of the chart ends with a message of its own there; woow logs SERVICE --job shows it",
  },
  {
    pattern:
      /failed to create typed patch object \(([\w./-]+); [^,)]*, Kind=(\w+)\): (\.[\w.[\]="-]+): (expected \w+|field not declared in schema)/,
    code: "bad-values",
    isFinal: true,
    message: ([, name, kind, path, rule]) => `${kind} ${name} of the chart is wrong at ${path}: ${rule}`,
    hint: `a value has the wrong type; ${correct}`,
  },
  {
    pattern: /YAML parse error on ([\w./-]+)/,
    code: "template-error",
    isFinal: true,
    message: ([, file]) => `the chart's template ${file} makes YAML that cannot be read with these values`,
    hint: correct,
  },
  {
    pattern:
      /(?:FAILED: |parse error at \(?|template: |error calling \w+: )([\w./-]+\.(?:ya?ml|tpl|txt|json):\d+(?::\d+)?)/,
    code: "template-error",
    isFinal: true,
    message: ([, place]) => `the chart's template fails at ${place} with these values`,
    hint: `a value has the wrong type or is missing; ${correct}`,
  },
  {
    pattern:
      /(\w+)(?:\.[\w.]+)? "([\w.-]+)" is invalid: (spec[\w.[\]]*): [^]*?(?:field is immutable|updates to \w+ spec)/,
    code: "immutable-field",
    isFinal: true,
    message: ([, kind, name, field]) =>
      `${field} of ${kind} ${name} cannot be changed${kind === "StatefulSet" ? " (often the size of its volumes)" : ""}`,
    hint: "take the change back (woow rollback SERVICE N), or woow destroy SERVICE, which keeps its volumes, and apply it anew",
  },
  {
    pattern:
      /conflict(?:s)? with "([^"]+)"(?: with subresource "[^"]*")?(?: using [\w./]+)?:?\s*((?:-? ?\.[\w.[\]="{}:/-]+\s*)*)/,
    code: "field-conflict",
    isFinal: true,
    message: ([, manager, fields]) =>
      `${manager} holds fields that the chart sets${
        fields?.trim()
          ? ` (${fields
              .trim()
              .split(/\s+/)
              .filter((one) => one.startsWith("."))
              .slice(0, 5)
              .join(", ")})`
          : ""
      }`,
    hint: "undo that change (kubectl edit, scale and the like leave it behind), then woow retry SERVICE",
  },
  {
    pattern: /(\w+) "([^"]+)" in namespace "([^"]*)" exists and cannot be imported into the current release/,
    code: "object-exists",
    isFinal: true,
    message: ([, kind, name, namespace]) =>
      `${kind} ${namespace}/${name} is there already and is not of this release`,
    hint: "delete it, or rename the service; then woow retry SERVICE",
  },
  {
    pattern: /exceeded quota: ([\w.-]+), requested: ([\w.,=/-]+), used: ([\w.,=/-]+), limited: ([\w.,=/-]+)/,
    code: "quota",
    isFinal: true,
    message: ([, quota, requested, used, limited]) =>
      `quota ${quota} is full: asked for ${requested}, used ${used}, limit ${limited}`,
    hint: "raise the workspace's quota or lower the service's resources, then woow apply",
  },
  {
    pattern: /ValidatingAdmissionPolicy '([\w.-]+)'/,
    code: "admission-denied",
    isFinal: true,
    message: ([, policy]) => `admission policy ${policy} refuses an object of the chart`,
    hint: "the chart wants what tenants may not have; docs/isolation.md says what each policy keeps",
  },
  {
    pattern: /admission webhook "([^"]+)" denied/,
    code: "admission-denied",
    isFinal: true,
    message: ([, webhook]) => `admission webhook ${webhook} refuses an object of the chart`,
    hint: correct,
  },
  {
    pattern: /violates PodSecurity "([\w:.-]+)"/,
    code: "admission-denied",
    isFinal: true,
    message: ([, level]) => `pods of the chart break pod security ${level}`,
    hint: "set the chart's security context in helm_values or raw_values, then woow apply",
  },
  {
    pattern: /namespaces "([^"]+)" not found/,
    code: "namespace-missing",
    isFinal: true,
    message: ([, namespace]) => `namespace ${namespace} is not there`,
    hint: "run woow apply to make it again",
  },
  {
    pattern: /is forbidden: User "([^"]+)" cannot (\w+) resource "([\w.]+)"/,
    code: "forbidden",
    isFinal: true,
    message: ([, user, verb, resource]) => `${user} may not ${verb} ${resource}`,
    hint: "the chart job needs rights that were taken from it",
  },
  {
    pattern: /another operation \(install\/upgrade\/rollback\) is in progress/,
    code: "release-locked",
    isFinal: false,
    message: () => "Helm holds the release for another operation that did not end",
    hint: "if nobody runs helm by hand, woow retry SERVICE",
  },
  {
    pattern:
      /(?:(pre|post)-(install|upgrade) hooks? failed|failed (pre|post)-(install|upgrade)|hooks? failed)(?:[^]*?resource (\w+)\/([\w.-]+)\/([\w.-]+)|[^]*?jobs?(?:\.batch)? "?([\w.-]+)"? failed)?/i,
    code: "hook-failed",
    isFinal: true,
    message: ([, when, what, when2, what2, kind, , name, job]) => {
      const hook = `${when ?? when2 ?? ""}-${what ?? what2 ?? ""}`;
      const which = name === undefined ? (job === undefined ? "" : ` (Job ${job})`) : ` (${kind} ${name})`;
      return `the chart's ${hook === "-" ? "" : `${hook} `}hook failed${which}`;
    },
    hint: "the hook's pod says why (kubectl logs, if it is still there); correct the values, then woow apply",
  },
  {
    pattern: /context deadline exceeded|timed out waiting for the condition/,
    code: "helm-timeout",
    isFinal: true,
    message: () => "Helm gave up when the chart's time limit was over",
    hint: "a hook or the API server is slow; woow retry SERVICE tries again",
  },
];

/** The meaning of what Helm or the chart job said; undefined when no known shape is in it. */
export function explainHelm(text: string, repo: string | undefined): HelmExplanation | undefined {
  for (const { pattern, code, isFinal, message, hint } of rules) {
    const match = pattern.exec(text);
    if (match !== null) return { code, isFinal, message: message(match, repo), hint };
  }
  return undefined;
}

function withoutCredentials(address: string): string {
  return address
    .replace(/:\/\/[^\s/@]+@/, "://***@")
    .replace(/[?#].*$/, "")
    .replace(/[:,]+$/, "");
}

function cause(text: string): string {
  const known =
    /connection refused|no such host|i\/o timeout|x509: [\w ]+|\b(?:401 Unauthorized|403 Forbidden|404 Not Found|50\d [\w ]+)/.exec(
      text,
    );
  return known === null ? "" : ` (${known[0].trim()})`;
}

/** Where a schema refuses and what kind of rule it is; never the value. */
function schemaPaths(text: string): string {
  const lines = [...text.matchAll(/- at '([^']*)': ([^\n]*)/g)]
    .slice(0, 5)
    .map(([, path = "", rule = ""]) => {
      const key = path.split("/").filter(Boolean).join(".") || "the top";
      return `${key}: ${schemaRule(rule)}`;
    });
  return lines.length === 0 ? "" : `: ${lines.join("; ")}`;
}

function schemaRule(rule: string): string {
  const known =
    /^got [a-z]+, want [a-z ]+(?:or [a-z]+)?/.exec(rule) ??
    /^missing propert(?:y|ies) [\w', .-]+/.exec(rule) ??
    /^additional propert(?:y|ies) [\w', .-]+ not allowed/.exec(rule) ??
    /^(?:minimum|maximum|minLength|maxLength|minItems|maxItems): got [\d,.]+, want [\d,.]+/.exec(rule);
  return known?.[0].trim() ?? "not what the chart's schema allows";
}
