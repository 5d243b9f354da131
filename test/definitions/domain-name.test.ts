import fc from "fast-check";
import { expect, test } from "vitest";
import { readDomainName } from "../../src/definitions/domain-name.ts";
import { dnsLabelPattern, hostNamePattern } from "../../src/definitions/id-patterns.ts";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { append, samplePlatform } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";

test.each<readonly [string, string]>([
  ["Flows.ACME.example.", "flows.acme.example"],
  [" flows.acme.example ", "flows.acme.example"],
  ["b\u00fccher.example", "xn--bcher-kva.example"],
  ["bu\u0308cher.example", "xn--bcher-kva.example"],
  ["fa\u00df.example", "xn--fa-hia.example"],
  ["\u65e5\u672c\u3002example", "xn--wgv71a.example"],
])("%j is the name %s", (text, domain) => {
  expect(readDomainName(text)).toMatchObject({ ok: true, domain });
});

test.each<readonly [string, string, boolean]>([
  ["a Cyrillic letter among Latin ones", "\u0430pple.example", true],
  ["Greek among Latin", "p\u03b1ypal.example", true],
  ["all Cyrillic", "\u0430\u0440\u0440\u04cf\u0435.example", false],
  ["Japanese with Latin", "web\u30c6\u30b9\u30c8\u65e5\u672c.example", false],
  ["Latin with digits", "b\u00fccher24.example", false],
])("%s: mixed is %3$s", (_, text, isMixed) => {
  expect(readDomainName(text)).toMatchObject({ ok: true, isMixed });
});

test.each<readonly [string, RegExp]>([
  ["*.acme.example", /wildcards are not served/],
  ["a.*.example", /wildcards/],
  ["192.0.2.1", /IP address/],
  ["1.2.3.0x4", /IP address/],
  ["0x7f.0x1", /IP address/],
  ["\uff11\u3002\uff12\u3002\uff13\u3002\uff14", /IP address/],
  ["flows%2eacme.example", /percent sign/],
  ["%31.2.3.4", /percent sign/],
  ["::1", /address of a page/],
  ["https://flows.acme.example/", /address of a page/],
  ["flows.acme.example:8443", /address of a page/],
  ["acme", /no dot/],
  ["", /DNS cannot have/],
  ["a..example", /DNS cannot have/],
  ["-a.example", /DNS cannot have/],
  ["a_b.example", /DNS cannot have/],
  [`${"a".repeat(64)}.example`, /DNS cannot have/],
  [`${"a.".repeat(119)}example`, /leaves room for 237/],
])("%j is no custom domain", (text, reason) => {
  const name = readDomainName(text);
  expect(name.ok ? name.domain : name.reason).toMatch(reason);
});

test.each<readonly [string, RegExp]>([
  ["Flows.Acme.example", /^write flows\.acme\.example$/],
  ["flows.acme.example.", /^write flows\.acme\.example$/],
  ["b\u00fccher.example", /^write xn--bcher-kva\.example, the form of b\u00fccher\.example that DNS has$/],
  ['"*.acme.example"', /^wildcards are not served: .*name each host/],
  ["203.0.113.9", /^write a name such as/],
  ["203.0.113.0x9", /^write a name such as/],
])("custom_domain: %s is refused with what to write", (text, hint) => {
  const { problems } = loadPlatform(
    memoryTree(append(samplePlatform(), "workspaces/acme/web-01.yaml", `custom_domain: ${text}\n`)),
  );
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({
    code: "bad-format",
    severity: "error",
    hint: expect.stringMatching(hint) as string,
  });
});

test("custom_domain: whatever the schema takes is served as it is written, or refused", () => {
  const label = fc.oneof(
    fc.stringMatching(new RegExp(dnsLabelPattern)),
    fc.stringMatching(/^(0x)?[0-9a-f]{1,4}$/),
    fc.stringMatching(/^xn--[a-z0-9]{1,8}$/),
  );
  const names = fc.array(label, { minLength: 2, maxLength: 5 }).map((labels) => labels.join("."));
  fc.assert(
    fc.property(names, (text) => {
      expect(new RegExp(hostNamePattern).test(text)).toBe(true);
      const name = readDomainName(text);
      expect(name.ok ? name.domain : text).toBe(text);
    }),
    { numRuns: 2000, examples: [["1.2.3.0x4"], ["xn--a.example"]] },
  );
});
