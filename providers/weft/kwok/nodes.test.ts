import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KWOK_DEFAULTS, type KwokInputs } from "./inputs.ts";
import { type NodeObject, nodeChanges, planNodes, zoneNames } from "./nodes.ts";

const inputs = (change: Partial<KwokInputs> = {}): KwokInputs => ({ name: "local", ...KWOK_DEFAULTS, ...change });
const sizes = fc
  .record({ nodes: fc.integer({ min: 1, max: 200 }), zones: fc.integer({ min: 1, max: 26 }) })
  .filter(({ nodes, zones }) => zones <= nodes);
const zoneOf = (node: NodeObject) => node.metadata.labels["topology.kubernetes.io/zone"];
const names = (nodes: readonly NodeObject[]) => nodes.map(({ metadata }) => metadata.name);

describe("the plan of the nodes", () => {
  it("looks like this for the defaults", () => {
    const [first] = planNodes(inputs());
    expect(first).toEqual({
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: "local-a-1",
        labels: {
          "kubernetes.io/arch": "amd64",
          "kubernetes.io/hostname": "local-a-1",
          "kubernetes.io/os": "linux",
          "node.kubernetes.io/instance-type": "simulated-8-32Gi",
          "topology.kubernetes.io/region": "local",
          "topology.kubernetes.io/zone": "local-a",
          "weft.dev/simulated": "true",
        },
      },
      spec: { podCIDR: "10.128.0.0/24", podCIDRs: ["10.128.0.0/24"] },
      status: {
        addresses: [
          { type: "InternalIP", address: "198.19.0.1" },
          { type: "Hostname", address: "local-a-1" },
        ],
        // What an EKS node of this size leaves to pods.
        allocatable: { cpu: "7910m", memory: "31951872Ki", "ephemeral-storage": "100Gi", pods: "110" },
        capacity: { cpu: "8", memory: "32Gi", "ephemeral-storage": "100Gi", pods: "110" },
      },
    });
  });

  it("spreads nodes evenly over all zones", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const nodes = planNodes(inputs(size));
        const counts = zoneNames("local", size.zones).map(
          (zone) => nodes.filter((node) => zoneOf(node) === zone).length,
        );
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(nodes).toHaveLength(size.nodes);
      }),
    );
  });

  it("gives every node a name, pod network and address of its own", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const nodes = planNodes(inputs(size));
        for (const values of [
          names(nodes),
          nodes.map(({ spec }) => spec.podCIDR),
          nodes.map(({ status }) => status.addresses[0]?.address),
        ]) {
          expect(new Set(values).size).toBe(size.nodes);
        }
      }),
    );
  });

  it("keeps what a node is, whatever the numbers of nodes and zones become", () => {
    fc.assert(
      fc.property(sizes, sizes, (before, after) => {
        const old = new Map(planNodes(inputs(before)).map((node) => [node.metadata.name, node]));
        for (const node of planNodes(inputs(after))) {
          const same = old.get(node.metadata.name);
          if (same !== undefined) expect(node).toEqual(same);
        }
      }),
    );
  });

  it("stays within its address ranges for the largest cluster", () => {
    for (const zones of [1, 26]) {
      for (const { spec, status } of planNodes(inputs({ nodes: 1000, zones }))) {
        expect(spec.podCIDR).toMatch(/^10\.(1[2-9]\d|2[0-4]\d|25[0-5])\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\.0\/24$/);
        expect(status.addresses[0]?.address).toMatch(/^198\.19\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\.\d{1,3}$/);
      }
    }
  });

  it("leaves most of a tiny node to pods", () => {
    const [node] = planNodes(inputs({ cpu: "100m", memory: "256Mi" }));
    expect(node?.status.allocatable).toMatchObject({ cpu: "94m", memory: "196608Ki" });
  });
});

describe("the changes of the nodes", () => {
  const changes = (planned: NodeObject[], existing: readonly NodeObject[]) => {
    const { create, resize, remove } = nodeChanges(planned, existing);
    return { create: names(create), resize: names(resize), remove };
  };

  it("are none when all is as planned, however the API server writes the amounts", () => {
    const planned = planNodes(inputs({ cpu: "1.5", memory: "65536Mi" }));
    const written = planned.map((node) => ({
      ...node,
      status: { ...node.status, capacity: { ...node.status.capacity, cpu: "1500m", memory: "64Gi" } },
    }));
    expect(changes(planned, written)).toEqual({ create: [], resize: [], remove: [] });
  });

  it("add and remove the last of every zone", () => {
    const six = planNodes(inputs());
    const eight = planNodes(inputs({ nodes: 8 }));
    expect(changes(eight, six)).toEqual({ create: ["local-a-3", "local-b-3"], resize: [], remove: [] });
    expect(changes(six, eight)).toEqual({ create: [], resize: [], remove: ["local-a-3", "local-b-3"] });
  });

  it("resize in place", () => {
    const { create, resize, remove } = changes(planNodes(inputs({ cpu: "16" })), planNodes(inputs()));
    expect(resize).toHaveLength(6);
    expect([...create, ...remove]).toEqual([]);
  });

  it("make a node anew whose zone is another one", () => {
    const moved = planNodes(inputs({ region: "lab", nodes: 3 }));
    const { create, remove } = changes(moved, planNodes(inputs({ nodes: 3 })));
    expect(create).toEqual(names(moved));
    expect(remove).toEqual(names(moved));
  });
});
