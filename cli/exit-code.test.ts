import { describe, expect, it } from "vitest";
import { CatalogError } from "../catalog/index.ts";
import { UserError } from "../engine/index.ts";
import { ProjectError } from "../engine/project/index.ts";
import { LockedError, StateError } from "../engine/state/index.ts";
import { ConfigError } from "../stacks/config.ts";
import { ToolchainError } from "../toolchain/index.ts";
import { EXIT, EXIT_CODES_HELP, problemOf, USER_ERRORS, UsageError } from "./exit-code.ts";
import { Cancelled } from "./interrupt.ts";

const failure = { tool: "etcd", version: "3.6.8", platform: "linux-amd64", ways: [] };

describe("errors meant for the user", () => {
  it.each([
    [new UsageError("m"), EXIT.usage],
    [new ProjectError("m"), EXIT.usage],
    [new ConfigError("m"), EXIT.usage],
    [new CatalogError("catalog", []), EXIT.usage],
    [new UserError("m"), EXIT.failed],
    [new StateError("m"), EXIT.failed],
    [new LockedError("m"), EXIT.locked],
    [new Cancelled("m"), EXIT.cancelled],
    [new ToolchainError("m", [failure]), EXIT.failed],
    [new ToolchainError("there is no such tool"), EXIT.usage],
  ])("are told by their message alone: %s", (error, exitCode) => {
    expect(USER_ERRORS).toHaveProperty(error.name);
    const problem = problemOf(error, true);
    expect(problem).toMatchObject({ exitCode, message: error.message });
    expect(problem.message).not.toContain("bug");
  });

  it("are data as well, with all that they know", () => {
    expect(problemOf(new UserError("m"), false).details).toEqual({ error: "UserError", message: "m" });
    expect(problemOf(new CatalogError("catalog", []), false).details).toEqual({ error: "CatalogError", problems: [] });
  });
});

describe("everything else", () => {
  it("is a bug, with the stack only when it is asked for", () => {
    const bug = new TypeError("x is undefined");
    expect(problemOf(bug, false)).toMatchObject({ exitCode: EXIT.failed });
    expect(problemOf(bug, false).message).toContain("--verbose");
    expect(problemOf(bug, false).message).not.toContain("exit-code.test.ts");
    expect(problemOf(bug, true).message).toContain("exit-code.test.ts");
    expect(problemOf("thrown text", false).message).toContain("thrown text");
  });

  it("is no bug where the system refused", () => {
    const refused = Object.assign(new Error("ENOSPC: no space left on device, write"), {
      code: "ENOSPC",
      syscall: "write",
    });
    expect(problemOf(refused, false)).toMatchObject({ exitCode: EXIT.failed, message: refused.message });
  });
});

it("every exit code is documented", () => {
  for (const code of Object.values(EXIT)) expect(EXIT_CODES_HELP).toMatch(new RegExp(`^ {2}${code} `, "m"));
});
