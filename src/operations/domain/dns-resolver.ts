/** What is asked of DNS here. */
export type RecordType = "A" | "AAAA" | "CNAME" | "SOA" | "TXT";

/** What DNS says of a name. */
export type DnsAnswer =
  | { readonly type: "found"; readonly records: readonly string[] }
  /** The name is there without such a record (NODATA). */
  | { readonly type: "no-record" }
  /** There is no such name (NXDOMAIN). */
  | { readonly type: "no-name" }
  /** Nobody answered, or with an error: this says nothing about the name. */
  | { readonly type: "failed"; readonly reason: string };

/** Port to a resolver of the DNS. Never throws for what DNS says. */
export interface DnsResolver {
  /** Who is asked, for people: `the name servers of this machine`, or addresses. */
  readonly name: string;
  /** Texts of a TXT record in several parts come joined, as DNS means them; of a SOA record its primary server. */
  query(type: RecordType, name: string): Promise<DnsAnswer>;
}
