import { proofValue } from "../../src/operations/domain/domain-proof.ts";
import { startDnsServer } from "../support/dns-server.ts";

/**
 * The DNS that the pages speak of, as a process of its own: pages are run by calls that block. Prints its address, and
 * ends with its standard input.
 */
const workspace = { platform: "woow-sample", workspace: "123" };
const proven = (domain: string) => ({
  [`_woow-challenge.${domain}`]: { TXT: [proofValue({ ...workspace, domain })] },
});

const server = await startDnsServer({
  "*.apps.example.com": { A: ["203.0.113.10"], AAAA: ["2001:db8::10"] },
  "flows.acme.example": { CNAME: "orders.apps.example.com" },
  ...proven("flows.acme.example"),
  "desk.acme.example": { CNAME: "desk.apps.example.com" },
  ...proven("desk.acme.example"),
  "acme.example": { SOA: "ns1.acme.example", A: ["198.51.100.7"] },
});
process.stdin.resume().on("end", () => void server.close());
process.stdout.write(`${server.address}\n`);
