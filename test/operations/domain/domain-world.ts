import { openDnsResolver } from "../../../src/edges/dns-resolver.ts";
import { proofValue } from "../../../src/operations/domain/domain-proof.ts";
import { readDomains } from "../../../src/operations/domain/read-domains.ts";
import type { DomainReport } from "../../../src/operations/domain/report-domain.ts";
import { verifyDomains } from "../../../src/operations/domain/verify-domains.ts";
import type { VerifyResult } from "../../../src/operations/domain/verify-domains.ts";
import { samplePlatform } from "../../support/builders.ts";
import type { DnsServer, DnsZone } from "../../support/dns-server.ts";
import { memoryTree } from "../../support/memory-tree.ts";
import { memoryWriter } from "../../support/memory-writer.ts";

/** 2026-11-23T05:00:00Z. */
const nowMs = Date.UTC(2026, 10, 23, 5);

/** Where the platform is: the wildcard record that every platform has. */
export const platformZone: DnsZone = {
  "*.apps.example.com": { A: ["192.0.2.10"], AAAA: ["2001:db8::10"] },
};

/** The value that proves a domain on the test platform. */
export const proof = (workspace: string, domain: string, platform = "test-platform") =>
  proofValue({ platform, workspace, domain });

/** Two tenants with a service each, and the custom domains these want. */
export function tenants(
  wishes: Readonly<Record<string, string>>,
  verified?: readonly (readonly [domain: string, workspace: string])[],
): Record<string, string> {
  const files: Record<string, string> = {
    ...samplePlatform(),
    "workspaces/rival/workspace.yaml": "kind: Workspace\nname: Rival\n",
  };
  const service = files["workspaces/acme/web-01.yaml"] ?? "";
  files["workspaces/rival/web-01.yaml"] = service.replace("subdomain: shop", "subdomain: rival");
  for (const [unit, domain] of Object.entries(wishes)) {
    const path = `workspaces/${unit}.yaml`;
    // a second service has no host of the platform's
    files[path] ??= service.replace("subdomain: shop\n", "");
    files[path] += `custom_domain: ${domain}\n`;
  }
  if (verified !== undefined) {
    const lines = verified.map(
      ([domain, workspace]) => `  - { domain: ${domain}, workspace: ${workspace} } # by hand\n`,
    );
    files["domains.yaml"] = `kind: Domains\n# kept\nverified:\n${lines.join("")}`;
  }
  return files;
}

/** The operations over these files, asking this server; only who waits for silence is impatient. */
export function over(files: Readonly<Record<string, string>>, server: DnsServer, zone: DnsZone = {}) {
  const timeoutMs = Object.values(zone).includes("silent") ? 200 : 5000;
  const tree = memoryTree(files);
  const writer = memoryWriter(files);
  const resolver = openDnsResolver({ servers: [server.address], timeoutMs, tries: 1 });
  return {
    tree,
    writer,
    status: async (domains: readonly string[] = [], workspaces: readonly string[] = []) => {
      const result = await readDomains({ tree, resolver }, { domains, workspaces });
      if (!result.ok) throw new Error(JSON.stringify(result.problems));
      return result.domains;
    },
    verify: async (
      domains: readonly string[] = [],
      workspaces: readonly string[] = [],
    ): Promise<VerifyResult> =>
      verifyDomains({ tree, resolver, writer, nowMs: () => nowMs }, { domains, workspaces }),
  };
}

/** `state: message` of both checks. */
export const told = ({ proof: one, route }: DomainReport) => ({
  proof: `${one.state}: ${one.message}`,
  route: `${route.state}: ${route.message}`,
});
