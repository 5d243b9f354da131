import { dump, SCALAR_STYLE, visit } from "js-yaml";
import type { Document } from "js-yaml";
import { writePlainYaml } from "./write-plain-yaml.ts";

/**
 * The one way we write YAML. js-yaml's default schema quotes whatever a YAML 1.1 reader would take for something
 * else, and Kubernetes and Helm read YAML 1.1 (decision 0003 has the measurements). A test reads thousands of
 * awkward texts back with Kubernetes' own reader.
 */
export function writeYaml(value: unknown): string {
  return writePlainYaml(value, writeScalar) ?? writeAnyYaml(value);
}

/** A text of one line or a number as it stands behind a key. */
function writeScalar(value: string | number): string {
  if (typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  let written = shortTexts.get(value);
  if (written === undefined) {
    written = writeAnyYaml({ k: value }).slice("k: ".length, -1);
    if (shortTexts.size < maxShortTexts && String(value).length <= maxShortLength)
      shortTexts.set(value, written);
  }
  return written;
}

/** Sizes, ports and switches come up thousands of times in one run. */
const shortTexts = new Map<string | number, string>();
const maxShortTexts = 2000;
const maxShortLength = 12;

/** The same with js-yaml alone. */
export function writeAnyYaml(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true, transform: quoteNumbers });
}

/** Kubernetes' reader takes these for numbers, with capital letters and underscores too, and js-yaml does not. */
const prefixedNumber = /^[-+]?0_*[xXbBoO]\w*$/;

function quoteNumbers(documents: Document[]): void {
  visit(documents, (node) => {
    if (node.kind === "scalar" && prefixedNumber.test(node.value)) node.style = SCALAR_STYLE.SINGLE_QUOTED;
  });
}
