import { expect, test } from "vitest";
import { upgradeServices } from "../../src/operations/catalog/upgrade-services.ts";
import type { UpgradeOptions } from "../../src/operations/catalog/upgrade-services.ts";
import { append, edit, samplePlatform } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";
import { memoryWriter } from "../support/memory-writer.ts";

type Texts = Record<string, string>;

const all: UpgradeOptions = {
  selection: { workspaces: [], services: [], templates: [] },
  to: undefined,
  limit: undefined,
  write: true,
};

function upgrade(files: Texts, options: Partial<UpgradeOptions> = {}) {
  const writer = memoryWriter(files);
  const result = upgradeServices({ tree: memoryTree(files), writer }, { ...all, ...options });
  return { result, written: writer.written };
}

const odd = `# by hand
kind:   CloudService
template_id: web # the shop
chart_version:   '1.0.0'   # do not touch without asking
name: "Shop"

subdomain: NAME
`;

/** The sample with services of these pins, `svc-01` first. */
function withPins(...pins: readonly string[]): Texts {
  const files: Texts = { ...samplePlatform() };
  delete files["workspaces/acme/web-01.yaml"];
  for (const [index, pin] of pins.entries()) {
    files[pathOf(index + 1)] = odd.replace("1.0.0", pin).replace("NAME", `shop-${index + 1}`);
  }
  return files;
}

const pathOf = (number: number) => `workspaces/acme/svc-0${number}.yaml`;
const select = (selection: Partial<UpgradeOptions["selection"]>) => ({ ...all.selection, ...selection });

test("changes the pin, and not one other byte", () => {
  const files = withPins("1.0.0");
  const { result, written } = upgrade(files);
  expect(result).toMatchObject({
    ok: true,
    changes: [{ unit: "acme/svc-01", file: pathOf(1), from: "1.0.0", to: "1.2.3", direction: "upgrade" }],
    remaining: 0,
  });
  expect(written).toEqual({ [pathOf(1)]: files[pathOf(1)]?.replace("'1.0.0'", "'1.2.3'") });
});

test("line ends of Windows and a byte order mark are kept", () => {
  const files = withPins("1.0.0");
  const before = `\ufeff${files[pathOf(1)]?.replaceAll("\n", "\r\n")}`;
  files[pathOf(1)] = before;
  expect(upgrade(files).written).toEqual({ [pathOf(1)]: before.replace("1.0.0", "1.2.3") });
});

test("a limit takes the first in unit order and counts the rest", () => {
  const { result, written } = upgrade(withPins("1.0.0", "1.2.3", "1.0.0", "1.1.0"), { limit: 2 });
  expect(result).toMatchObject({ remaining: 1, changes: [{ unit: "acme/svc-01" }, { unit: "acme/svc-03" }] });
  expect(Object.keys(written)).toEqual([pathOf(1), pathOf(3)]);
});

test("unit order is the order of applying: clusters first, then workspaces", () => {
  const files = append(withPins("1.0.0"), "platform.yaml", "  edge:\n    k3s_version: v1.35.8+k3s1\n");
  files["workspaces/aaa/workspace.yaml"] = "kind: Workspace\nname: On the edge\ncluster: edge\n";
  files["workspaces/aaa/svc-01.yaml"] = odd.replace("NAME", "edge");
  expect(upgrade(files, { limit: 1 }).result).toMatchObject({ changes: [{ unit: "acme/svc-01" }] });
});

test("a pin ahead of the catalog is left alone and named, unless a version is asked for", () => {
  const files = withPins("2.0.0", "1.0.0");
  const first = upgrade(files);
  expect(first.result).toMatchObject({ ahead: ["acme/svc-01"], changes: [{ unit: "acme/svc-02" }] });
  const second = upgrade(files, { to: "1.1.0", selection: select({ templates: ["web"] }) });
  expect(second.result).toMatchObject({
    ahead: [],
    changes: [
      { unit: "acme/svc-01", direction: "downgrade", to: "1.1.0" },
      { unit: "acme/svc-02", direction: "upgrade", to: "1.1.0" },
    ],
  });
});

test("a selection leaves the others alone", () => {
  const files = withPins("1.0.0", "1.0.0");
  expect(Object.keys(upgrade(files, { selection: select({ services: ["acme/svc-02"] }) }).written)).toEqual([
    pathOf(2),
  ]);
  expect(upgrade(files, { selection: select({ templates: ["database"] }) }).written).toEqual({});
  expect(Object.keys(upgrade(files, { selection: select({ workspaces: ["acme"] }) }).written)).toHaveLength(
    2,
  );
});

test("without write nothing is written, and the same is reported", () => {
  const files = withPins("1.0.0");
  const { result, written } = upgrade(files, { write: false });
  expect(written).toEqual({});
  expect(result).toEqual(upgrade(files).result);
});

test.each([
  ["service", { services: ["acme/svc-1"] }],
  ["workspace", { workspaces: ["acmee"] }],
  ["template", { templates: ["wep"] }],
])("an unknown %s is refused with the nearest name", (_, selection) => {
  expect(() => upgrade(withPins("1.0.0"), { selection: select(selection) })).toThrow(
    expect.objectContaining({ code: "not-found", hint: expect.stringMatching(/did you mean/) as string }),
  );
});

/** The template on a chart of the repository, so that only the chart's own version is to be had. */
function onOwnChart(...pins: readonly string[]): Texts {
  const files = edit(withPins(...pins), "catalog/web.yaml", ["https://charts.example.com", "file:charts"]);
  return { ...files, "charts/web/Chart.yaml": 'apiVersion: v2\nname: web\nversion: "1.2.3"\n' };
}

test("a version that makes the platform invalid is refused whole", () => {
  const { result, written } = upgrade(onOwnChart("1.0.0", "1.2.3"), {
    to: "9.9.9",
    selection: select({ workspaces: ["acme"] }),
  });
  expect(result).toMatchObject({
    ok: false,
    problems: [
      { code: "chart-version-unavailable", file: pathOf(1) },
      { code: "chart-version-unavailable", file: pathOf(2) },
    ],
  });
  expect(written).toEqual({});
  expect(upgrade(withPins("1.0.0"), { to: "latest" }).result).toMatchObject({ ok: false });
});

test("errors that were there before do not stand in the way of mending some of them", () => {
  const { result, written } = upgrade(onOwnChart("1.0.0", "1.0.0"), { limit: 1 });
  expect(result).toMatchObject({ ok: true, remaining: 1 });
  expect(Object.keys(written)).toEqual([pathOf(1)]);
});

test("a file that a program must not edit is left to a person", () => {
  const files = withPins("1.0.0");
  files[pathOf(1)] = '{ kind: CloudService, template_id: web, chart_version: "1.0.0", name: Shop }\n';
  expect(() => upgrade(files)).toThrow(expect.objectContaining({ code: "usage", subject: pathOf(1) }));
});
