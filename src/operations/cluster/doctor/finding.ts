import { OperationError } from "../../../errors.ts";

/** What is looked at, in the order it is told. */
export type CheckName =
  | "definitions"
  | "keys"
  | "connection"
  | "owner"
  | "version"
  | "clock"
  | "rights"
  | "helm-controller"
  | "network-policies"
  | "secrets-encryption"
  | "addresses"
  | "traefik"
  | "ingress-class"
  | "client-addresses"
  | "cert-manager"
  | "issuer"
  | "storage"
  | "dns";

/** One line of the report. */
export interface Finding {
  readonly check: CheckName;
  /** `problem`: apply, or a service, will fail. `warning`: it may, or it cannot be seen from here. */
  readonly level: "ok" | "warning" | "problem";
  readonly message: string;
  /** What to do. */
  readonly hint: string | undefined;
}

export function ok(check: CheckName, message: string): Finding {
  return { check, level: "ok", message, hint: undefined };
}

export function warning(check: CheckName, message: string, hint: string): Finding {
  return { check, level: "warning", message, hint };
}

export function problem(check: CheckName, message: string, hint: string): Finding {
  return { check, level: "problem", message, hint };
}

/** A check that the world stops is a finding, too: what we may not see is a warning, everything else a problem. */
export async function runCheck(
  check: CheckName,
  work: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    if (error.code === "forbidden") {
      return [
        warning(check, `cannot be seen from here: ${error.message}`, "look with an administrator's rights"),
      ];
    }
    return [problem(check, error.message, error.hint ?? "run again when this is put right")];
  }
}
