import { gzipSync } from "node:zlib";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packTar } from "modern-tar";
import { expect, test } from "vitest";
import { openHelm } from "../../src/edges/helm.ts";
import type { RenderRequest } from "../../src/operations/catalog/verify/helm-client.ts";
import { tempFolder } from "../support/temp-platform.ts";

const canary = "made-up-canary-3Hj9";

/** A helm that writes down its arguments, and where its values lie, with their mode and content. */
const recorder = (folder: string, status: number) => `#!/bin/sh
if [ "$1" = version ]; then echo v4.3.1; exit 0; fi
printf '%s\\n' "$@" > ${folder}/args
while [ "$1" != --values ]; do shift; done
echo "$2" > ${folder}/file
ls -l "$2" > ${folder}/mode
cat "$2" > ${folder}/input
echo "kind: ConfigMap"
exit ${status}
`;

const request: RenderRequest = {
  location: "chart",
  release: "shop",
  namespace: "tenant",
  values: { password: canary },
  kubeVersion: "v1.35.8+k3s1",
};

test.each([
  ["renders", 0],
  ["fails", 1],
])("values reach helm in a file nobody else can read, which is gone when it %s", async (_, status) => {
  const folder = tempFolder();
  const program = join(folder, "helm");
  writeFileSync(program, recorder(folder, status));
  chmodSync(program, 0o755);
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  const helm = await openHelm({ program, environment: process.env, chartsDir: undefined });
  try {
    expect((await helm.render({ ...request, isUpgrade: true })).ok).toBe(status === 0);
    expect(JSON.parse(read("input"))).toEqual({ password: canary });
    expect(read("mode")).toMatch(/^-rw-------/);
    expect(existsSync(read("file").trim())).toBe(false);
    expect(read("args")).not.toContain(canary);
    expect(read("args").split("\n")).toContain("--is-upgrade");
    expect(read("args")).not.toContain("--include-crds");
    await helm.render(request);
    expect(read("args")).not.toContain("--is-upgrade");
    expect(read("args").split("\n")).toContain("--include-crds");
  } finally {
    helm.close();
  }
});

const text = (words: string) => new TextEncoder().encode(words);

/** A packed chart of 20 packed charts that are small as long as nobody unpacks them: 160 MiB in all. */
async function packBombs(): Promise<Uint8Array> {
  const inner = gzipSync(Buffer.alloc(8 * 1024 * 1024));
  const files = [{ header: { name: "web/Chart.yaml", size: 9 }, body: "name: web" }];
  const bombs = Array.from({ length: 20 }, (_, at) => ({
    header: { name: `web/charts/made-up-${at}.tgz`, size: inner.byteLength },
    body: inner,
  }));
  return gzipSync(await packTar([...files, ...bombs]));
}

/** One file of 101 MiB of nothing. */
function packBomb(): Uint8Array {
  return gzipSync(Buffer.alloc(101 * 1024 * 1024));
}

test.each([
  ["the page of a proxy", text("<html>made up</html>")],
  ["nothing", new Uint8Array()],
  ["a gzip file that ends too early", gzipSync(text("made up ".repeat(200))).subarray(0, 20)],
  ["a gzip file of something else", gzipSync(text("made up ".repeat(200)))],
  ["an empty archive", gzipSync(new Uint8Array(1024))],
  [
    "an archive that unpacks to more than anybody has memory for",
    packBomb(),
    /it unpacks to more than 100 MiB$/,
  ],
  ["one with many such archives in it", await packBombs(), /it unpacks to more than 100 MiB$/],
])(
  "%s in place of a chart is a chart that cannot be read, not an error of this machine",
  async (_, archive, why = /./) => {
    const folder = tempFolder();
    const program = join(folder, "helm");
    writeFileSync(program, recorder(folder, 0));
    chmodSync(program, 0o755);
    const helm = await openHelm({ program, environment: process.env, chartsDir: undefined });
    try {
      const chart = { repository: "https://charts.example.com", name: "web", version: "1.2.3", archive };
      const message = expect.stringMatching(
        /^web 1\.2\.3 from https:\/\/charts\.example\.com is no packed chart: /,
      ) as string;
      const found = await helm.openChart(chart);
      expect(found).toEqual({ ok: false, reason: "broken", message });
      expect(found).toMatchObject({ message: expect.stringMatching(why) as string });
    } finally {
      helm.close();
    }
  },
);
