import { describe, expect, it } from "vitest";
import { parseCpu, parseMemory } from "../providers/weft/kwok/inputs.ts";
import { ConfigError, readStackConfig } from "./config.ts";

const read = (config: Record<string, string>) => readStackConfig(config, "stacks/config/Pulumi.test.yaml");
const problem = (config: Record<string, string>): string => {
  try {
    read(config);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error("it was accepted");
};

describe("the configuration of a stack", () => {
  it("needs a target only", () => {
    expect(read({ "weft:cluster": '{"target":"kwok"}' })).toEqual({
      catalog: "examples/online-boutique",
      cluster: { target: "kwok", nodes: 6, zones: 3, cpu: "8", memory: "32Gi" },
    });
  });

  it("leaves other namespaces alone", () => {
    expect(read({ "weft:cluster": '{"target":"kwok"}', "aws:region": "eu-west-1" }).cluster.nodes).toBe(6);
  });

  it("can't be changed afterwards", () => {
    expect(Object.isFrozen(read({ "weft:cluster": '{"target":"kwok"}' }))).toBe(true);
  });

  it("rejects every problem at once, each with its key", () => {
    const message = problem({
      "weft:catalogue": "x",
      "weft:cluster": '{"target":"kwok","nodes":0,"memroy":"32Gi","cpu":"lots"}',
    });
    expect(message).toContain("Pulumi.test.yaml has 4 problems");
    expect(message).toContain("weft:catalogue is not known; did you mean weft:catalog?");
    expect(message).toContain("weft:cluster.memroy is not known; did you mean weft:cluster.memory?");
    expect(message).toContain("weft:cluster.nodes must be a whole number from 1 to 1000; found 0");
    expect(message).toContain(
      'weft:cluster.cpu must be a number of CPUs above zero, such as 8, 0.5 or 500m; found "lots"',
    );
  });

  it("rejects a target that no room makes", () => {
    expect(problem({ "weft:cluster": '{"target":"gke"}' })).toContain('weft:cluster.target must be "kwok"');
  });

  it("proposes only what is near enough to be meant", () => {
    const message = problem({ "weft:cluster": '{"target":"kwok","disk":"1Ti"}', "weft:x": "1" });
    expect(message).toContain("weft:x is not known; known are catalog, cluster");
    expect(message).toContain("weft:cluster.disk is not known; known are target, nodes, zones, cpu, memory");
  });

  it("rejects fewer nodes than zones", () => {
    expect(problem({ "weft:cluster": '{"target":"kwok","nodes":2,"zones":3}' })).toContain(
      "weft:cluster.nodes must be at least",
    );
  });

  it("rejects a configuration without a cluster, and a cluster that is no mapping", () => {
    expect(problem({})).toContain("weft:cluster is missing; it must be a mapping with target: kwok");
    expect(problem({ "weft:cluster": "kwok" })).toContain(
      'weft:cluster must be a mapping with target: kwok; found "kwok"',
    );
    expect(problem({ "weft:cluster": "{}" })).toContain('weft:cluster.target is missing; it must be "kwok"');
  });

  it("says in its own words what each value must be", () => {
    const cluster = '{"target":["kwok"],"nodes":"6","zones":2.5,"cpu":null,"memory":true}';
    const message = problem({ "weft:catalog": "{}", "weft:cluster": cluster });
    expect(message).toContain("has 6 problems");
    expect(message).not.toMatch(/invalid|expected|received/i);
  });
});

describe("the capacity of a node", () => {
  const accepted = (name: "cpu" | "memory", value: string | number) => {
    try {
      return read({ "weft:cluster": JSON.stringify({ target: "kwok", [name]: value }) }).cluster[name];
    } catch {
      return undefined;
    }
  };

  it("may be a number, as YAML reads one that has no unit", () => {
    expect(accepted("cpu", 8)).toBe("8");
    expect(accepted("cpu", 0.5)).toBe("0.5");
    expect(accepted("memory", 34359738368)).toBe("34359738368");
    expect(accepted("cpu", 0)).toBeUndefined();
    expect(accepted("cpu", -1)).toBeUndefined();
  });

  const sizes = ["0", "8", "16", "0.5", "1.25", "1.2345", "", "-1", "1e3", " 1", "0.0"];
  const units = ["", "m", "k", "K", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "mi", "gb", " Gi"];
  const written = sizes.flatMap((size) => units.map((unit) => `${size}${unit}`));

  it.each([
    ["cpu", parseCpu],
    ["memory", parseMemory],
  ] as const)("is taken as %s exactly where the cluster's provider takes it", (name, parse) => {
    const provider = written.filter((text) => parse(text) !== undefined);
    expect(written.filter((text) => accepted(name, text) !== undefined)).toEqual(provider);
    expect(provider.length).toBeGreaterThan(5);
  });
});
