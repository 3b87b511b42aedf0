import { describe, expect, it } from "vitest";
import { deleteAbandoned } from "./abandoned.ts";
import type { EngineEvent } from "./events.ts";
import { plainGoal } from "./goal.ts";
import { describeGoal } from "./goal-state.ts";
import { Ledger } from "./ledger.ts";
import type { Provider } from "./provider.ts";
import { recordedProviders } from "./provider-resources.ts";
import { ProviderRegistry, providerReference } from "./registry.ts";
import type { ResourceState } from "./resource.ts";
import { FakeCloud } from "./testing/fake-cloud.ts";

const urn = (type: string, name: string) => `urn:pulumi:test::weft::${type}::${name}`;
const PROVIDER = urn("pulumi:providers:fake", "default");

function state(type: string, name: string, fields: Partial<ResourceState> = {}): ResourceState {
  const ref = { urn: urn(type, name), type, name, parent: undefined };
  return { ...describeGoal(ref, plainGoal(type, name, { custom: true }), undefined), ...fields };
}

/** A ledger of a run that was killed while it created `thing`, and a provider with or without a way to undo that. */
async function afterKill(thing: ResourceState, abandon?: NonNullable<Provider["abandon"]>) {
  const provider = state("pulumi:providers:fake", "default", { id: "p1" });
  const ledger = new Ledger(
    { resources: [provider], pendingOperations: [{ type: "creating", resource: thing }] },
    async () => {},
  );
  const cloud = new FakeCloud();
  const signal = new AbortController().signal;
  const registry = new ProviderRegistry(
    () => ({
      ...cloud.factory,
      configure: async (config, context) => ({ ...(await cloud.factory.configure(config, context)), abandon }),
    }),
    (of) => ({ urn: of, signal, status: () => {}, log: () => {} }),
  );
  const events: EngineEvent[] = [];
  const errors = await deleteAbandoned(
    ledger,
    recordedProviders(registry, ledger),
    (event) => events.push(event),
    "apply",
  );
  return { ledger, events, errors };
}

describe("what a killed run had begun to create", () => {
  const thing = state("fake:index:Thing", "web", {
    provider: providerReference(PROVIDER, "p1"),
    inputs: { name: "web" },
  });

  it("is undone by a provider that can tell", async () => {
    const asked: unknown[] = [];
    const { ledger, events, errors } = await afterKill(thing, async (request) => void asked.push(request));
    expect(asked).toEqual([expect.objectContaining({ urn: thing.urn, inputs: { name: "web" } })]);
    expect(errors).toEqual([]);
    expect(ledger.snapshot().pendingOperations).toEqual([]);
    expect(events.at(-1)).toMatchObject({ kind: "resource-end", operation: "delete" });
  });

  it("is named to the user where the provider can't tell", async () => {
    const { ledger, events } = await afterKill(thing);
    expect(events).toEqual([
      expect.objectContaining({ severity: "warning", text: expect.stringContaining(thing.urn) }),
    ]);
    expect(ledger.snapshot().pendingOperations).toEqual([]);
  });

  it("is named to the user where its provider is gone as well", async () => {
    const { events, errors } = await afterKill({ ...thing, provider: providerReference(PROVIDER, "older") });
    expect(events).toEqual([expect.objectContaining({ severity: "warning" })]);
    expect(errors).toEqual([]);
  });

  it("needs no look when it went with something that is gone", async () => {
    const inside = { ...thing, deletedWith: urn("fake:index:Cluster", "gone") };
    const { ledger, events } = await afterKill(inside);
    expect(events).toEqual([]);
    expect(ledger.snapshot().pendingOperations).toEqual([]);
  });

  it("stays noted when undoing it fails", async () => {
    const { ledger, events, errors } = await afterKill(thing, () => Promise.reject(new Error("no way in")));
    expect(errors).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ error: "no way in" });
    expect(ledger.snapshot().pendingOperations).toHaveLength(1);
  });
});
