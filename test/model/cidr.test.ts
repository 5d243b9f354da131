import { describe, expect, test } from "vitest";
import { cidrContains, cidrFault, compactCidrs } from "../../src/model/cidr.ts";

describe("cidrFault", () => {
  test.each(["10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32", "2001:db8::/32", "::/0", "::ffff:192.0.2.0/120"])(
    "%s is fine",
    (cidr) => expect(cidrFault(cidr)).toBeUndefined(),
  );
  test.each([
    "10.0.0.1/8",
    "10.0.0.0/33",
    "10.0.0/8",
    "010.0.0.0/8",
    "10.0.0.0/",
    "10.0.0.0",
    "10.0.0.0/8/8",
    "2001:db8::1/32",
    "::/129",
    ":::/0",
    "nothing/8",
    "10.0.0.0/ 8",
  ])("%s is not", (cidr) => expect(cidrFault(cidr)).toContain(cidr));
});

test.each([
  ["10.0.0.0/8", "10.42.0.0/16", true],
  ["10.42.0.0/16", "10.0.0.0/8", false],
  ["10.0.0.0/8", "11.0.0.0/8", false],
  ["0.0.0.0/0", "255.255.255.255/32", true],
  ["2001:db8::/32", "2001:db8:1::/48", true],
  ["::/0", "10.0.0.0/8", false],
])("%s holds %s: %s", (outer, inner, holds) => expect(cidrContains(outer, inner)).toBe(holds));

test("compactCidrs drops doubles and what lies in another, whatever the order", () => {
  const cidrs = ["10.43.0.0/16", "10.0.0.0/8", "192.168.0.0/16", "10.43.0.0/16", "192.168.1.0/24"];
  expect(compactCidrs(cidrs)).toEqual(["10.0.0.0/8", "192.168.0.0/16"]);
  expect(compactCidrs([...cidrs].reverse())).toEqual(["10.0.0.0/8", "192.168.0.0/16"]);
});
