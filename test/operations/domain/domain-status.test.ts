import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDnsServer } from "../../support/dns-server.ts";
import type { DnsRecords, DnsServer, DnsZone } from "../../support/dns-server.ts";
import { over, platformZone, proof, tenants, told } from "./domain-world.ts";

const domain = "flows.acme.example";
const challenge = `_woow-challenge.${domain}`;
const files = tenants({ "acme/web-01": domain });
const good = { TXT: [proof("acme", domain)] };

let server: DnsServer;
beforeAll(async () => {
  server = await startDnsServer(platformZone);
});
afterAll(async () => server.close());

async function look(zone: DnsZone, from = files) {
  server.serve({ ...platformZone, ...zone });
  const [report] = await over(from, server, zone).status();
  if (report === undefined) throw new Error("no domain");
  return report;
}

describe("the TXT record proves platform, workspace and domain together", () => {
  test.each<readonly [string, DnsZone, string, RegExp]>([
    ["right", { [challenge]: good }, "proven", /holds the proof/],
    [
      "right in several parts, among others, with the quotes of a panel",
      { [challenge]: { TXT: ["v=spf1 -all", splitText(`"${proof("acme", domain)}" `)] } },
      "proven",
      /holds the proof/,
    ],
    ["the name is not there", {}, "missing", /there is no TXT record _woow-challenge/],
    [
      "the name has other records",
      { [challenge]: { A: ["192.0.2.1"] } },
      "missing",
      /there is no TXT record/,
    ],
    ["another text", { [challenge]: { TXT: ["v=spf1 -all"] } }, "wrong", /other texts and not the proof/],
    [
      "another tenant's proof",
      { [challenge]: { TXT: [proof("rival", domain)] } },
      "wrong",
      /holds the proof of another workspace \(rival\), not of acme/,
    ],
    [
      "another platform's proof",
      { [challenge]: { TXT: [proof("acme", domain, "other-platform")] } },
      "wrong",
      /for another platform \(other-platform\)/,
    ],
    [
      "the proof of another domain, as a wildcard TXT record answers",
      { "*.acme.example": { TXT: [proof("acme", "shop.acme.example")] } },
      "wrong",
      /of workspace acme for another domain/,
    ],
    [
      "cut",
      { [challenge]: { TXT: [proof("acme", domain).slice(0, -1)] } },
      "wrong",
      /one that was cut or changed/,
    ],
    [
      "in upper case, which is another text",
      { [challenge]: { TXT: [proof("acme", domain).toUpperCase()] } },
      "wrong",
      /other texts/,
    ],
    [
      "behind an alias",
      { [challenge]: { CNAME: "proof.elsewhere.example" }, "proof.elsewhere.example": good },
      "redirected",
      /is an alias \(CNAME\) of proof\.elsewhere\.example: then whoever has that zone could prove/,
    ],
    [
      "behind a wildcard alias",
      { "*.acme.example": { CNAME: "proof.elsewhere.example" }, "proof.elsewhere.example": good },
      "redirected",
      /is an alias/,
    ],
    [
      "at the domain itself",
      { [domain]: { TXT: [proof("acme", domain)] } },
      "missing",
      /stands at flows\.acme\.example instead of/,
    ],
    [
      "with the zone's name twice",
      { [`${challenge}.${domain}`]: good },
      "missing",
      /stands at _woow-challenge\.flows\.acme\.example\.flows\.acme\.example instead/,
    ],
    ["SERVFAIL", { [challenge]: "servfail" }, "unanswered", /SERVFAIL.*says nothing about the domain/],
    ["silence", { [challenge]: "silent" }, "unanswered", /no answer in time/],
  ])("%s", async (...[, zone, state, message]) => {
    const report = await look(zone);
    expect(report.proof).toMatchObject({ state, message: expect.stringMatching(message) as string });
    expect(report.proof.hint === undefined).toBe(state === "proven");
  });
});

describe("where the domain leads is told in a sentence", () => {
  const at = (records: DnsRecords | "servfail", more: DnsZone = {}): DnsZone => ({
    [domain]: records,
    ...more,
  });
  test.each<readonly [string, DnsZone, string, RegExp]>([
    ["alias of the service's host", at({ CNAME: "shop.apps.example.com" }), "here", /leads to shop\.apps/],
    [
      "alias of an alias of it",
      at({ CNAME: "www.acme.example" }, { "www.acme.example": { CNAME: "shop.apps.example.com" } }),
      "here",
      /leads to/,
    ],
    [
      "its addresses, as a flattened alias gives them",
      at({ A: ["192.0.2.10"], AAAA: ["2001:db8::10"] }),
      "here",
      /has the addresses of/,
    ],
    ["one of its addresses", at({ A: ["192.0.2.10"] }), "here", /has the addresses of/],
    [
      "an old IPv6 address beside the right one",
      at({ A: ["192.0.2.10"], AAAA: ["2001:db8::99"] }),
      "partly",
      /also at 2001:db8::99, which is not the platform/,
    ],
    ["elsewhere", at({ A: ["198.51.100.7"] }), "elsewhere", /is at 198\.51\.100\.7, shop\.apps.*is at 192/],
    ["nowhere", {}, "nowhere", /has no address$/],
    [
      "alias of a name that is gone",
      at({ CNAME: "acme.hoster.example" }),
      "nowhere",
      /an alias of acme\.hoster\.example, which has no address: whoever can take that name/,
    ],
    [
      "alias of another tenant's host",
      at({ CNAME: "rival.apps.example.com" }),
      "other-name",
      /the name of rival\/web-01, of another workspace/,
    ],
    [
      "alias of a host of the platform that nobody has",
      at({ CNAME: "old.apps.example.com" }),
      "other-name",
      /which no service has/,
    ],
    [
      "alias of itself over another",
      at({ CNAME: "b.acme.example" }, { "b.acme.example": { CNAME: domain } }),
      "endless",
      /never ends \(flows\.acme\.example -> b\.acme\.example -> flows\.acme\.example\)/,
    ],
    ["SERVFAIL", at("servfail"), "unanswered", /did not say where flows\.acme\.example is \(A: SERVFAIL/],
    [
      "the platform's own name is not there",
      { "*.apps.example.com": {}, [domain]: { A: ["192.0.2.10"] } },
      "unknown",
      /shop\.apps\.example\.com has none to compare it with/,
    ],
    [
      "alias of the platform's name, which is not there",
      { "*.apps.example.com": {}, [domain]: { CNAME: "shop.apps.example.com" } },
      "nowhere",
      /shop\.apps\.example\.com has no address yet/,
    ],
  ])("%s", async (...[, zone, state, message]) => {
    const report = await look(zone);
    expect(report.route).toMatchObject({ state, message: expect.stringMatching(message) as string });
    expect(report.route.hint === undefined).toBe(state === "here");
  });
});

describe("the records to set", () => {
  test("below a zone's begin: an alias of the service's host, and the proof", async () => {
    expect((await look({})).records).toEqual([
      { type: "CNAME", name: domain, value: "shop.apps.example.com", purpose: "route" },
      { type: "TXT", name: challenge, value: proof("acme", domain), purpose: "proof" },
    ]);
  });

  test("where a zone begins: the platform's addresses, because an alias cannot stand there", async () => {
    const report = await look(
      { "acme.example": { SOA: "ns1.acme.example" } },
      tenants({ "acme/web-01": "acme.example" }),
    );
    expect(report.records.slice(0, -1)).toEqual([
      { type: "A", name: "acme.example", value: "192.0.2.10", purpose: "route" },
      { type: "AAAA", name: "acme.example", value: "2001:db8::10", purpose: "route" },
    ]);
    expect(report.notes.join()).toContain("ALIAS or ANAME record to shop.apps.example.com");
  });

  test("an alias of a name where a zone begins is no such name itself", async () => {
    const zone: DnsZone = {
      [domain]: { CNAME: "zone.example" },
      "zone.example": { SOA: "ns1.zone.example", A: ["198.51.100.7"] },
    };
    expect((await look(zone)).records[0]?.type).toBe("CNAME");
  });

  test("when nobody says where a zone begins, both ways are told", async () => {
    const report = await look({ [domain]: "silent" });
    expect(report.records[0]?.type).toBe("CNAME");
    expect(report.notes.join()).toContain("set the addresses of shop.apps.example.com instead of a CNAME");
  });

  test("a service without a subdomain has a name of its own all the same", async () => {
    const report = await look({}, tenants({ "acme/web-02": domain }));
    expect(report.records[0]?.value).toBe("paas-ws-acme-web-02.apps.example.com");
  });
});

test("letters of another script are shown in both forms, and a mixture of scripts is pointed at", async () => {
  // the first letter is Cyrillic
  const report = await look({}, tenants({ "acme/web-01": "xn--pple-43d.example" }));
  expect(report).toMatchObject({ domain: "xn--pple-43d.example", unicode: "\u0430pple.example" });
  expect(report.notes.join()).toContain("mixes letters of several scripts");
  const plain = await look({}, tenants({ "acme/web-01": "xn--bcher-kva.example" }));
  expect(plain.unicode).toBe("b\u00fccher.example");
  expect(plain.notes).toEqual([]);
});

describe("what domains.yaml lists", () => {
  test("a proof that vanished is told as a risk, and nothing is taken away", async () => {
    const report = await look({}, tenants({ "acme/web-01": domain }, [[domain, "acme"]]));
    expect(report.state).toBe("verified");
    expect(report.notes.join()).toContain(`woow domain forget ${domain}`);
    const silent = await look(
      { [challenge]: "silent" },
      tenants({ "acme/web-01": domain }, [[domain, "acme"]]),
    );
    expect(silent.notes.join()).not.toContain("forget");
  });

  test("a domain that no service uses any more is told, with whether it still leads here", async () => {
    const report = await look({ [domain]: { A: ["192.0.2.10"] } }, tenants({}, [[domain, "acme"]]));
    expect(report).toMatchObject({ state: "unused", service: null });
    expect(report.notes.join()).toContain("it still leads here");
  });

  test("another tenant's wish for it is foreign, whatever DNS says", async () => {
    const both = tenants({ "rival/web-01": domain }, [[domain, "acme"]]);
    server.serve({ ...platformZone, [challenge]: { TXT: [proof("rival", domain)] } });
    const reports = await over(both, server).status();
    expect(reports.map(({ workspace, state }) => `${workspace} ${state}`)).toEqual([
      "acme unused",
      "rival foreign",
    ]);
  });

  test("a name below one that another tenant has proven is pointed at", async () => {
    const below = tenants({ "rival/web-01": "shop.acme.example" }, [["acme.example", "acme"]]);
    server.serve(platformZone);
    const report = (await over(below, server).status(["shop.acme.example"]))[0];
    expect(report?.notes.join()).toContain("below acme.example, which workspace acme has proven");
  });
});

test("each question is asked once, however many domains lead to one host", async () => {
  server.serve(platformZone);
  const from = server.questions.length;
  const listed = Array.from({ length: 12 }, (_, index) => [`d${index}.acme.example`, "acme"] as const);
  await over(tenants({}, listed), server).status();
  const asked = server.questions.slice(from);
  expect(asked).toContain("A paas-ws-acme.apps.example.com");
  expect(asked.length).toBe(new Set(asked).size);
});

test("a domain in any way people write it is found; what is none, and whom nobody has, is refused", async () => {
  server.serve({ ...platformZone, [domain]: { CNAME: "shop.apps.example.com" }, [challenge]: good });
  const { status } = over(files, server);
  const [report] = await status(["FLOWS.Acme.example."]);
  expect(report === undefined ? report : told(report)).toEqual({
    proof: `proven: ${challenge} holds the proof`,
    route: `here: ${domain} leads to shop.apps.example.com`,
  });
  for (const [text, message] of [
    ["*.acme.example", /wildcards are not served/],
    ["https://flows.acme.example/x", /the address of a page/],
    ["203.0.113.9", /an IP address/],
    ["flow.acme.example", /no service wants flow\.acme\.example/],
  ] as const) {
    await expect(status([text]), text).rejects.toThrow(message);
  }
  await expect(status([], ["nobody"])).rejects.toThrow(/there is no workspace nobody/);
});

/** As DNS keeps long texts. */
function splitText(text: string): string[] {
  return [text.slice(0, 20), text.slice(20)];
}
