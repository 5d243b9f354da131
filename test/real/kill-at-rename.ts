/** Loaded before woow: kills the process before it puts its nth definition in place, as a machine that stops does. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const rename = fs.renameSync;
let left = Number(process.env["KILL_AT_RENAME"]);

fs.renameSync = (from, to) => {
  if (/\/workspaces\/|\/\.sops\.yaml$/.test(String(to))) {
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  }
  rename(from, to);
};
syncBuiltinESMExports();
