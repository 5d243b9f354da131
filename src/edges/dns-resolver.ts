import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { OperationError } from "../errors.ts";
import type { DnsAnswer, DnsResolver, RecordType } from "../operations/domain/dns-resolver.ts";

export interface DnsResolverOptions {
  /** `IP`, `IP:PORT` or `[IPv6]:PORT`; empty: those of this machine. */
  readonly servers: readonly string[];
  /** Of the first try of a server; later ones wait longer. */
  readonly timeoutMs?: number;
  readonly tries?: number;
}

const defaultTimeoutMs = 2500;
const defaultTries = 2;

/**
 * Asks name servers over the network, past /etc/hosts and without search domains. Errors: `usage` for a server that is
 * no IP address.
 */
export function openDnsResolver({
  servers,
  timeoutMs = defaultTimeoutMs,
  tries = defaultTries,
}: DnsResolverOptions): DnsResolver {
  const resolver = new Resolver({ timeout: timeoutMs, tries });
  if (servers.length > 0) {
    for (const server of servers) checkServer(server);
    resolver.setServers(servers);
  }
  return {
    name: servers.length > 0 ? servers.join(", ") : "the name servers of this machine",
    query: async (type, name) => {
      try {
        const records = await ask(resolver, type, name);
        return records.length === 0 ? { type: "no-record" } : { type: "found", records };
      } catch (error) {
        return readError(error);
      }
    },
  };
}

async function ask(resolver: Resolver, type: RecordType, name: string): Promise<readonly string[]> {
  switch (type) {
    case "A":
      return resolver.resolve4(name);
    case "AAAA":
      return resolver.resolve6(name);
    case "CNAME":
      return resolver.resolveCname(name);
    case "SOA":
      return [(await resolver.resolveSoa(name)).nsname];
    case "TXT":
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(""));
  }
}

/** c-ares' codes in words; a code we do not know says nothing about the name either. */
const reasons: Readonly<Record<string, string>> = {
  ETIMEOUT: "no answer in time",
  ESERVFAIL: "SERVFAIL: the name server could not find out",
  EREFUSED: "REFUSED: the name server does not answer us",
  ECONNREFUSED: "no name server there",
  EBADRESP: "an answer that makes no sense",
  EFORMERR: "FORMERR: the name server does not understand the question",
  ENOTIMP: "NOTIMP: the name server does not answer such questions",
};

function readError(error: unknown): DnsAnswer {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  if (code === "ENOTFOUND") return { type: "no-name" };
  if (code === "ENODATA") return { type: "no-record" };
  return { type: "failed", reason: reasons[code] ?? code };
}

function checkServer(server: string): void {
  const [, bracketed, plain] =
    /^(?:\[([0-9a-fA-F:.]+)\](?::[0-9]{1,5})?|([0-9.]+)(?::[0-9]{1,5})?)$/.exec(server) ?? [];
  const address = bracketed ?? plain ?? server;
  const port = /(?:\]|^[0-9.]+):([0-9]+)$/.exec(server)?.[1];
  if (isIP(address) !== 0 && (port === undefined || (Number(port) > 0 && Number(port) < 65536))) return;
  throw new OperationError("usage", `${server} is not the address of a name server`, {
    subject: server,
    hint: "write IP, IP:PORT or [IPv6]:PORT, for example 9.9.9.9 or 127.0.0.1:5353",
  });
}
