import { describe, expect, it } from "vitest";
import type { Snapshot } from "./resource.ts";
import { Harness, type Program } from "./testing/harness.ts";

// A deployment with a cloud in memory, as in deployment.test.ts.

describe("what is kept from deletion", () => {
  it("may be unprotected and deleted ahead of its replacement in one run", async () => {
    const harness = new Harness();
    await harness.run((p) => p.thing("web", { shape: "round" }, { protect: true }));
    const refused = await harness.run((p) => p.thing("web", { shape: "square" }, { protect: true }));
    expect(refused.failures[0]).toContain("is protected and would be replaced");
    const { failures, operations } = await harness.run((p) => p.thing("web", { shape: "square" }));
    expect(failures).toEqual([]);
    expect(operations).toEqual(["delete web", "replace web"]);
  });

  it("rejects the deletion of a protected resource before anything is deleted", async () => {
    const harness = new Harness();
    await harness.run(async (p) => {
      await p.thing("safe", {}, { protect: true });
      await p.thing("other");
    });
    const { failures, snapshot } = await harness.run(async () => {});
    expect(failures[0]).toContain("safe (fake:index:Thing) is protected");
    expect(harness.cloud.things.size).toBe(2);
    expect(snapshot.resources).toHaveLength(3);
  });

  it("forgets a retained resource and leaves it alone", async () => {
    const harness = new Harness();
    await harness.run((p) => p.thing("data", {}, { retainOnDelete: true }));
    const { operations, snapshot } = await harness.run(async () => {});
    expect(operations).toEqual(["delete default", "discard data"].sort().reverse());
    expect(harness.cloud.things.size).toBe(1);
    expect(snapshot.resources).toEqual([]);
  });

  it("does not delete what goes with another, and forgets it only when the other is gone", async () => {
    const harness = new Harness();
    const program = (fail?: string) => async (p: Program) => {
      const cluster = await p.thing("cluster", fail === undefined ? {} : { fail });
      await p.thing("pod", {}, { deletedWith: cluster.urn, dependencies: [cluster.urn] });
    };
    await harness.run(program("delete"));
    const broken = await harness.run(async () => {});
    expect(broken.failures).toEqual(["the cloud refuses to delete cluster"]);
    expect(broken.snapshot.resources.map((r) => r.urn.split("::").at(-1))).toEqual(["default", "cluster", "pod"]);

    await harness.run(program());
    harness.cloud.calls.length = 0;
    const { snapshot } = await harness.run(async () => {});
    expect(harness.cloud.calls.filter((call) => call.startsWith("delete"))).toEqual(["delete cluster"]);
    expect(snapshot.resources).toEqual([]);
  });
});

describe("what stays in the state", () => {
  const left = (snapshot: Snapshot) => snapshot.resources.map((r) => r.urn.split("::").at(-1));

  it("is what a resource needs that could not be deleted, retained or not", async () => {
    const harness = new Harness();
    await harness.run(async (p) => {
      const kept = await p.thing("kept", {}, { retainOnDelete: true });
      await p.thing("stuck", { fail: "delete" }, { dependencies: [kept.urn] });
    });
    const { snapshot } = await harness.run(async () => {});
    expect(left(snapshot)).toEqual(["default", "kept", "stuck"]);
  });

  it("is nothing of a chain of resources that go with each other", async () => {
    const harness = new Harness();
    await harness.run(async (p) => {
      const cluster = await p.thing("cluster");
      const namespace = await p.thing("namespace", {}, { deletedWith: cluster.urn });
      await p.thing("object", {}, { deletedWith: namespace.urn });
    });
    harness.cloud.calls.length = 0;
    const { snapshot } = await harness.run(async () => {});
    expect(harness.cloud.calls.filter((call) => call.startsWith("delete"))).toEqual(["delete cluster"]);
    expect(snapshot.resources).toEqual([]);
  });

  it.each([
    ["a component", (p: Program) => p.component("other")],
    ["a resource that is retained", (p: Program) => p.thing("other", {}, { retainOnDelete: true })],
  ])("is nothing that says it goes with %s: it is deleted by itself", async (_, other) => {
    const harness = new Harness();
    await harness.run(async (p) => {
      await p.thing("object", {}, { deletedWith: (await other(p)).urn });
    });
    const { snapshot, failures } = await harness.run(async () => {});
    expect(failures).toEqual([]);
    expect(harness.cloud.calls).toContain("delete object");
    expect(snapshot.resources).toEqual([]);
  });

  it("can be read again at every moment of a deletion", async () => {
    const harness = new Harness();
    await harness.run(async (p) => {
      const cluster = await p.thing("cluster");
      await p.thing("inside", {}, { deletedWith: cluster.urn, dependencies: [cluster.urn] });
      const slow = p.thing("slow", { hold: true });
      harness.cloud.release("slow");
      await slow;
    });
    // The harness looks at every state that is announced.
    const { snapshot } = await harness.run(async () => {});
    expect(snapshot.resources).toEqual([]);
  });

  it("is nothing of what was only read, and it is left alone", async () => {
    const harness = new Harness();
    const { snapshot } = await harness.run(async (p) => {
      await p.thing("read");
    });
    const resources = snapshot.resources.map((r) =>
      r.custom && r.id.startsWith("id-") ? { ...r, rest: { external: true } } : r,
    );
    const after = await harness.run(async () => {}, { base: { ...snapshot, resources } });
    expect(harness.cloud.calls.filter((call) => call.startsWith("delete"))).toEqual([]);
    expect(after.snapshot.resources).toEqual([]);
  });
});
