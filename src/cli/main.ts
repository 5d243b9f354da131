import { enableCompileCache } from "node:module";
import { watchOutput } from "./watch-output.ts";
import { version } from "./version.ts";

watchOutput();
// asked often and by scripts: answered before anything else is loaded
const [first] = process.argv.slice(2);
if (process.argv.length === 3 && (first === "--version" || first === "-V")) {
  process.stdout.write(`${version}\n`);
} else {
  enableCompileCache();
  const { runCli } = await import("./run.ts");
  process.exitCode = await runCli(process.argv.slice(2));
}
