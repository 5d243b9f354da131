import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDnsServer } from "../support/dns-server.ts";
import type { DnsServer, DnsZone } from "../support/dns-server.ts";
import { platformZone, proof, tenants } from "../operations/domain/domain-world.ts";
import { readFiles, tempFolder, tempPlatform } from "../support/temp-platform.ts";
import { builtCli, cleanEnvironment, runWoow } from "../support/woow.ts";

const domain = "flows.acme.example";
const challenge = `_woow-challenge.${domain}`;
const left = `warning: ${domain} is left out until domains.yaml says that workspace acme has proven it [unverified-domain]`;
const advice = `hint: woow domain status ${domain} prints the DNS records to set, woow domain verify ${domain} checks them`;
const proven: DnsZone = {
  [domain]: { CNAME: "shop.apps.example.com" },
  [challenge]: { TXT: [proof("acme", domain)] },
};

let server: DnsServer;
beforeAll(async () => {
  server = await startDnsServer(platformZone);
});
afterAll(async () => server.close());

const platform = (wishes = { "acme/web-01": domain }, listed?: Parameters<typeof tenants>[1]) =>
  tempPlatform(tenants(wishes, listed));
const woow = async (root: string, args: readonly string[], zone: DnsZone = {}) => {
  server.serve({ ...platformZone, ...zone });
  return runWoow(args, { cwd: root, env: { WOOW_DNS: server.address } });
};

describe("every way of synth leaves an unverified domain out and says so", () => {
  const expectLeftOut = ({ stderr }: { readonly stderr: string }, files: Record<string, string>) => {
    expect(stderr).toContain(`workspaces/acme/web-01.yaml:6:16: ${left}`);
    expect(stderr).toContain(advice);
    const texts = Object.values(files).join("\n");
    expect(texts).toContain("host: shop.apps.example.com");
    expect(texts).not.toContain(domain);
  };

  test("woow synth into dist/, with the domain once it is proven", async () => {
    const root = platform();
    const ran = await woow(root, ["synth", "--without-secrets"]);
    expect(ran.status).toBe(0);
    expectLeftOut(ran, readFiles(join(root, "dist")));
    expect((await woow(root, ["domain", "verify", domain], proven)).status).toBe(0);
    const again = await woow(root, ["synth", "--without-secrets"]);
    expect(again.stderr).not.toContain("unverified-domain");
    const texts = Object.values(readFiles(join(root, "dist"))).join("\n");
    expect(texts).toContain(`host: ${domain}`);
    expect(texts).toMatch(/paas\.woowtech\.com\/hosts: .*flows\.acme\.example/);
  });

  test("woow synth --stdout", async () => {
    const ran = await woow(platform(), ["synth", "--without-secrets", "--stdout"]);
    expectLeftOut(ran, { stdout: ran.stdout });
  });

  test("woow synth --manifests-dir", async () => {
    const root = platform();
    const folder = tempFolder();
    const ran = await woow(root, ["synth", "--manifests-dir", folder]);
    expectLeftOut(ran, readFiles(folder));
  });

  test("cdk8s synth", async () => {
    const root = platform();
    writeFileSync(
      join(root, "cdk8s.yaml"),
      `language: typescript\napp: ${process.execPath} ${builtCli} synth --without-secrets\noutput: dist\n`,
    );
    const cdk8s = join(import.meta.dirname, "../../node_modules/cdk8s-cli/bin/cdk8s");
    const ran = await execa(process.execPath, [cdk8s, "synth", "--check-upgrade=false"], {
      cwd: root,
      env: cleanEnvironment(root),
      extendEnv: false,
      reject: false,
    });
    expectLeftOut({ stderr: ran.stdout + ran.stderr }, readFiles(join(root, "dist")));
  });

  test("woow validate", async () => {
    const ran = await woow(platform(), ["validate"]);
    expect(ran).toMatchObject({ status: 0, stderr: expect.stringContaining(left) as string });
  });
});

describe("woow domain verify", () => {
  test("writes domains.yaml and says what comes next; a second run writes nothing", async () => {
    const root = platform();
    const ran = await woow(root, ["domain", "verify", domain], proven);
    expect(ran).toEqual({
      status: 0,
      stderr: "",
      stdout: `${domain}: proven, and written into domains.yaml for workspace acme\n1 domain added; commit domains.yaml and run woow apply\n`,
    });
    const text = readFileSync(join(root, "domains.yaml"), "utf8");
    expect(text).toMatch(/domain: flows\.acme\.example, workspace: acme, verified_at: "20\d\d-.*Z"/);
    const again = await woow(root, ["domain", "verify", "--all"], proven);
    expect(again.stdout).toBe(`${domain}: still proven, by workspace acme\n`);
    expect(readFileSync(join(root, "domains.yaml"), "utf8")).toBe(text);
  });

  test("says that a proven domain does not lead here yet, which keeps it from nothing", async () => {
    const ran = await woow(platform(), ["domain", "verify", domain], {
      [challenge]: { TXT: [proof("acme", domain)] },
    });
    expect(ran.status).toBe(0);
    expect(ran.stdout).toMatch(
      /flows\.acme\.example has no address\n.*\n.*TYPE.*\n +to set +CNAME +flows\.acme\.example +shop\.apps\.example\.com/,
    );
  });

  test("exit status: 1 when nothing is proven, 4 when some is, 1 when a proof is gone", async () => {
    const wishes = { "acme/web-01": domain, "rival/web-01": "rival.example" };
    const none = platform(wishes);
    const refused = await woow(none, ["domain", "verify", "--all"]);
    expect(refused.status).toBe(1);
    expect(refused.stdout).toContain(`TXT    ${challenge}  ${proof("acme", domain)}`);
    expect(readFiles(none)["domains.yaml"]).toBeUndefined();
    expect((await woow(platform(wishes), ["domain", "verify", "--all"], proven)).status).toBe(4);
    const lost = await woow(platform(undefined, [[domain, "acme"]]), ["domain", "verify", domain]);
    expect(lost).toMatchObject({ status: 1, stdout: expect.stringContaining("its proof is gone") as string });
  });

  test("a name server that does not answer proves nothing and disproves nothing: unknown, exit status 1", async () => {
    const wishes = { "acme/web-01": domain, "rival/web-01": "rival.example" };
    const root = platform(wishes, [["rival.example", "rival"]]);
    const ran = await woow(root, ["domain", "verify", "--all"], {
      [challenge]: "servfail",
      "_woow-challenge.rival.example": "servfail",
    });
    expect(ran.status).toBe(1);
    const headings = ran.stdout.split("\n").filter((line) => line.includes(".example: "));
    expect(headings).toEqual([
      `${domain}: unknown: DNS did not answer, so nobody can say whether workspace acme has proven it`,
      "rival.example: unknown: DNS did not answer; it stays in domains.yaml for workspace rival",
    ]);
    expect(ran.stdout).not.toContain("not proven");
    // the first one's records end before the second one begins
    expect(ran.stdout).toContain("\n\nrival.example: unknown");
    expect(readFiles(root)["domains.yaml"]).not.toContain(domain);
  });

  test("needs to be told which", async () => {
    const root = platform();
    for (const args of [[], ["--all", domain], ["--all", "-w", "acme"]]) {
      expect(await woow(root, ["domain", "verify", ...args])).toMatchObject({ status: 1 });
    }
    expect((await woow(root, ["domain", "verify"])).stderr).toContain(
      "name a DOMAIN or --workspace, or add --all",
    );
    expect((await woow(root, ["domain", "verify", "*.acme.example"])).stderr).toContain(
      "wildcards are not served",
    );
  });

  test("--json has one event a domain and a summary", async () => {
    const ran = await woow(platform(), ["domain", "verify", domain, "--json"], proven);
    const events = ran.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(events).toMatchObject([
      { version: 1, type: "domain", outcome: "added", domain, workspace: "acme", proof: { state: "proven" } },
      { type: "summary", looked_at: 1, added: 1 },
    ]);
  });
});

describe("woow domain status", () => {
  test("prints the table, what is wrong and the records to set", async () => {
    const { stdout, status } = await woow(platform(), ["domain", "status"]);
    expect(status).toBe(0);
    expect(stdout.split("\n").map((line) => line.trimEnd())).toEqual([
      "DOMAIN              SERVICE      STATE       PROOF    LEADS    SINCE",
      "flows.acme.example  acme/web-01  unverified  missing  nowhere  -",
      "",
      domain,
      `  there is no TXT record ${challenge}`,
      "    a record that was set just now is seen when the old answer's time to live is over; --resolver IP asks another name server",
      `  ${domain} has no address`,
      "    set the record below",
      "  RECORD  TYPE   NAME                                VALUE",
      `  to set  CNAME  ${domain}                  shop.apps.example.com`,
      `  to set  TXT    ${challenge}  ${proof("acme", domain)}`,
      "",
    ]);
  });

  test("a domain that is as it should be needs no words, unless it is named", async () => {
    const root = platform(undefined, [[domain, "acme"]]);
    const table = (await woow(root, ["domain", "status"], proven)).stdout;
    expect(table.trimEnd().split("\n")).toHaveLength(2);
    const named = (await woow(root, ["domain", "status", domain.toUpperCase()], proven)).stdout;
    expect(named).toContain(`CNAME  ${domain}`);
    expect(named).not.toContain("to set");
  });

  test("json, yaml, name, wide and --json", async () => {
    const root = platform({ "acme/web-01": "xn--bcher-kva.example" });
    const read = async (...args: string[]) => (await woow(root, ["domain", "status", ...args])).stdout;
    const { domains } = JSON.parse(await read("-o", "json")) as { domains: object[] };
    expect(domains).toMatchObject([
      {
        domain: "xn--bcher-kva.example",
        unicode: "b\u00fccher.example",
        service: "acme/web-01",
        state: "unverified",
        verified_at: null,
        proof: { state: "missing" },
        route: { state: "nowhere" },
        records: [{ type: "CNAME" }, { type: "TXT" }],
      },
    ]);
    expect(await read("-o", "yaml")).toContain("verified_at: null");
    expect(await read("-o", "name")).toBe("xn--bcher-kva.example\n");
    expect(await read("-o", "wide")).toContain("b\u00fccher.example");
    expect(await read()).toContain("\nxn--bcher-kva.example (b\u00fccher.example)\n");
    expect(JSON.parse(await read("--json"))).toMatchObject({ version: 1, type: "domain" });
    // in any way it is written
    expect(await read("b\u00fccher.example", "-o", "name")).toBe("xn--bcher-kva.example\n");
  });

  test("--resolver goes before WOOW_DNS, and what is no address is refused", async () => {
    const root = platform();
    server.serve({ ...platformZone, ...proven });
    const args = ["domain", "status", "--resolver", server.address];
    const ran = await runWoow(args, { cwd: root, env: { WOOW_DNS: "nobody" } });
    expect(ran.stdout).toMatch(/acme\/web-01 +unverified +proven +here/);
    const wrong = await runWoow(["domain", "status"], { cwd: root, env: { WOOW_DNS: "nobody" } });
    expect(wrong).toMatchObject({ status: 1 });
    expect(wrong.stderr).toContain("nobody is not the address of a name server");
  });
});

test("woow domain forget takes it out and names who loses it", async () => {
  const root = platform(undefined, [[domain, "acme"]]);
  const ran = await woow(root, ["domain", "forget", domain]);
  expect(ran.stdout).toBe(
    `domains.yaml: ${domain} taken out; it was proven by workspace acme\nacme/web-01 is not served there any more after the next woow apply\n`,
  );
  expect(readFileSync(join(root, "domains.yaml"), "utf8")).toBe("kind: Domains\n# kept\nverified: []\n");
  expect((await woow(root, ["domain", "forget", domain])).status).toBe(1);
});
