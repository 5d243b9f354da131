import fc from "fast-check";

/** Texts that YAML readers take for something else, or that break a careless writer. */
export const awkwardStrings: readonly string[] = [
  ...["", " ", "  ", "\t", "\n", "\n\n", "\r", "\r\n", " \n", "\n ", "\n\n a", "a\n", "a\n\n", "a\n\n\n", "a\nb", "a\n b\nc"],
  ...["a \nb", "a\n\nb\n", " a\nb", "\ta\nb", "a\tb", "a\r\nb", "a\rb", "a ", " a", "\ta", "a\t", "# a\nb", "a\n# b", "a\n--- b"],
  ...["yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "y", "Y", "n", "N"],
  ...["true", "True", "TRUE", "false", "False", "FALSE", "null", "Null", "NULL", "~", "nil", "none", "undefined"],
  ...["0", "-0", "+0", "1", "-1", "+1", "08", "09", "0755", "0o755", "0x1F", "0X1f", "0b101", "-0x1f", "+0755", "1_000", "1__0", "_1"],
  ...["1e3", "1E3", "1e+3", "-1e-3", "1.", ".5", "1.5", "-.5", "+.5", "1.0", "1.10", "1,000", "1_0.5", "0.", "0e0", "12e03", "1e", "e3"],
  ...[".inf", "-.inf", "+.inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", "inf", "nan", "Infinity", "NaN", "1e1000", "9223372036854775808"],
  ...["18446744073709551616", "0.1e-400", "123456789012345678901234567890", "12:30", "12:30:45", "-12:30", "190:20:30.15", "1:2", "60:00"],
  ...["2026-01-31", "2026-01-31T12:00:00Z", "2026-1-1", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5"],
  ...["<<", "=", "<", "-", "--", "---", "--- a", "---\na", "a\n---\nb", "...", "... a", "a\n...\nb", "- a", "-a", "? a", "?", "?a", ":", "::"],
  ...[": a", ":a", "a:", "a: b", "a :b", "a:b", "a : b", "#", "# a", " # a", "a #b", "a # b", "a#b", "&", "&a", "*", "*a", "!", "!!str", "!a"],
  ...["|", "|-", "|+", "| a", ">", ">-", "> a", "%", "%YAML 1.2", "@", "@a", "`", "`a`", "'", "''", "'a'", "a'b", '"', '""', '"a"', 'a"b'],
  ...["[", "]", "[]", "[a]", "{", "}", "{}", "{ a: b }", "{a", "a}", ",", ", a", "a, b", "a,", "[a, b]: c"],
  ...["\\", "\\\\", "\\n", "\\t", "\\x41", "\\u0041", "a\\", "a\\\nb", "C:\\temp\\new", "\\0", "\\e"],
  ...["\u0000", "\u0001", "\u0007", "\u0008", "\u000b", "\u000c", "\u001b", "\u001f", "\u007f", "\u0080", "\u0084", "\u0085", "\u0086"],
  ...["a\u0085b", "\u0085", "a\u0085", "\u00a0", "a\u00a0", "\u00a0a", "\u00ad", "\u2028", "a\u2028b", "\u2029", "a\u2029b", "\u200b", "\u200e", "\u202e"],
  ...["\ufeff", "\ufeffa", "a\ufeff", "a\ufeffb", "\ufffd", "\ufffe", "\uffff", "\ud7ff", "\ue000", "\uf8ff", "\ufdd0", "\u{1ffff}", "\u{10ffff}"],
  ...["😀", "a😀b", "👨‍👩‍👧", "🇹🇼", "中文", "中文: 值", "繁體中文 # 註", "日本語\nテキスト\n", "العربية", "é", "e\u0301", "ß", "İ", "𝒳"],
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "length", "kind", "sops", "_bind", "ENC[AES256_GCM,data:", "{ {"],
  ...["${HOME}", "$(a)", "{release_name}", "%s", "a=b", "a&b", "<a>", "</script>", "\u001b[31m", "password: x", "AGE-SECRET-KEY-1"],
  ...["a".repeat(79), "a".repeat(81), "a ".repeat(60), "a".repeat(1100), "a b ".repeat(500), "中".repeat(400), `${"x".repeat(200)}\n${"y ".repeat(150)}`],
  ...["  lead\nless\n", "\n  lead\nless", "line\n\n\nline\n\n", "tab\n\tline", "trail \nline", "a\n ", "a\n \n", "a\n\t\n", "key: |\n  text\n", "- x\n- y\n"],
]; // prettier-ignore

const pieces = [
  ..."abcxyzYNnoeEfF0123456789".split(""),
  ..." \t\n\r:-#&*!|>'\"%@`{}[],?~=<\\_+./$()^;".split(""),
  ...["\n", "\n\n", ": ", " #", "- ", "---", "...", "\u0000", "\u001b", "\u007f", "\u0085", "\u00a0", "\u2028", "\u2029"],
  ...["\ufeff", "\ufffe", "\uffff", "😀", "中", "yes", "null", "0x", "1e", "0o", "<<", "\\u", "\\\n", "  "],
]; // prettier-ignore

/** Different strings of awkward pieces; the same ones on every run. */
export function fuzzStrings(count: number): string[] {
  const found = new Set<string>();
  const one = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 8 })
        .map((parts) => parts.join("")),
    },
    { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 12 }) },
  );
  for (let seed = 1; found.size < count; seed += 1) {
    for (const text of fc.sample(one, { seed, numRuns: 2000 })) {
      if (text.isWellFormed() && found.size < count) found.add(text);
    }
  }
  return [...found];
}
