import { expect, test } from "vitest";
import { hasForceConflicts, isSupportedK3s, parseK3sVersion } from "../../src/model/k3s-version.ts";

// from the CRDs of the releases: valuesSecrets since 1.33.0; forceConflicts since 1.35.7, 1.36.3 and 1.37.0
test.each([
  ["v1.32.9+k3s1", false, false],
  ["v1.33.0+k3s1", true, false],
  ["v1.34.10+k3s1", true, false],
  ["v1.35.6+k3s1", true, false],
  ["v1.35.7+k3s1", true, true],
  ["v1.35.10+k3s1", true, true],
  ["v1.36.2+k3s1", true, false],
  ["v1.36.3+k3s1", true, true],
  ["v1.37.0+k3s1", true, true],
  ["v2.0.0+k3s1", true, true],
])("%s: valuesSecrets %s, forceConflicts %s", (text, supported, forceConflicts) => {
  const version = parseK3sVersion(text);
  expect(isSupportedK3s(version)).toBe(supported);
  expect(hasForceConflicts(version)).toBe(forceConflicts);
});
