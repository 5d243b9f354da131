import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/cli/**", "test/real/**"],
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
          name: "real",
          include: ["test/real/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
