import { expect, test } from "vitest";
import { parse } from "yaml";
import { append, samplePlatform } from "../support/builders.ts";
import { tempPlatform } from "../support/temp-platform.ts";
import { runWoow } from "../support/woow.ts";

test("woow estimate prints services, workspaces and the sum in every format, without key or cluster", async () => {
  const cwd = tempPlatform(append(samplePlatform(), "catalog/web.yaml", "is_active: false\n"));
  const run = (...args: string[]) => runWoow(["estimate", ...args], { cwd });
  const table = await run();
  expect([table.status, table.stderr]).toEqual([0, ""]);
  expect(table.stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["SERVICE", "TEMPLATE", "MONTHLY"],
    ["acme/web-01", "web (inactive)", "3 USD"],
    [""],
    ["WORKSPACE", "SERVICES", "MONTHLY"],
    ["acme", "1", "3 USD"],
    [""],
    ["1 service in 1 workspace: 3 USD a month"],
    [""],
  ]);
  expect((await run("-o", "wide")).stdout).toContain("Shop");
  expect((await run("-o", "name")).stdout).toBe("acme/web-01\n");
  const json = JSON.parse((await run("-o", "json")).stdout) as Record<string, unknown>;
  expect(json).toMatchObject({
    currency: "USD",
    monthly_price: 3,
    services: [{ unit: "acme/web-01", is_active: false, asked: { vcpu: 1, ram_gb: 0.5 }, monthly_price: 3 }],
    workspaces: [{ workspace: "acme", services: 1, monthly_price: 3 }],
  });
  expect(parse((await run("-o", "yaml")).stdout)).toEqual(json);
  const events = (await run("--json")).stdout.trim().split("\n");
  expect(events.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual([
    "service-estimate",
    "workspace-estimate",
    "summary",
  ]);
  expect((await run("-o", "xml")).status).toBe(1);
});
