import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forgetDomain } from "../../../src/operations/domain/forget-domain.ts";
import { loadPlatform } from "../../../src/operations/load-platform.ts";
import { startDnsServer } from "../../support/dns-server.ts";
import type { DnsServer, DnsZone } from "../../support/dns-server.ts";
import { memoryTree } from "../../support/memory-tree.ts";
import { over, platformZone, proof, tenants } from "./domain-world.ts";

const domain = "flows.acme.example";
const challenge = `_woow-challenge.${domain}`;

let server: DnsServer;
beforeAll(async () => {
  server = await startDnsServer(platformZone);
});
afterAll(async () => server.close());

async function verify(
  files: Readonly<Record<string, string>>,
  zone: DnsZone,
  { domains = [], workspaces = [] }: { domains?: readonly string[]; workspaces?: readonly string[] } = {},
) {
  server.serve({ ...platformZone, ...zone });
  const world = over(files, server, zone);
  const result = await world.verify(domains, workspaces);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return {
    outcomes: result.domains.map(({ outcome, report }) => `${report.domain} ${report.workspace} ${outcome}`),
    written: world.writer.written["domains.yaml"],
  };
}

const holds = (...workspaces: readonly string[]): DnsZone => ({
  [challenge]: { TXT: workspaces.map((workspace) => proof(workspace, domain)) },
});

test("a proven domain is written with workspace and time, and the service is served there", async () => {
  const files = tenants({ "acme/web-01": domain });
  const { outcomes, written = "" } = await verify(files, holds("acme"), { domains: [domain] });
  expect(outcomes).toEqual([`${domain} acme added`]);
  expect(written).toContain(
    `  - { domain: ${domain}, workspace: acme, verified_at: "2026-11-23T05:00:00Z" }\n`,
  );
  const hostsOf = (from: Readonly<Record<string, string>>) => {
    const { platform, problems } = loadPlatform(memoryTree(from));
    const workspaces = platform?.clusters.flatMap((cluster) => cluster.workspaces) ?? [];
    return {
      problems: problems.map(({ code }) => code),
      hosts: workspaces.find(({ id }) => id === "acme")?.hosts,
    };
  };
  expect(hostsOf(files)).toEqual({ problems: ["unverified-domain"], hosts: ["shop.apps.example.com"] });
  expect(hostsOf({ ...files, "domains.yaml": written })).toEqual({
    problems: [],
    hosts: [domain, "shop.apps.example.com"],
  });
});

test("comments, order and line ends of domains.yaml stay", async () => {
  const before =
    "# ours\r\nkind: Domains\r\nverified: # by hand\r\n- domain: a.example # old\r\n  workspace: acme\r\n# the end\r\n";
  const files = { ...tenants({ "acme/web-01": domain }), "domains.yaml": before };
  const { written } = await verify(files, holds("acme"));
  expect(written).toBe(
    before.replace(
      "# the end",
      `- { domain: ${domain}, workspace: acme, verified_at: "2026-11-23T05:00:00Z" }\r\n# the end`,
    ),
  );
});

test.each<readonly [string, DnsZone]>([
  ["nothing", {}],
  ["another tenant's proof", holds("rival")],
  ["a proof for another domain", { [challenge]: { TXT: [proof("acme", "acme.example")] } }],
  [
    "a proof behind an alias",
    { [challenge]: { CNAME: "x.example" }, "x.example": { TXT: [proof("acme", domain)] } },
  ],
  ["only the route", { [domain]: { CNAME: "shop.apps.example.com" } }],
])("%s writes nothing", async (_, zone) => {
  const { outcomes, written } = await verify(tenants({ "acme/web-01": domain }), zone);
  expect(outcomes).toEqual([`${domain} acme refused`]);
  expect(written).toBeUndefined();
});

test.each(["servfail", "silent"] as const)(
  "%s says nothing of a domain nobody has proven yet: unknown, not refused, and nothing is written",
  async (answer) => {
    const { outcomes, written } = await verify(tenants({ "acme/web-01": domain }), { [challenge]: answer });
    expect(outcomes).toEqual([`${domain} acme unknown`]);
    expect(written).toBeUndefined();
  },
);

describe("one domain, two tenants", () => {
  const both = { "acme/web-01": domain, "rival/web-01": domain };

  test("the tenant whose proof stands in the zone gets it, the other nothing", async () => {
    const { outcomes, written = "" } = await verify(tenants(both), holds("rival"));
    expect(outcomes).toEqual([`${domain} acme refused`, `${domain} rival added`]);
    const files = { ...tenants(both), "domains.yaml": written };
    const { problems } = loadPlatform(memoryTree(files));
    expect(problems.map(({ code, file }) => `${code} ${file}`)).toEqual([
      "foreign-domain workspaces/acme/web-01.yaml",
    ]);
  });

  test("what one has proven another cannot claim, even with a proof in the zone", async () => {
    const files = tenants(both, [[domain, "acme"]]);
    const { outcomes, written } = await verify(files, holds("acme", "rival"));
    expect(outcomes).toEqual([`${domain} acme kept`, `${domain} rival refused`]);
    expect(written).toBeUndefined();
    const named = await verify(files, holds("rival"), { domains: [domain], workspaces: ["rival"] });
    expect(named.outcomes).toEqual([`${domain} rival refused`]);
    expect(named.written).toBeUndefined();
  });

  test("two proofs at once are nobody's until somebody says whose it is", async () => {
    const files = tenants(both);
    await expect(verify(files, holds("acme", "rival"))).rejects.toThrow(/proofs of two workspaces/);
    const { outcomes } = await verify(files, holds("acme", "rival"), { workspaces: ["rival"] });
    expect(outcomes).toEqual([`${domain} rival added`]);
  });

  test("a tenant's wish for an unproven domain stops no other tenant", () => {
    const { platform, problems } = loadPlatform(memoryTree(tenants(both)));
    expect(problems.map(({ code, severity }) => `${code} ${severity}`)).toEqual([
      "unverified-domain warning",
      "duplicate-host warning",
      "unverified-domain warning",
    ]);
    expect(platform).toBeDefined();
  });

  test("after forget, the next who proves it gets it", async () => {
    const files = tenants(both, [
      ["other.example", "acme"],
      [domain, "acme"],
    ]);
    const world = over(files, server);
    expect(forgetDomain(world, "FLOWS.acme.example")).toEqual({
      ok: true,
      domain,
      workspace: "acme",
      services: ["acme/web-01"],
    });
    const left = world.writer.written["domains.yaml"] ?? "";
    expect(left).toBe(
      "kind: Domains\n# kept\nverified:\n  - { domain: other.example, workspace: acme } # by hand\n",
    );
    const again = await verify({ ...files, "domains.yaml": left }, holds("rival"), { domains: [domain] });
    expect(again.outcomes).toEqual([`${domain} acme refused`, `${domain} rival added`]);
    expect(() => forgetDomain(over(files, server), "nobody.example")).toThrow(/does not list/);
  });
});

test("a proof that is gone is told and stays written; one that nobody could see is unknown", async () => {
  const files = tenants({ "acme/web-01": domain }, [[domain, "acme"]]);
  expect((await verify(files, {})).outcomes).toEqual([`${domain} acme lost`]);
  const silent = await verify(files, { [challenge]: "silent" });
  expect(silent).toEqual({ outcomes: [`${domain} acme unknown`], written: undefined });
});

test("a domain can be proven before any service wants it, for a workspace that is named", async () => {
  const { outcomes } = await verify(tenants({}), holds("rival"), {
    domains: [domain],
    workspaces: ["rival"],
  });
  expect(outcomes).toEqual([`${domain} rival added`]);
  await expect(verify(tenants({}), holds("rival"), { domains: [domain] })).rejects.toThrow(
    /no service wants/,
  );
});

test("a name inside the platform's own domain is nobody's to prove", async () => {
  const own = "x.apps.example.com";
  server.serve({ [`_woow-challenge.${own}`]: { TXT: [proof("rival", own)] }, ...platformZone });
  const world = over(tenants({}), server);
  const result = await world.verify([own], ["rival"]);
  expect(result.ok ? [] : result.problems.map(({ code }) => code)).toEqual(["domain-inside-platform"]);
  expect(world.writer.written).toEqual({});
});

test("a domains.yaml that cannot be read is left alone", async () => {
  server.serve({ ...platformZone, ...holds("acme") });
  const files = { ...tenants({ "acme/web-01": domain }), "domains.yaml": "kind: Domains\nverified: [\n" };
  const world = over(files, server);
  expect((await world.verify()).ok).toBe(false);
  expect(world.writer.written).toEqual({});
});

test("an entry of a workspace that is gone stops nobody, and forget mends it", async () => {
  const files = tenants({ "acme/web-01": domain }, [["old.example", "gone"]]);
  const { platform, problems } = loadPlatform(memoryTree(files));
  expect(problems.map(({ code, severity }) => `${code} ${severity}`)).toContain("unknown-workspace warning");
  expect(platform).toBeDefined();
  expect((await verify(files, holds("acme"), { domains: [domain] })).written).toContain("old.example");
  const world = over(files, server);
  expect(forgetDomain(world, "old.example").ok).toBe(true);
  expect(world.writer.written["domains.yaml"]).toBe("kind: Domains\n# kept\nverified: []\n");
});
