import type { Json } from "../../definitions/convert.ts";

/** Words YAML 1.1 or 1.2 reads as something else than text. */
const notText = /^(y|n|yes|no|on|off|true|false|null|nan|inf)$/i;
const plainText = /^[A-Za-z]([\w./@+-]|\/\/|:(?=[^\s:])|[ ,](?=[\w(]))*$/;
// characters JSON may hold as they are and YAML may not, or reads as a line end
const notInYaml = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;
const commentWidth = 100;

/** A text as one YAML line that every YAML reader reads as that text: plain where that is safe, else quoted. */
export function formatText(text: string): string {
  if (plainText.test(text) && !notText.test(text)) return text;
  return JSON.stringify(text).replace(
    notInYaml,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A scalar as YAML. */
export function formatScalar(value: Json): string {
  return typeof value === "string" ? formatText(value) : JSON.stringify(value);
}

/** Text as comment lines, wrapped; line ends and runs of blanks in it become one blank, so that it stays a comment. */
export function formatComment(text: string, indent = ""): string {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of words) {
    if (line.length + word.length + 1 > commentWidth && line !== `${indent}#`) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line, ""].join("\n");
}

/** "a", "a or b", "a, b or c". */
export function joinOr(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`;
}
