import { expect, test } from "vitest";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { samplePlatform } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";

function load(reconcile: string, records = "cluster") {
  const files = samplePlatform();
  const text = `${files["platform.yaml"]}records: ${records}\nreconcile:\n${reconcile}`;
  const { platform, problems } = loadPlatform(memoryTree({ ...files, "platform.yaml": text }));
  return { reconcile: platform?.reconcile, codes: problems.map(({ code }) => code) };
}

const image = "  image: registry.example.com/woow:0.1.0\n";

test.each([
  ["https://git.example.com/acme/platform.git", "https", 443],
  ["https://git.example.com:8443/platform", "https", 8443],
  ["ssh://git@git.example.com/platform.git", "ssh", 22],
  ["ssh://git@git.example.com:2222/platform.git", "ssh", 2222],
  ["git@git.example.com:acme/platform.git", "ssh", 22],
])("%s is reached by %s on port %i", (git, transport, gitPort) => {
  const { reconcile, codes } = load(`${image}  git: ${git}\n  git_secret: woow-git\n`);
  expect(codes).toEqual([]);
  expect(reconcile).toMatchObject({ git, transport, gitPort, branch: "main", interval: "1m" });
});

test.each([
  [
    "a password in the address",
    `${image}  git: https://user:made-up-password-1@git.example.com/x\n`,
    ["bad-format"],
  ],
  ["a token as a user", `${image}  git: https://made-up-token-1@git.example.com/x\n`, ["bad-format"]],
  ["plain http", `${image}  git: http://git.example.com/x\n`, ["bad-format"]],
  ["a transport that runs programs", `${image}  git: "ext::sh -c x"\n`, ["bad-format"]],
  [
    "an image without a tag",
    "  image: registry.example.com/woow\n  git: https://git.example.com/x\n",
    ["bad-format"],
  ],
  [
    "metrics for a tenant",
    `${image}  git: https://git.example.com/x\n  metrics_namespace: paas-ws-acme\n`,
    ["conflicting-values"],
  ],
  ["ssh without a key", `${image}  git: git@git.example.com:x\n`, ["missing-field"]],
])("%s is a problem", (_, text, codes) => {
  expect(load(text).codes).toEqual(codes);
});

test("local records would be lost with the pod", () => {
  expect(load(`${image}  git: https://git.example.com/x\n`, "local").codes).toEqual(["conflicting-values"]);
});
