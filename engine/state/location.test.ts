import { homedir } from "node:os";
import { describe, expect, it } from "vitest";
import { parseBackendUrl } from "./location.ts";

const directory = (url: string) => parseBackendUrl(url, "/project").directory;

describe("backend URLs", () => {
  it("finds the folder that the CLI would use", () => {
    expect(directory("file://./.weft/state")).toBe("/project/.weft/state");
    expect(directory("file://state")).toBe("/project/state");
    expect(directory("file:///var/state")).toBe("/var/state");
    expect(directory("file://~")).toBe(homedir());
    expect(directory("file://~/state")).toBe(`${homedir()}/state`);
    expect(directory("file://./a%20b/%25")).toBe("/project/a b/%");
    expect(directory("file://./a b?no_tmp_dir=true")).toBe("/project/a b");
    expect(directory("FILE://./state")).toBe("/project/state");
  });

  it("reads the parameters of the blob library", () => {
    expect(parseBackendUrl("file://./s", "/p")).toEqual({ directory: "/p/s", attributes: true, create: false });
    const url = "file://./s?metadata=skip&create_dir=1";
    expect(parseBackendUrl(url, "/p")).toEqual({ directory: "/p/s", attributes: false, create: true });
  });

  it.each([
    ["s3://bucket", "the Pulumi CLI serves the s3 backend"],
    ["https://api.pulumi.com", "the Pulumi CLI serves the https backend"],
    [".weft/state", "has no scheme; write file://./path"],
    ["file:.weft/state", 'must start with "file://"'],
    ["file://./a#b", "write %23"],
    ["file://./100%", "not well percent-encoded"],
    ["file://~other/state", "another user's home"],
    ["file://./s?foo=1", 'has the parameter "foo"'],
    ["file://./s?metadata=all", 'only "skip" is allowed'],
  ])("rejects %s", (url, message) => {
    expect(() => parseBackendUrl(url, "/project")).toThrow(message);
  });

  it("does not show a password of another backend", () => {
    expect(() => parseBackendUrl("postgres://user:hunter2@host/db", "/p")).toThrow("postgres://****@host/db");
  });
});
