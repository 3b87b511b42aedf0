import { describe, expect, it } from "vitest";
import { Harness, type Program } from "./testing/harness.ts";

// A deployment with a cloud in memory, as in deployment.test.ts.

const urn = (name: string, type = "fake:index:Thing") => `urn:pulumi:test::weft::${type}::${name}`;

describe("a renamed resource", () => {
  it("leaves a state that can be read at every moment, with what depends on it", async () => {
    const harness = new Harness();
    await harness.run(async (p) => {
      const a = await p.thing("a", { size: 1 });
      await p.thing("b", {}, { dependencies: [a.urn], parent: a.urn });
    });
    const { operations, snapshot, failures } = await harness.run(async (p) => {
      const a = await p.thing("a2", { name: "a", size: 2 }, { aliases: [{ urn: urn("a") }] });
      await p.thing(
        "b",
        {},
        { dependencies: [a.urn], aliases: [{ urn: urn("b", "fake:index:Thing$fake:index:Thing") }] },
      );
    });
    expect(failures).toEqual([]);
    expect(operations).toEqual(["update a2"]);
    expect(snapshot.resources.map((r) => r.urn)).toEqual([
      urn("default", "pulumi:providers:fake"),
      urn("a2"),
      urn("b"),
    ]);
    expect(snapshot.resources[2]?.dependencies).toEqual([urn("a2")]);
  });

  it("has what can't stay without it deleted before it is, when it is deleted ahead of its replacement", async () => {
    const harness = new Harness();
    const program = (name: string, shape: string) => async (p: Program) => {
      const a = await p.thing(name, { name: "a", shape }, { aliases: [{ urn: urn("a") }] });
      await p.thing(
        "b",
        { name: "b", shape: a.outputs.shape ?? "" },
        { propertyDependencies: { shape: [a.urn] }, dependencies: [a.urn] },
      );
    };
    await harness.run(program("a", "round"));
    const { operations, snapshot } = await harness.run(program("a2", "square"));
    expect(operations).toEqual(["delete b", "delete a", "replace a2", "replace b"]);
    expect([...harness.cloud.things.values()].map(({ name, shape }) => `${name} ${shape}`)).toEqual([
      "a square",
      "b square",
    ]);
    expect(snapshot.resources.map((r) => r.urn)).toEqual([
      urn("default", "pulumi:providers:fake"),
      urn("a2"),
      urn("b"),
    ]);
  });

  it("that is a component is not mistaken for one that still has what was deleted ahead", async () => {
    const harness = new Harness();
    const program = (group: string, shape: string) => async (p: Program) => {
      const g = await p.component(group, { aliases: [{ urn: urn("g", "weft:test:Group") }] });
      const a = await p.thing("a", { name: "a", shape });
      const options = { parent: g.urn, propertyDependencies: { shape: [a.urn] }, dependencies: [a.urn] };
      await p.thing("b", { name: "b", shape: "any" }, options);
    };
    await harness.run(program("g", "round"));
    const { snapshot, failures } = await harness.run(program("g2", "square"));
    expect(failures).toEqual([]);
    const recorded = snapshot.resources.filter((r) => r.type === "fake:index:Thing").map((r) => r.id);
    expect([...harness.cloud.things.keys()]).toEqual(recorded);
    expect(recorded).toHaveLength(2);
  });

  it("that is a provider and was replaced stays under its old name until nothing recorded needs it", async () => {
    const harness = new Harness();
    const program = (name: string, region: string) => async (p: Program) => {
      const aliases = [{ urn: urn("cloud", "pulumi:providers:fake") }];
      const provider = await p.provider(name, { region }, { aliases });
      await p.thing("web", { name: `web-${region}` }, { provider: `${provider.urn}::${provider.id}` });
    };
    await harness.run(program("cloud", "here"));
    const { operations, failures } = await harness.run(program("sky", "there"));
    expect(failures).toEqual([]);
    expect(operations).toEqual(["replace sky", "replace web", "delete-original web", "delete-original cloud"]);
  });
});
