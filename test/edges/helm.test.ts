import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openHelm } from "../../src/edges/helm.ts";
import { tempFolder } from "../support/temp-platform.ts";

const canary = "made-up-canary-3Hj9";

/** A helm that writes down its arguments, its input and whatever lies in its home. */
const recorder = (folder: string) => `#!/bin/sh
if [ "$1" = version ]; then echo v4.3.1; exit 0; fi
printf '%s\\n' "$@" > ${folder}/args
cat > ${folder}/input
grep -r "${canary}" "$HOME" > ${folder}/found
echo "kind: ConfigMap"
`;

test("values reach helm through a pipe: neither its arguments nor any file holds them", async () => {
  const folder = tempFolder();
  const program = join(folder, "helm");
  writeFileSync(program, recorder(folder));
  chmodSync(program, 0o755);
  const helm = await openHelm({ program, environment: process.env, chartsDir: undefined });
  try {
    const result = await helm.render({
      location: "chart",
      release: "shop",
      namespace: "tenant",
      values: { password: canary },
      kubeVersion: "v1.35.8+k3s1",
      isUpgrade: true,
    });
    expect(result).toEqual({ ok: true, text: "kind: ConfigMap\n" });
  } finally {
    helm.close();
  }
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  expect(JSON.parse(read("input"))).toEqual({ password: canary });
  expect(read("args")).not.toContain(canary);
  expect(read("args").split("\n")).toContain("--is-upgrade");
  expect(read("found")).toBe("");
});
