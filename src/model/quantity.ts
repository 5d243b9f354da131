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

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * What Kubernetes reads in a quantity (900Pi, 500m, 1e3, a plain number); undefined for anything else and for less than
 * nothing. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : typeof value === "string" ? value : "";
  const match = /^\+?([0-9]+\.?[0-9]*|\.[0-9]+)(?:([eE][+-]?[0-9]+)|([numkMGTPE]?|[KMGTPE]i))$/.exec(text);
  if (match === null) return undefined;
  const amount = Number(`${match[1] ?? ""}${match[2] ?? ""}`) * (factors[match[3] ?? ""] ?? Number.NaN);
  return Number.isFinite(amount) ? amount : undefined;
}

/** A quantity such as 8Gi or 9000G in Gi, or undefined when it is none. */
export function parseGibibytes(value: unknown): number | undefined {
  const bytes = parseQuantity(value);
  return bytes === undefined ? undefined : bytes / 2 ** 30;
}

/** 2.007 * 1000 is a little more than 2007 in floating point; that must not round up to 2008. */
function roundOff(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
