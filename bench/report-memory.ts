/** Loaded into a measured process: writes its peak resident memory in KiB when it ends. */
import { writeFileSync } from "node:fs";

const file = process.env["BENCH_MEMORY_FILE"];
process.on("exit", () => {
  if (file !== undefined) writeFileSync(file, String(process.resourceUsage().maxRSS));
});
