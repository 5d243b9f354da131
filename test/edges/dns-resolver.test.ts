import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDnsResolver } from "../../src/edges/dns-resolver.ts";
import type { DnsResolver, RecordType } from "../../src/operations/domain/dns-resolver.ts";
import { startDnsServer } from "../support/dns-server.ts";
import type { DnsServer } from "../support/dns-server.ts";

const long = "x".repeat(255);
let server: DnsServer;
let resolver: DnsResolver;

beforeAll(async () => {
  server = await startDnsServer({
    "a.example": { A: ["192.0.2.1", "192.0.2.2"], AAAA: ["2001:db8::1"] },
    "alias.example": { CNAME: "a.example" },
    "dangling.example": { CNAME: "gone.example" },
    "text.example": { TXT: ["one", ["two-", "parts"], [long, "y"], 'semi;colon "quoted"'] },
    "zone.example": { SOA: "ns1.zone.example", A: ["192.0.2.3"] },
    "below.empty.example": { A: ["192.0.2.4"] },
    "broken.example": "servfail",
    "closed.example": "refused",
    "mute.example": "silent",
    "odd.example": "nonsense",
  });
  resolver = openDnsResolver({ servers: [server.address], timeoutMs: 5000, tries: 1 });
});

afterAll(async () => server.close());

test.each<readonly [RecordType, string, readonly string[]]>([
  ["A", "a.example", ["192.0.2.1", "192.0.2.2"]],
  ["AAAA", "a.example", ["2001:db8::1"]],
  ["CNAME", "alias.example", ["a.example"]],
  ["A", "alias.example", ["192.0.2.1", "192.0.2.2"]],
  ["SOA", "zone.example", ["ns1.zone.example"]],
  ["TXT", "text.example", ["one", "two-parts", `${long}y`, 'semi;colon "quoted"']],
])("a real name server's %s of %s is read", async (type, name, records) => {
  const answer = await resolver.query(type, name);
  if (answer.type !== "found") throw new Error(JSON.stringify(answer));
  expect([...answer.records].sort()).toEqual([...records].sort());
});

test.each<readonly [string, RecordType, string, string]>([
  ["a name that is not there", "A", "nobody.example", "no-name"],
  ["a name without such a record", "TXT", "a.example", "no-record"],
  ["an alias that leads nowhere", "A", "dangling.example", "no-name"],
  ["a name with others below it", "TXT", "empty.example", "no-record"],
  ["a name where no zone begins", "SOA", "a.example", "no-record"],
])("%s is no failure", async (...[, type, name, expected]) => {
  expect((await resolver.query(type, name)).type).toBe(expected);
});

test.each<readonly [string, string, RegExp]>([
  ["SERVFAIL", "broken.example", /^SERVFAIL/],
  ["REFUSED", "closed.example", /^REFUSED/],
  ["silence", "mute.example", /^no answer in time$/],
  ["an answer that is none", "odd.example", /^(no answer in time|an answer that makes no sense)$/],
])("%s says nothing about the name", async (_, name, reason) => {
  const hasty = openDnsResolver({ servers: [server.address], timeoutMs: 200, tries: 1 });
  // who is waited for in vain is waited for shortly
  const asked = /^(mute|odd)/.test(name) ? hasty : resolver;
  expect(await asked.query("TXT", name)).toEqual({
    type: "failed",
    reason: expect.stringMatching(reason) as string,
  });
});

test("a name server that is not there is a failure, not an absent name", async () => {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  const nobody = openDnsResolver({ servers: [`127.0.0.1:${port}`], timeoutMs: 150, tries: 1 });
  expect((await nobody.query("A", "a.example")).type).toBe("failed");
});

test.each(["name.server.example", "127.0.0.1:0", "127.0.0.1:99999", "300.1.1.1", "::1:53:", ""])(
  "%j is no name server's address",
  (address) => {
    expect(() => openDnsResolver({ servers: [address] })).toThrow(/is not the address of a name server/);
  },
);

test.each(["9.9.9.9", "127.0.0.1:5353", "2620:fe::fe", "[2620:fe::fe]:53"])("%s is one", (address) => {
  expect(openDnsResolver({ servers: [address] }).name).toBe(address);
});
