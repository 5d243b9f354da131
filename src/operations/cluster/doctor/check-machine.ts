import type { Problem } from "../../../definitions/problem.ts";
import type { Cluster } from "../../../model/platform.ts";
import { OperationError } from "../../../errors.ts";
import type { ClusterDeps } from "../cluster-deps.ts";
import { ok, problem } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** The definitions as `validate` sees them. */
export function checkDefinitions(problems: readonly Problem[]): readonly Finding[] {
  const errors = problems.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return [ok("definitions", "the definitions have no problems")];
  const [first] = errors;
  const more = errors.length === 1 ? "" : ` and ${errors.length - 1} more`;
  return [
    problem(
      "definitions",
      `${first?.file}:${first?.line}: ${first?.message}${more}`,
      "woow validate shows all",
    ),
  ];
}

/** Whether secrets can be opened here; only services that have some need a key. */
export function checkKeys(deps: Pick<ClusterDeps, "identities">, cluster: Cluster): readonly Finding[] {
  const sealed = cluster.workspaces.flatMap(({ services }) =>
    services.filter(({ secrets }) => secrets !== undefined),
  );
  if (sealed.length === 0) return [ok("keys", "no service has secrets, so no key is needed")];
  try {
    const identities = deps.identities();
    const own = new Set(identities.map(({ recipient }) => recipient));
    const closed = sealed.filter(
      ({ secrets }) => !(secrets?.sops.age ?? []).some(({ recipient }) => own.has(recipient)),
    );
    if (closed.length === 0) {
      return [
        ok("keys", `the secrets of all ${sealed.length} services that have some are for a key at hand`),
      ];
    }
    const names = closed.slice(0, 3).map(({ unit }) => unit);
    const more = closed.length > 3 ? ` and ${closed.length - 3} more` : "";
    return [
      problem(
        "keys",
        `no key at hand opens the secrets of ${names.join(", ")}${more}`,
        "name the age key with SOPS_AGE_KEY_FILE, or have somebody add yours: woow secrets recipients --help",
      ),
    ];
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return [problem("keys", error.message, error.hint ?? "correct the key file")];
  }
}
