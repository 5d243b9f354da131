const maxLength = 200;
const mask = "***";

/**
 * The last line of what a program said as it ended, short, and without what may be a secret: credentials in
 * addresses, what follows words such as password, and every long mix of letters and digits.
 */
export function maskText(text: string): string {
  const line = text.trim().split("\n").at(-1)?.trim() ?? "";
  const masked = line
    .replaceAll(/:\/\/[^\s/@]+@/g, `://${mask}@`)
    .replaceAll(
      /\b([\w-]*(?:pass(?:word|wd|phrase)?|secret|token|key|credentials?|auth\w*)["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|\S+)/gi,
      `$1${mask}`,
    )
    .replaceAll(/[A-Za-z0-9+/_=-]{12,}/g, (word) => (/\d/.test(word) && /[A-Za-z]/.test(word) ? mask : word));
  return masked.length <= maxLength ? masked : `${masked.slice(0, maxLength - 1)}…`;
}
