import { openDnsResolver } from "../../edges/dns-resolver.ts";
import type { DnsResolver } from "../../operations/domain/dns-resolver.ts";
import type { CliContext, GlobalFlags } from "../context.ts";

export interface DomainFlags extends GlobalFlags {
  readonly workspace?: readonly string[];
  readonly resolver?: readonly string[];
}

/** The name servers to ask: `--resolver`, `WOOW_DNS` (several with commas), else this machine's. */
export function wireResolver(flags: DomainFlags, { environment }: CliContext): DnsResolver {
  const named = flags.resolver ?? (environment["WOOW_DNS"] ?? "").split(",");
  return openDnsResolver({ servers: named.map((server) => server.trim()).filter((server) => server !== "") });
}
