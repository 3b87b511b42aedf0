import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findChecksum } from "./checksum.ts";
import { ToolchainError } from "./errors.ts";
import { PLATFORMS, platformOf } from "./platform.ts";
import { cacheRoot, mirrorOf, requirePlatform, selectTools, throughMirror } from "./settings.ts";
import { fakeTool } from "./testing/fixture.ts";

describe("the cache folder", () => {
  it("is WEFT_CACHE_DIR where that is set, and the user's own otherwise", () => {
    expect(cacheRoot({ WEFT_CACHE_DIR: "/var/weft" })).toBe("/var/weft/toolchain");
    expect(cacheRoot({ WEFT_CACHE_DIR: "" })).toBe(cacheRoot({}));
    expect(cacheRoot({})).toMatch(/weft\/toolchain$/);
    expect(cacheRoot({ WEFT_CACHE_DIR: "here" })).toBe(join(process.cwd(), "here", "toolchain"));
  });
});

describe("the platform", () => {
  it("is one of four", () => {
    expect(PLATFORMS.map((name) => name.split("-"))).toEqual([
      ["linux", "amd64"],
      ["linux", "arm64"],
      ["darwin", "amd64"],
      ["darwin", "arm64"],
    ]);
    expect(platformOf("linux", "x64")).toBe("linux-amd64");
    expect(platformOf("darwin", "arm64")).toBe("darwin-arm64");
  });

  it.each([
    ["win32", "x64", /WSL 2/],
    ["linux", "riscv64", /linux-riscv64/],
  ])("rejects %s on %s", (os, architecture, message) => {
    expect(() => requirePlatform(os, architecture)).toThrow(ToolchainError);
    expect(() => requirePlatform(os, architecture)).toThrow(message);
  });
});

describe("the selection of tools", () => {
  const table = ["kubectl", "kwok", "etcd"].map((name) => fakeTool({ name }));

  it("is everything, or what is named in the table's order", () => {
    expect(selectTools(table, undefined)).toBe(table);
    expect(selectTools(table, ["etcd", "kubectl"]).map(({ name }) => name)).toEqual(["kubectl", "etcd"]);
    expect(selectTools(table, [])).toEqual([]);
  });

  it("rejects every unknown name at once, with the nearest known one", () => {
    expect(() => selectTools(table, ["kubctl", "etcd", "postgresql"])).toThrow(
      [
        'There is no tool "kubctl"; did you mean "kubectl"?',
        'There is no tool "postgresql"',
        "The tools are: kubectl, kwok, etcd.",
      ].join("\n"),
    );
  });
});

describe("the mirror", () => {
  it("takes the place of every host, by host and path", () => {
    const mirror = mirrorOf({ WEFT_TOOLCHAIN_MIRROR: "https://mirror.test/weft/" });
    expect(throughMirror("https://dl.k8s.io/release/x", mirror)).toBe("https://mirror.test/weft/dl.k8s.io/release/x");
    expect(throughMirror("https://dl.k8s.io/release/x", undefined)).toBe("https://dl.k8s.io/release/x");
  });

  it("keeps credentials out of its address", () => {
    expect(mirrorOf({ WEFT_TOOLCHAIN_MIRROR: "https://me:pw@mirror.test" })).toEqual({
      base: "https://mirror.test/",
      authorization: `Basic ${btoa("me:pw")}`,
    });
  });
});

describe("a mirror's password", () => {
  it("rejects what is no encoding, with what to write, and does not repeat it", () => {
    const mirror = () => mirrorOf({ WEFT_TOOLCHAIN_MIRROR: "https://me:50%off@mirror.test" });
    expect(mirror).toThrow(ToolchainError);
    expect(mirror).toThrow(/write %25$/);
    expect(mirror).not.toThrow("50%off");
  });
});

describe("a checksum file", () => {
  const sum = "ab".repeat(32);
  const other = "cd".repeat(32);

  it.each([
    ["a bare sum", sum],
    ["a bare sum in capitals with a line end", `${sum.toUpperCase()}\r\n`],
    ["lines of sums and names", `${other}  a.zip\n${sum}  a.tar.gz\n`],
    ["binary marks and folders", `${other} *b.tar.gz\n${sum} *./a.tar.gz\n`],
  ])("holds the sum as %s", (_case, text) => {
    expect(findChecksum(text, "a.tar.gz")).toBe(sum);
  });

  it.each([
    ["other files only", `${sum}  a.tar.gz.asc\n${other}  b.tar.gz\n`],
    ["sums of another length", `${"ab".repeat(64)}  a.tar.gz\n`],
    ["two bare sums", `${sum}\n${other}\n`],
    ["nothing", ""],
  ])("rejects a text with %s", (_case, text) => {
    expect(findChecksum(text, "a.tar.gz")).toBeUndefined();
  });
});
