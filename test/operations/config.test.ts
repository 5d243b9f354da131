import { expect, test } from "vitest";
import platformSchema from "../../schemas/platform.schema.json" with { type: "json" };
import { explainPlatform } from "../../src/operations/explain-config.ts";
import { append, lineOf, samplePlatform } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";

const path = "platform.yaml";

function settingsOf(files: Record<string, string>) {
  const { settings } = explainPlatform(memoryTree(files));
  return new Map(settings.map(({ name, value, source }) => [name, { value, source }]));
}

test("what platform.yaml says comes with its line, the rest with the default in force", () => {
  const files = append(samplePlatform(), path, "default_quota:\n  vcpu: 4\ntraefik: { manage: true }\n");
  const settings = settingsOf(files);
  const at = (text: string) => `${path}:${lineOf(files, path, text)}`;
  expect(settings.get("domain")).toEqual({ value: "apps.example.com", source: at("domain:") });
  expect(settings.get("default_quota.vcpu")).toEqual({ value: 4, source: at("vcpu: 4") });
  expect(settings.get("default_quota.ram_gb")).toEqual({ value: 16, source: "default" });
  expect(settings.get("traefik.manage")).toEqual({ value: true, source: at("traefik:") });
  expect(settings.get("traefik.redirect_https")).toEqual({ value: true, source: "default" });
  expect(settings.get("tls")).toEqual({ value: "per_service", source: "default" });
  expect(settings.get("clusters.default.k3s_version")).toEqual({
    value: "v1.35.8+k3s1",
    source: at("k3s_version"),
  });
  expect(settings.get("clusters.default.pod_cidr")).toEqual({ value: "10.42.0.0/16", source: "default" });
});

test("every setting of the schema is there", () => {
  const names = new Set([...settingsOf(samplePlatform()).keys()].map((name) => name.split(".")[0]));
  const schema = platformSchema.properties as Record<string, unknown>;
  const settable = Object.keys(schema).filter((name) => name !== "kind");
  expect(names).toEqual(new Set(settable));
});

test("a broken platform.yaml gives its problems; other broken files do not matter", () => {
  expect(explainPlatform(memoryTree({ [path]: "kind: [" }))).toMatchObject({
    settings: [],
    problems: [{ code: "yaml-syntax" }],
  });
  expect(explainPlatform(memoryTree({})).problems).toMatchObject([{ code: "missing-file" }]);
  const files = append(samplePlatform(), "workspaces/acme/broken.yaml", "kind: [");
  expect(explainPlatform(memoryTree(files))).toMatchObject({ problems: [] });
});
