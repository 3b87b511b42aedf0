import { describe, expect, it } from "vitest";
import { Secret, UNKNOWN } from "./property.ts";
import { countOperations, Harness, type Program } from "./testing/harness.ts";

// These tests drive a deployment directly, with a cloud in memory. That the SDK's registrations arrive as they are made
// here is proven by the tests of server.ts and by the integration tests.

const urn = (name: string, type = "fake:index:Thing") => `urn:pulumi:test::weft::${type}::${name}`;

describe("a first run", () => {
  it("creates what is registered and records it with its default provider", async () => {
    const harness = new Harness();
    const { snapshot, operations } = await harness.run(async (p) => {
      const { id, outputs } = await p.thing("web", { size: 1 });
      expect(id).toBe("id-1");
      expect(outputs).toEqual({ size: 1, name: "web", arn: "arn:id-1" });
    });
    expect(operations).toEqual(["create default", "create web"]);
    expect(snapshot.resources.map((r) => r.type)).toEqual(["pulumi:providers:fake", "fake:index:Thing"]);
    expect(snapshot.resources[1]).toMatchObject({ id: "id-1", inputs: { size: 1, name: "web" }, initErrors: [] });
    expect(snapshot.resources[1]?.provider).toBe(`${snapshot.resources[0]?.urn}::${snapshot.resources[0]?.id}`);
    expect(snapshot.pendingOperations).toEqual([]);
  });

  it("works on independent resources at the same time", async () => {
    const harness = new Harness();
    await harness.run((p) => Promise.all(["a", "b", "c", "d"].map((name) => p.thing(name))));
    expect(harness.cloud.mostConcurrent).toBe(4);
  });

  it("notes an operation as pending before the provider is asked, and no longer once it is recorded", async () => {
    const harness = new Harness();
    const pending: string[] = [];
    await harness.run((p) => p.thing("web"), {
      onChange: (snapshot) => {
        const created = snapshot.resources.some((r) => r.urn === urn("web"));
        pending.push(`${snapshot.pendingOperations.map((o) => o.type).join()}:${created}`);
      },
    });
    expect(pending).toEqual([":false", "creating:false", "creating:true", ":true"]);
  });

  it("marks additional secret outputs", async () => {
    const harness = new Harness();
    const { snapshot } = await harness.run((p) => p.thing("web", {}, { additionalSecretOutputs: ["arn"] }));
    expect(snapshot.resources[1]?.outputs.arn).toBeInstanceOf(Secret);
  });

  it("rejects two resources of one type and name", async () => {
    const harness = new Harness();
    const { failures } = await harness.run((p) => Promise.allSettled([p.thing("web"), p.thing("web")]));
    expect(failures).toEqual(["two resources of type fake:index:Thing are named web"]);
  });

  it("rejects inputs that the provider finds wrong, with the property", async () => {
    const harness = new Harness();
    const { failures } = await harness.run((p) => p.thing("web", { fail: "check" }));
    expect(failures[0]).toContain('fail: must not be "check"');
    expect(harness.cloud.things.size).toBe(0);
  });

  it("rejects the use of a default provider that is disabled", async () => {
    const harness = new Harness();
    const { failures } = await harness.run((p) => p.thing("web"), { disabled: ["fake"] });
    expect(failures[0]).toContain("the default provider of fake is disabled");
  });
});

describe("a run without a change", () => {
  it("asks the provider for nothing and leaves every recorded state as the very object it was", async () => {
    const harness = new Harness();
    const program = async (p: Program) => {
      const group = await p.component("group");
      await p.thing("web", { size: 1, password: new Secret("x") }, { parent: group.urn });
      p.outputs(group.urn, { url: "http://web" });
    };
    const first = await harness.run(program);
    harness.cloud.calls.length = 0;
    const second = await harness.run(program);
    expect(harness.cloud.calls.filter((call) => !/^(configure|close)/.test(call))).toEqual([]);
    expect(second.operations).toEqual([]);
    expect(second.snapshot.resources).toHaveLength(3);
    for (const resource of second.snapshot.resources) {
      expect(first.snapshot.resources.some((before) => before === resource)).toBe(true);
    }
  });

  it("records a change of options alone without touching the resource", async () => {
    const harness = new Harness();
    await harness.run((p) => p.thing("web"));
    const { snapshot, operations } = await harness.run((p) => p.thing("web", {}, { protect: true }));
    expect(operations).toEqual([]);
    expect(snapshot.resources.at(-1)?.protect).toBe(true);
  });
});

describe("changes", () => {
  it("updates in place, tells what changed, and keeps the id", async () => {
    const harness = new Harness();
    await harness.run((p) => p.thing("web", { size: 1 }));
    const { events, snapshot } = await harness.run((p) => p.thing("web", { size: 2 }));
    expect(countOperations(events)).toEqual({ same: 1, update: 1 });
    expect(events).toContainEqual(
      expect.objectContaining({ operation: "update", changes: { size: { kind: "update", before: 1, after: 2 } } }),
    );
    expect(snapshot.resources.at(-1)).toMatchObject({ id: "id-1", inputs: { size: 2 } });
  });

  it("ignores changes that it is told to ignore", async () => {
    const harness = new Harness();
    await harness.run((p) => p.thing("web", { spec: { replicas: 2, image: "a" } }));
    const { operations, snapshot } = await harness.run((p) =>
      p.thing("web", { spec: { replicas: 9, image: "b" } }, { ignoreChanges: ["spec.replicas"] }),
    );
    expect(operations).toEqual(["update web"]);
    expect(snapshot.resources.at(-1)?.inputs.spec).toEqual({ replicas: 2, image: "b" });
  });

  it("deletes what is no longer registered, dependents first", async () => {
    const harness = new Harness();
    await harness.run(async (p) => {
      const a = await p.thing("a");
      await p.thing("b", {}, { dependencies: [a.urn] });
      await p.thing("keep");
    });
    harness.cloud.calls.length = 0;
    const { snapshot } = await harness.run((p) => p.thing("keep"));
    expect(harness.cloud.calls.filter((call) => call.startsWith("delete"))).toEqual(["delete b", "delete a"]);
    expect(snapshot.resources.map((r) => r.urn)).toEqual([urn("default", "pulumi:providers:fake"), urn("keep")]);
  });

  it("replaces by creating first and deleting the original at the end", async () => {
    const harness = new Harness();
    await harness.run((p) => p.thing("web", { name: "web-1" }));
    harness.cloud.calls.length = 0;
    const { operations, snapshot } = await harness.run((p) => p.thing("web", { name: "web-2" }));
    expect(operations).toEqual(["replace web", "delete-original web"]);
    expect(harness.cloud.calls.filter((c) => !/^(configure|close)/.test(c))).toEqual(["create web-2", "delete web-1"]);
    expect(snapshot.resources.at(-1)).toMatchObject({ id: "id-2", delete: false });
    expect(snapshot.resources).toHaveLength(2);
  });

  it("deletes first where two can't exist at once, and before it what would be replaced with it", async () => {
    const harness = new Harness();
    const program = (shape: string) => async (p: Program) => {
      const a = await p.thing("a", { shape });
      // Its name, which can't be changed, comes from a: it is replaced with it.
      const name = `${a.outputs.arn}-child`;
      await p.thing("b", { name }, { propertyDependencies: { name: [a.urn] }, dependencies: [a.urn] });
      await p.thing("c", {}, { dependencies: [a.urn] });
    };
    await harness.run(program("round"));
    harness.cloud.calls.length = 0;
    const { snapshot, failures } = await harness.run(program("square"));
    expect(failures).toEqual([]);
    expect(harness.cloud.calls.filter((c) => !/^(configure|close)/.test(c))).toEqual([
      "delete arn:id-1-child",
      "delete a",
      "create a",
      "create arn:id-4-child",
    ]);
    expect(snapshot.resources.filter((r) => r.pendingReplacement || r.delete)).toEqual([]);
    expect(harness.cloud.things.size).toBe(3);
  });

  it("follows an alias to what was recorded under another name, and children along with their parent", async () => {
    const harness = new Harness();
    await harness.run(async (p) => {
      const group = await p.component("old");
      await p.thing("old-web", {}, { parent: group.urn });
    });
    const { operations, snapshot } = await harness.run(async (p) => {
      const group = await p.component("new", {
        aliases: [{ name: "old", type: undefined, project: undefined, stack: undefined, parent: undefined }],
      });
      await p.thing("new-web", { name: "old-web" }, { parent: group.urn });
    });
    expect(operations).toEqual([]);
    expect(snapshot.resources.map((r) => r.urn.split("::").at(-1))).toEqual(["new", "default", "new-web"]);
    expect(harness.cloud.things.size).toBe(1);
  });

  it("replaces everything of a provider that now manages another place", async () => {
    const harness = new Harness();
    const program = (region: string) => async (p: Program) => {
      const provider = await p.provider("cloud", { region });
      await p.thing("web", { name: `web-${region}` }, { provider: `${provider.urn}::${provider.id}` });
    };
    await harness.run(program("here"));
    const { operations, snapshot } = await harness.run(program("there"));
    expect(operations).toEqual(["replace cloud", "replace web", "delete-original web", "delete-original cloud"]);
    expect(snapshot.resources).toHaveLength(2);
  });

  it("replaces without a comparison what another place has: the new one's provider knows nothing of it", async () => {
    const harness = new Harness();
    const program = (region: string, fail?: string) => async (p: Program) => {
      const provider = await p.provider("cloud", { region });
      const options = { provider: `${provider.urn}::${provider.id}` };
      await p.thing("web", { name: `web-${region}`, ...(fail ? { fail } : {}) }, options);
    };
    await harness.run(program("here"));
    const { failures, operations } = await harness.run(program("there", "diff"));
    expect(failures).toEqual([]);
    expect(operations).toContain("replace web");
  });

  it("reconfigures a provider in place when the place is the same", async () => {
    const harness = new Harness();
    const program = (token: string) => async (p: Program) => {
      const provider = await p.provider("cloud", { region: "here", token });
      await p.thing("web", {}, { provider: `${provider.urn}::${provider.id}` });
    };
    await harness.run(program("a"));
    const { operations } = await harness.run(program("b"));
    expect(operations).toEqual(["update cloud"]);
  });
});

describe("a plan with a provider", () => {
  it("that has an unknown in its configuration configures it once, for all its resources", async () => {
    const harness = new Harness();
    await harness.run(
      async (p) => {
        const provider = await p.provider("cloud", { token: UNKNOWN });
        for (const name of ["a", "b"]) await p.thing(name, {}, { provider: `${provider.urn}::${provider.id}` });
      },
      { phase: "plan" },
    );
    expect(harness.cloud.calls.filter((call) => call.startsWith("configure"))).toHaveLength(1);
  });

  it("that is configured wrongly says so once, and nothing of its resources", async () => {
    const { failures, operations } = await new Harness().run(
      async (p) => {
        const provider = await p.provider("cloud", { bad: true });
        for (const name of ["a", "b"]) await p.thing(name, {}, { provider: `${provider.urn}::${provider.id}` });
      },
      { phase: "plan" },
    );
    expect(failures).toEqual(["provider cloud is configured wrongly\nbad: is not allowed"]);
    expect(operations).toEqual([]);
  });
});

describe("the plan", () => {
  it("tells what would be done and writes nothing", async () => {
    const harness = new Harness();
    await harness.run(async (p) => {
      await p.thing("same");
      await p.thing("changed", { size: 1 });
      await p.thing("gone");
    });
    harness.cloud.calls.length = 0;
    const { operations, events } = await harness.run(
      async (p) => {
        await p.thing("same");
        const changed = await p.thing("changed", { size: 2 });
        // What an update can't change is known in the plan.
        expect(changed.outputs.arn).toBe("arn:id-2");
        const added = await p.thing("new", { size: UNKNOWN });
        expect(added.id).toBe("");
      },
      { phase: "plan" },
    );
    expect(operations).toEqual(["update changed", "create new", "delete gone"]);
    expect(events.every((event) => event.kind !== "resource-end" || event.duration === 0)).toBe(true);
    expect(harness.cloud.calls.filter((call) => !/^(configure|close)/.test(call))).toEqual([]);
  });

  it("goes on after a problem, so that all of them are found", async () => {
    const harness = new Harness();
    const { failures } = await harness.run(
      (p) => Promise.all([p.thing("a", { fail: "check" }), p.thing("b", { fail: "check" }), p.thing("c")]),
      { phase: "plan" },
    );
    expect(failures).toHaveLength(2);
  });
});
