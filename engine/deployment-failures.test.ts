import { describe, expect, it } from "vitest";
import type { Phase, ResourceRef } from "./events.ts";
import type { Judge } from "./judge.ts";
import type { PendingOperation, Snapshot } from "./resource.ts";
import { Harness, type Program } from "./testing/harness.ts";

// A deployment with a cloud in memory, as in deployment.test.ts.

const urn = (name: string, type = "fake:index:Thing") => `urn:pulumi:test::weft::${type}::${name}`;

describe("an interrupted run", () => {
  /** A harness with `web`, and its state as a run leaves it that was killed while it did something to `web`. */
  async function killedOver(type: PendingOperation["type"]): Promise<{ harness: Harness; base: Snapshot }> {
    const harness = new Harness();
    const { snapshot } = await harness.run(web);
    const pendingOperations = snapshot.resources.slice(-1).map((resource) => ({ type, resource }));
    return { harness, base: { ...snapshot, pendingOperations } };
  }
  const web = async (p: Program) => void (await p.thing("web"));

  it("that was killed in an update has it done again, though the program says what is recorded", async () => {
    const { harness, base } = await killedOver("updating");
    const { operations, snapshot } = await harness.run(web, { base });
    expect(operations).toEqual(["update web"]);
    expect(snapshot.pendingOperations).toEqual([]);
  });

  it("that was killed in an update leaves nothing noted of what is deleted meanwhile", async () => {
    const { harness, base } = await killedOver("updating");
    const { snapshot } = await harness.run(async () => {}, { base });
    expect(snapshot).toEqual({ resources: [], pendingOperations: [] });
  });

  it("that was killed in a replacement is not forgotten because the program has gone back", async () => {
    const { harness, base } = await killedOver("creating");
    const { events, snapshot } = await harness.run(web, { base });
    expect(events.filter((event) => event.kind === "message" && event.severity === "warning")).toHaveLength(1);
    expect(snapshot.pendingOperations).toEqual([]);
  });
});

describe("failures", () => {
  it("stop what comes after, let what is under way end, and record it", async () => {
    const harness = new Harness();
    const { snapshot, failures } = await harness.run(async (p) => {
      const bad = p.thing("bad", { fail: "create" });
      const slow = p.thing("slow", { hold: true });
      await expect(bad).rejects.toThrow("refuses to create bad");
      await expect(p.thing("late")).rejects.toThrow("stopping");
      harness.cloud.release("slow");
      await slow;
      throw new Error("the program ends");
    });
    expect(failures).toEqual(["the cloud refuses to create bad"]);
    expect(snapshot.resources.map((r) => r.urn.split("::").at(-1))).toEqual(["default", "slow"]);
  });

  it("record a resource that is not ready, and the next run goes on with it instead of creating it again", async () => {
    const harness = new Harness();
    const first = await harness.run((p) => p.thing("web", { fail: "ready" }));
    expect(first.snapshot.resources.at(-1)).toMatchObject({ id: "id-1", initErrors: ["it is not ready"] });
    const second = await harness.run((p) => p.thing("web", {}));
    expect(second.operations).toEqual(["update web"]);
    expect(second.snapshot.resources.at(-1)).toMatchObject({ id: "id-1", initErrors: [] });
    expect(harness.cloud.things.size).toBe(1);
  });

  it("of a provider that ended before it answered keep the operation noted until the resource is made", async () => {
    const harness = new Harness();
    const { snapshot } = await harness.run((p) => p.thing("web", { fail: "answer" }));
    expect(snapshot.pendingOperations).toEqual([expect.objectContaining({ type: "creating" })]);
    expect(snapshot.resources.map((r) => r.urn.split("::").at(-1))).toEqual(["default"]);
    const next = await harness.run((p) => p.thing("web"));
    expect(next.snapshot.pendingOperations).toEqual([]);
    expect(next.snapshot.resources).toHaveLength(2);
  });

  it("of a deletion leave it and what it depends on recorded", async () => {
    const harness = new Harness();
    await harness.run(async (p) => {
      const a = await p.thing("a");
      await p.thing("b", { fail: "delete" }, { dependencies: [a.urn] });
    });
    const { snapshot, failures } = await harness.run(async () => {});
    expect(failures).toEqual(["the cloud refuses to delete b"]);
    expect(snapshot.resources.map((r) => r.urn.split("::").at(-1))).toEqual(["default", "a", "b"]);
  });

  it("between the two halves of a delete-first replacement are made good by the next run", async () => {
    const harness = new Harness();
    await harness.run((p) => p.thing("web", { shape: "round" }));
    const broken = await harness.run((p) => p.thing("web", { shape: "square", fail: "create" }));
    expect(broken.snapshot.resources.at(-1)?.pendingReplacement).toBe(true);
    expect(harness.cloud.things.size).toBe(0);
    const { operations, snapshot } = await harness.run((p) => p.thing("web", { shape: "square" }));
    expect(operations).toEqual(["replace web"]);
    expect(snapshot.resources.filter((r) => r.pendingReplacement)).toEqual([]);
    expect(harness.cloud.things.size).toBe(1);
  });

  it("of noting that a deletion begins keep it from beginning, and the others are waited for", async () => {
    const harness = new Harness();
    await harness.run(async (p) => {
      await p.thing("a");
      await p.thing("b");
    });
    let full = true;
    const { failures, snapshot } = await harness.run(async () => {}, {
      onChange: ({ pendingOperations }) => {
        if (!full || !pendingOperations.some(({ resource }) => resource.urn === urn("a"))) return;
        full = false;
        throw new Error("the disk is full");
      },
    });
    expect(failures).toEqual(["the disk is full"]);
    expect([...harness.cloud.things.values()].map(({ name }) => name)).toEqual(["a"]);
    expect(snapshot.resources.map((r) => r.urn.split("::").at(-1))).toEqual(["default", "a"]);
    expect(snapshot.pendingOperations).toEqual([]);
  });

  it.each([
    "is cancelled",
    "has failed elsewhere",
  ])("begin nothing that was being judged when the run %s", async (what) => {
    const harness = new Harness();
    const cancel = new AbortController();
    const judged = Promise.withResolvers<void>();
    const judge = {
      resource: async (_phase: Phase, { name }: ResourceRef) => {
        if (name === "late") await judged.promise;
      },
    } as unknown as Judge;
    const { failures } = await harness.run(
      async (p) => {
        const late = p.thing("late");
        if (what === "is cancelled") cancel.abort();
        else await expect(p.thing("bad", { fail: "create" })).rejects.toThrow();
        judged.resolve();
        await expect(late).rejects.toThrow("stopping");
        throw new Error("the program ends");
      },
      { signal: cancel.signal, judge },
    );
    expect(harness.cloud.calls).not.toContain("create late");
    expect(failures).toEqual(what === "is cancelled" ? [] : ["the cloud refuses to create bad"]);
  });

  it("rejects registrations once the operation is cancelled", async () => {
    const harness = new Harness();
    const cancel = new AbortController();
    await harness.run(
      async (p) => {
        await p.thing("first");
        cancel.abort();
        await expect(p.thing("second")).rejects.toThrow("stopping");
        throw new Error("the program ends");
      },
      { signal: cancel.signal },
    );
    expect(harness.cloud.things.size).toBe(1);
  });
});
