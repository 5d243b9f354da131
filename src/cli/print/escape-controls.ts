/** Control characters, line ends of Unicode's own, and what turns the direction of text around. */
const controls = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/**
 * Text from files, names and keys as one harmless line: whatever would start a line of its own (CI systems read
 * commands there), steer the terminal or hide what is written is shown as `\u{1b}`.
 */
export function escapeControls(text: string): string {
  return text.replaceAll(controls, escapeCharacter);
}

/** The same for text of several lines: line ends and tabs stay. */
export function escapeLines(text: string): string {
  return text.replaceAll(controls, (character) =>
    character === "\n" || character === "\t" ? character : escapeCharacter(character),
  );
}

/**
 * The same for JSON, and for YAML whose strings with such characters are in double quotes: escaped as the language
 * does it, so that a program reads what was there.
 */
export function escapeJson(json: string): string {
  return json.replaceAll(controls, (character) =>
    character === "\n" || character === "\t" ? character : escapeUnit(character),
  );
}

/** True for text that must not be written as it is, whatever the line ends in it mean. */
export function hasControls(text: string): boolean {
  return escapeJson(text) !== text;
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
