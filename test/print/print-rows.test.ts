import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { CliContext } from "../../src/cli/context.ts";
import { printEvent } from "../../src/cli/print/print-json.ts";
import { printDocument } from "../../src/cli/print/print-rows.ts";

/** A window title for terminals that know C1, a line separator, text that runs backwards, DEL. */
const evil = "a\u009d0;made-up\u009c\u2028b\u202egnp\u2066.\u061cc\u007f\n\u0085d\u200f";
// what no terminal may see; line ends are the document's own
// eslint-disable-next-line no-control-regex
const harmful = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

function print(write: (context: CliContext) => void): string {
  const written: string[] = [];
  write({
    environment: {},
    stdout: (text) => void written.push(text),
    stderr: () => undefined,
    stdoutIsTty: true,
    stderrIsTty: true,
    canAsk: false,
    colors: { stdout: false, stderr: false },
  });
  return written.join("");
}

const document = { [evil]: [{ message: evil, [`x${evil}`]: 1 }], long: `${"word ".repeat(60)}${evil}` };

describe("what steers terminals or hides text is escaped, and read back it is the same", () => {
  test("an event is one line", () => {
    const event = { type: "made-up", message: evil };
    const text = print((context) => printEvent(context, event));
    expect(text).not.toMatch(harmful);
    expect(text.trimEnd()).not.toContain("\n");
    expect(JSON.parse(text)).toMatchObject({ message: evil });
  });

  test.each([
    { format: "json", read: (text: string): unknown => JSON.parse(text) },
    { format: "yaml", read: (text: string): unknown => parse(text) },
  ] as const)("$format", ({ format, read }) => {
    const text = print((context) => printDocument(context, { format, document }));
    expect(text).not.toMatch(harmful);
    expect(read(text)).toEqual(document);
  });
});

test("ordinary text is written as it is", () => {
  const text = print((context) =>
    printDocument(context, { format: "yaml", document: { name: "数据 é\tb", note: "one\ntwo\n" } }),
  );
  expect(text).toBe("name: 数据 é\tb\nnote: |\n  one\n  two\n");
});
