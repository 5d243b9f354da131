import { expect, test } from "vitest";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { append, lineOf, samplePlatform } from "../support/builders.ts";
import type { Definitions } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";

const workspaceFile = "workspaces/acme/workspace.yaml";

function problemsOf(files: Definitions): string[] {
  const { problems } = loadPlatform(memoryTree(files));
  return problems.map(({ code, severity, file, line }) => `${severity} ${code} ${file}:${line}`);
}

function withMax(text: string, workspace: string): Record<string, string> {
  return append(append(samplePlatform(), "platform.yaml", text), workspaceFile, workspace);
}

test("a workspace that gives itself more than max_quota is an error at that number, and synth stops", () => {
  const files = withMax("max_quota: { vcpu: 8, storage_gb: 200 }\n", "quota: { ram_gb: 99, vcpu: 8.5 }\n");
  const { platform, problems } = loadPlatform(memoryTree(files));
  expect(problemsOf(files)).toEqual([
    `error quota-above-maximum ${workspaceFile}:${lineOf(files, workspaceFile, "vcpu: 8.5")}`,
  ]);
  expect(problems[0]?.message).toBe("vcpu 8.5 of workspace acme is more than a workspace may have (8)");
  expect(platform).toBeUndefined();
});

test("exactly the maximum is allowed, and numbers without one are free", () => {
  const quota = "quota: { vcpu: 20, storage_gb: 200, ram_gb: 500 }\n";
  expect(problemsOf(withMax("max_quota: { vcpu: 20, storage_gb: 200 }\n", quota))).toEqual([]);
  expect(problemsOf(withMax("", quota))).toEqual([]);
});

test("a default above the maximum is said once, where platform.yaml says it, and not of every workspace", () => {
  const written = withMax("default_quota: { ram_gb: 64 }\nmax_quota: { ram_gb: 32 }\n", "");
  expect(problemsOf(written)).toEqual([
    `error quota-above-maximum platform.yaml:${lineOf(written, "platform.yaml", "ram_gb: 64")}`,
  ]);
  // our own default is 8 vCPU
  const silent = withMax("max_quota: { vcpu: 4 }\n", "");
  expect(problemsOf(silent)).toEqual([
    `error quota-above-maximum platform.yaml:${lineOf(silent, "platform.yaml", "vcpu: 4")}`,
  ]);
});
