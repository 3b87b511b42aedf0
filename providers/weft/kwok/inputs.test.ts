import { describe, expect, it } from "vitest";
import { checkInputs, KWOK_DEFAULTS, parseCpu, parseMemory, pathProblem } from "./inputs.ts";

const UNKNOWN = Symbol("unknown");
const SECRET = Symbol("secret");
const kinds = { isUnknown: (value: unknown) => value === UNKNOWN, isSecret: (value: unknown) => value === SECRET };
const check = (news: Record<string, unknown>) => checkInputs(news, kinds);
const reasons = (news: Record<string, unknown>) => check(news).failures.map(({ reason }) => reason);

describe("the inputs of a cluster", () => {
  it("need a name only", () => {
    expect(check({ name: "local", nodes: null })).toEqual({
      inputs: { name: "local", ...KWOK_DEFAULTS },
      failures: [],
    });
  });

  it("may be unknown in a preview", () => {
    const { inputs, failures } = check({ name: UNKNOWN, nodes: UNKNOWN, zones: 26 });
    expect(failures).toEqual([]);
    expect(inputs).toMatchObject({ name: UNKNOWN, nodes: UNKNOWN });
  });

  it("rejects every problem at once, by property", () => {
    const { failures } = check({
      nodes: 0,
      zones: 2.5,
      cpu: "lots",
      memory: "0Gi",
      region: "EU",
      directory: " ",
      x: 1,
    });
    expect(failures.map(({ property }) => property)).toEqual([
      "nodes",
      "zones",
      "cpu",
      "memory",
      "region",
      "directory",
      "x",
      "name",
    ]);
  });

  it("rejects with the value and what is allowed", () => {
    expect(reasons({ name: "a", nodes: "6" })).toEqual(['"6" is not allowed: give a whole number from 1 to 1000']);
    expect(reasons({ name: "a", cpu: "8 cores" })).toEqual([
      '"8 cores" is not allowed: give a positive quantity of CPUs, such as "8" or "500m"',
    ]);
    expect(reasons({ name: "Local" })[0]).toContain('"Local" is not a name: use up to 40 lower-case letters');
  });

  it("rejects an unknown property with the one that was meant", () => {
    expect(reasons({ name: "a", memroy: "1Gi" })[0]).toContain('no input "memroy"; did you mean memory?');
    expect(reasons({ name: "a", __proto__x: 1 })[0]).toContain("It takes name, directory, nodes");
  });

  it("rejects a secret, which would show", () => {
    expect(reasons({ name: "a", region: SECRET })[0]).toContain("region is a secret; it is shown in file names");
  });

  it("rejects more zones than nodes", () => {
    expect(reasons({ name: "a", nodes: 2 })).toEqual([
      "3 zones need at least 3 nodes, but nodes is 2: every zone gets a node",
    ]);
  });

  it.each([",", '"', "\n", "\0"])("rejects a path with %j, which KWOK splits", (bad) => {
    expect(pathProblem(`/home/me${bad}/x`)).toContain(`contains ${JSON.stringify(bad)}`);
    expect(pathProblem("/home/me and you/x")).toBeUndefined();
  });
});

describe("quantities", () => {
  it.each([
    ["8", 8000],
    ["0.5", 500],
    ["500m", 500],
    ["1.5", 1500],
  ])("reads %s as %d millicores", (text, milli) => expect(parseCpu(text)).toBe(milli));

  it.each(["0", "-1", "", "8 ", "1e3", "1Gi", "0m"])("rejects %j as CPUs", (text) => {
    expect(parseCpu(text)).toBeUndefined();
  });

  it.each([
    ["32Gi", 32 * 2 ** 30],
    ["1.5Gi", 1.5 * 2 ** 30],
    ["1G", 1e9],
    ["65536Mi", 64 * 2 ** 30],
    ["1Pi", 2 ** 50],
    ["512", 512],
  ])("reads %s as %d bytes", (text, bytes) => expect(parseMemory(text)).toBe(bytes));

  it.each(["0Gi", "Gi", "32gb", "32 Gi", "-1Gi"])("rejects %j as memory", (text) => {
    expect(parseMemory(text)).toBeUndefined();
  });
});
