/**
 * Kubernetes quantities in the one form the API server stores, so that what we write equals what we read back.
 */

/** vCPU as CPU: whole cores as a number, else millicores, rounded up. */
export function cpuQuantity(vcpu: number): string {
  const millis = Math.max(1, Math.ceil(roundOff(vcpu * 1000)));
  return millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`;
}

/** Gi as memory or storage: the largest binary unit that keeps it whole, rounded up to a full Mi; 0 is "0". */
export function binaryQuantity(gibibytes: number): string {
  const mebibytes = Math.ceil(roundOff(gibibytes * 1024));
  if (mebibytes === 0) return "0";
  const units = ["Mi", "Gi", "Ti", "Pi"];
  let amount = mebibytes;
  let unit = 0;
  while (amount % 1024 === 0 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${amount}${units[unit] ?? "Mi"}`;
}

/** A binary quantity such as 8Gi in Gi, or undefined when the text is none. */
export function parseGibibytes(text: string): number | undefined {
  const match = /^([0-9]+(?:\.[0-9]+)?)(Mi|Gi|Ti)$/.exec(text);
  if (match === null) return undefined;
  const factor = match[2] === "Mi" ? 1 / 1024 : match[2] === "Ti" ? 1024 : 1;
  return Number(match[1]) * factor;
}

/** 2.007 * 1000 is a little more than 2007 in floating point; that must not round up to 2008. */
function roundOff(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
