import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/cli/**", "test/real/**", "test/cluster/**"],
          // a limit for what hangs, not for what is slow: machines are busy
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: { name: "cli", include: ["test/cli/**/*.test.ts"], testTimeout: 300_000, hookTimeout: 120_000 },
      },
      {
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          // the first run builds Kubernetes
          testTimeout: 600_000,
          hookTimeout: 1_800_000,
          // each file starts a cluster of its own; more than two at once only wait for each other
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "real",
          include: ["test/real/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
