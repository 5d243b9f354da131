import { expect, test } from "vitest";
import { createStandIns } from "../../../src/operations/cluster/render/stand-ins.ts";

const standIn = (mask: ReturnType<typeof createStandIns>, secret: string): string =>
  mask.replace({ secret }, ["secret"])["secret"] as string;

test("equal exactly when the secrets are, even where there are few", () => {
  const mask = createStandIns("salt");
  const pins = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "10", "11"];
  const made = pins.map((pin) => standIn(mask, pin));
  expect(new Set(made).size).toBe(pins.length);
  expect(pins.map((pin) => standIn(mask, pin))).toEqual(made);
  expect(made.filter((one, index) => one === pins[index])).toEqual([]);
});

test("another salt gives other stand-ins", () => {
  const secret = "made-up-password-1";
  expect(standIn(createStandIns("a"), secret)).not.toBe(standIn(createStandIns("b"), secret));
});

test("the same length and kind of characters; the frame of a PEM block stays", () => {
  const mask = createStandIns("salt");
  expect(standIn(mask, "Ab1-c/d=")).toMatch(/^[A-Z][a-z][1-9]-[a-z]\/[a-z]=$/);
  const key = "-----BEGIN PRIVATE KEY-----\nTUFERQ==\n-----END PRIVATE KEY-----\n";
  expect(standIn(mask, key)).toMatch(
    /^-----BEGIN PRIVATE KEY-----\n[A-Z]{6}==\n-----END PRIVATE KEY-----\n$/,
  );
  expect(standIn(mask, "密码密码")).not.toMatch(/密|码/);
});

test("a key above another: no stand-in for a stand-in", () => {
  const values = { auth: { password: "made-up-password-1", user: "me" }, port: 5432, on: true };
  const mask = createStandIns("salt");
  const narrow = mask.replace(values, ["auth.password"]);
  const wide = mask.replace(values, ["auth.password", "auth", "auth.password", "port", "on"]);
  expect((wide["auth"] as Record<string, unknown>)["password"]).toBe(
    (narrow["auth"] as Record<string, unknown>)["password"],
  );
  expect((wide["auth"] as Record<string, unknown>)["user"]).not.toBe("me");
  expect(wide["port"]).not.toBe(5432);
  expect(typeof wide["port"]).toBe("number");
  expect(wide["on"]).toBe(true);
  expect(values.auth.password).toBe("made-up-password-1");
});

test("digests are hidden, those of images are not", () => {
  const mask = createStandIns("salt");
  const digest = "0123456789abcdef".repeat(4);
  expect(mask.mask(`checksum ${digest}`)).toMatch(/^checksum \(secret [0-9a-f]{8}\)$/);
  expect(mask.mask(`image@sha256:${digest}`)).toBe(`image@sha256:${digest}`);
  expect(mask.mask("plain words")).toBe("plain words");
});

test("what is hidden by hand goes wherever it stands, short texts only where they are all there is", () => {
  const mask = createStandIns("salt");
  mask.hide("made.up+text");
  mask.hide("ab");
  expect(mask.mask("a made.up+text here")).toMatch(/^a \(secret [0-9a-f]{8}\) here$/);
  expect(mask.mask("madeXup+text, about")).toBe("madeXup+text, about");
  expect(mask.mask("ab")).toMatch(/^\(secret /);
});
