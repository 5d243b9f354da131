import type { K3sVersion } from "./platform.ts";

/** `valuesSecrets`, without which secrets would stand in clear in the HelmChart, came with this one. */
export const oldestK3s = "v1.33.0";

/** v1.35.8+k3s1 in parts; the schema has already checked the form. */
export function parseK3sVersion(text: string): K3sVersion {
  const [, major = "0", minor = "0", patch = "0"] = /^v(\d+)\.(\d+)\.(\d+)/.exec(text) ?? [];
  return { text, major: Number(major), minor: Number(minor), patch: Number(patch) };
}

/** False for a K3s whose HelmChart has no valuesSecrets. */
export function isSupportedK3s({ major, minor }: K3sVersion): boolean {
  return major > 1 || (major === 1 && minor >= 33);
}

/**
 * `forceConflicts` reached the CRD with K3s 1.35.7, 1.36.3 and 1.37.0; an older CRD drops it silently.
 */
export function hasForceConflicts({ major, minor, patch }: K3sVersion): boolean {
  if (major !== 1) return major > 1;
  if (minor >= 37) return true;
  return (minor === 36 && patch >= 3) || (minor === 35 && patch >= 7);
}
