import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** Paints text, or leaves it alone where colours are not wanted. */
export function createPainter(enabled: boolean): (format: Format, text: string) => string {
  return (format, text) => (enabled ? styleText(format, text, { validateStream: false }) : text);
}
