import { dump, SCALAR_STYLE, visit } from "js-yaml";
import type { Document } from "js-yaml";

/**
 * The one way we write YAML. js-yaml's default schema quotes whatever a YAML 1.1 reader would take for something
 * else, and Kubernetes and Helm read YAML 1.1 (decision 0003 has the measurements). A test reads thousands of
 * awkward texts back with Kubernetes' own reader.
 */
export function writeYaml(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true, transform: quoteNumbers });
}

/** Kubernetes' reader takes these for numbers, with capital letters and underscores too, and js-yaml does not. */
const prefixedNumber = /^[-+]?0_*[xXbBoO]\w*$/;

function quoteNumbers(documents: Document[]): void {
  visit(documents, (node) => {
    if (node.kind === "scalar" && prefixedNumber.test(node.value)) node.style = SCALAR_STYLE.SINGLE_QUOTED;
  });
}
