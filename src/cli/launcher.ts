#!/usr/bin/env node
// The program's entry. It must run on any Node, to find the one woow needs: npm brings it along beside woow, but a
// shell, or an npm that makes no link to it, starts whatever Node the machine has.
const needed = 24;

if (Number(process.versions.node.split(".")[0]) >= needed) await import("./main.ts");
else {
  const { createRequire } = await import("node:module");
  const { spawnSync } = await import("node:child_process");
  const path = await import("node:path");
  let node: string | undefined;
  try {
    const manifest = createRequire(import.meta.url).resolve(
      `node-${process.platform}-${process.arch}/package.json`,
    );
    node = path.join(path.dirname(manifest), "bin", "node");
  } catch {
    // not installed, for example with --omit=optional, or on a system without such a package
  }
  if (node === undefined) {
    process.stderr.write(
      `error: woow needs Node ${needed} or newer, and this is ${process.version}\n  hint: install woow with npm and without --omit=optional, which brings Node along on Linux; elsewhere install Node ${needed}\n`,
    );
    process.exitCode = 1;
  } else {
    const { status, signal } = spawnSync(node, process.argv.slice(1), { stdio: "inherit" });
    if (signal === null) process.exitCode = status ?? 1;
    else process.kill(process.pid, signal);
  }
}
