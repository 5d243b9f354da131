import { describe, expect, test } from "vitest";
import {
  formatHelmPath,
  getValue,
  mergeValues,
  parseHelmPath,
  setValue,
} from "../../src/model/helm-values.ts";
import { fillText, listPlaceholders } from "../../src/model/placeholders.ts";

describe("Helm paths", () => {
  test.each([
    ["a", ["a"]],
    ["a.b.c", ["a", "b", "c"]],
    ["annotations.example\\.com/team", ["annotations", "example.com/team"]],
    ["a\\\\b.c", ["a\\b", "c"]],
  ])("%s", (path, steps) => {
    expect(parseHelmPath(path)).toEqual(steps);
    expect(formatHelmPath(steps)).toBe(path);
  });
  test.each([
    "",
    ".",
    "a.",
    ".a",
    "a..b",
    "a[0]",
    "a b",
    "a,b",
    "a.{b}",
    "__proto__",
    "a.constructor.b",
    "prototype",
  ])("%j is none", (path) => expect(parseHelmPath(path)).toBeUndefined());
});

test("maps are merged deeply, lists and everything else replaced, and the inputs stay as they are", () => {
  const base = { a: { b: 1, c: [1, 2] }, d: "x", e: { f: 1 } };
  const over = { a: { c: [3], g: null }, e: 5 };
  expect(mergeValues(base, over)).toEqual({ a: { b: 1, c: [3], g: null }, d: "x", e: 5 });
  expect(base).toEqual({ a: { b: 1, c: [1, 2] }, d: "x", e: { f: 1 } });
});

test("a value is set below a map only", () => {
  const values = { a: { b: 1 }, c: 2 };
  expect(setValue(values, ["a", "d"], 3)).toBe(true);
  expect(setValue(values, ["c", "d"], 3)).toBe(false);
  expect(setValue(values, ["a"], 3)).toBe(false);
  expect(values).toEqual({ a: { b: 1, d: 3 }, c: 2 });
});

test("names that every JavaScript object has are keys like any other", () => {
  const values = {};
  expect(getValue(values, ["toString"])).toBeUndefined();
  expect(setValue(values, ["toString", "valueOf"], 1)).toBe(true);
  expect(getValue(values, ["toString", "valueOf"])).toBe(1);
  expect(mergeValues({}, { hasOwnProperty: { a: 1 } })).toEqual({ hasOwnProperty: { a: 1 } });
});

describe("placeholders", () => {
  const values = { release_name: "paas-ws-a-b", namespace: "paas-ws-a" };
  test.each([
    ["{release_name}-http", "paas-ws-a-b-http"],
    ["{release_name}.{namespace}.svc", "paas-ws-a-b.paas-ws-a.svc"],
    ["{{ .Values.x }}", "{ .Values.x }}"],
    ["{{release_name}", "{release_name}"],
    ["{other} {Release_name} {} {0}", "{other} {Release_name} {} {0}"],
    ["{host}", "{host}"],
    ["$& $1 {namespace}", "$& $1 paas-ws-a"],
  ])("%s", (text, filled) => expect(fillText(text, values)).toBe(filled));

  test("what is used is listed, known or not", () => {
    expect(listPlaceholders("{host}{{url}{nothing}")).toEqual(["host", "nothing"]);
  });
});
