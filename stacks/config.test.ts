import { describe, expect, it } from "vitest";
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
    expect(message).toContain("weft:cluster.nodes: ");
    expect(message).toContain('weft:cluster.cpu: must be a number of CPUs above zero, such as "8" or "500m"');
  });

  it("rejects a target that no room makes", () => {
    expect(problem({ "weft:cluster": '{"target":"gke"}' })).toContain('weft:cluster.target must be "kwok"');
  });

  it("rejects fewer nodes than zones", () => {
    expect(problem({ "weft:cluster": '{"target":"kwok","nodes":2,"zones":3}' })).toContain(
      "weft:cluster.nodes: must be at least",
    );
  });

  it("rejects a configuration without a cluster, and a cluster that is no object", () => {
    expect(problem({})).toContain("weft:cluster");
    expect(problem({ "weft:cluster": "kwok" })).toContain("weft:cluster");
  });
});
