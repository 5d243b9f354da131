import { expect, test } from "vitest";
import type { CliContext } from "../../src/cli/context.ts";
import { domainFormats, printDomains, printVerified } from "../../src/cli/print/print-domain.ts";
import type { DomainReport } from "../../src/operations/domain/report-domain.ts";

const report: DomainReport = {
  domain: "flows.acme.example",
  unicode: "flows.acme.example",
  workspace: "acme",
  service: "acme/web-01",
  state: "unverified",
  verifiedAt: null,
  proof: { state: "redirected", message: "an alias of x\u001b[31m.example", hint: "set \u001b[1mit" },
  route: { state: "elsewhere", message: "at \u0007somewhere", hint: "\u009b2J" },
  records: [],
  notes: ["a \u001b]0;title"],
};

test.each(domainFormats)("what DNS says cannot steer the terminal: %s", (format) => {
  let printed = "";
  const context = { stdout: (text: string) => (printed += text), colors: {} } as unknown as CliContext;
  printDomains([report], { context, format, isNamed: true });
  printVerified([{ outcome: "refused", report }], { context, json: format === "json" });
  expect(printed).toContain("flows.acme.example");
  // eslint-disable-next-line no-control-regex
  expect(printed).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});
