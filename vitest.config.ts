import { defineConfig } from "vitest/config";

// Three kinds of test, cheapest first (see docs in CONTRIBUTING.md):
//   pure         *.test.ts            no Pulumi SDK, default isolation
//   components   *.component.test.ts  Pulumi mocks; one module graph for all files, because loading the SDK per file
//                                     costs more than the tests themselves
//   integration  test/**/*.test.ts    a real control plane, started by the run itself
const env = { PULUMI_ERROR_OUTPUT_STRING: "true", NO_COLOR: "1" };
const never = ["**/node_modules/**", "**/.weft/**"];
// No test is about time; on a busy machine the ones with thousands of cases take many times as long as usual.
const testTimeout = 60_000;

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "pure",
          include: ["**/*.test.ts"],
          exclude: [...never, "**/*.component.test.ts", "test/**"],
          testTimeout,
          env,
        },
      },
      {
        test: {
          name: "components",
          include: ["**/*.component.test.ts"],
          exclude: never,
          isolate: false,
          testTimeout,
          env,
        },
      },
      {
        test: {
          name: "integration",
          globalSetup: "test/global-setup.ts",
          include: ["test/**/*.test.ts"],
          exclude: never,
          testTimeout: 180_000,
          hookTimeout: 1_800_000,
          env,
        },
      },
    ],
  },
});
