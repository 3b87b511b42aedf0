import { describe, expect, it } from "vitest";
import { Secret } from "./property.ts";
import { refreshResources } from "./refresh.ts";
import { ProviderRegistry } from "./registry.ts";
import type { Snapshot } from "./resource.ts";
import type { Session } from "./session.ts";
import { integrityProblems } from "./state/integrity.ts";
import { FakeCloud } from "./testing/fake-cloud.ts";
import { resourceState } from "./testing/resource-state.ts";

// Against a cloud in memory, with no more of a session than a refresh needs.

const urn = (name: string, type = "fake:index:Thing") => `urn:pulumi:test::weft::${type}::${name}`;
const provider = resourceState({ urn: urn("cloud", "pulumi:providers:fake"), type: "pulumi:providers:fake", id: "p" });
const thing = (name: string, facts: Partial<Parameters<typeof resourceState>[0]> = {}) =>
  resourceState({
    urn: urn(name),
    type: "fake:index:Thing",
    id: `id-${name}`,
    provider: `${provider.urn}::p`,
    inputs: { name },
    outputs: { name },
    ...facts,
  });

async function refresh(base: Snapshot, there: readonly string[]) {
  const cloud = new FakeCloud();
  for (const name of there) cloud.things.set(`id-${name}`, { name, arn: `arn:${name}` });
  const signal = new AbortController().signal;
  const registry = new ProviderRegistry(
    () => cloud.factory,
    (of) => ({ urn: of, signal, status: () => {}, log: () => {} }),
  );
  const session = { options: { emit: () => {}, signal }, registry } as unknown as Session;
  const problems: string[] = [];
  const result = await refreshResources(session, base, async (now) => void problems.push(...integrityProblems(now)));
  return { ...result, problems, names: result.snapshot.resources.map((r) => r.urn.split("::").at(-1)) };
}

describe("a refresh", () => {
  it("drops what is gone, and every reference to it: the state can be read at every moment", async () => {
    const config = thing("config");
    const web = thing("web", {
      dependencies: [config.urn],
      propertyDependencies: { name: [config.urn] },
      parent: config.urn,
      deletedWith: config.urn,
    });
    const base = { resources: [provider, config, web], pendingOperations: [] };
    const { problems, names, snapshot, changes } = await refresh(base, ["web"]);
    expect(problems).toEqual([]);
    expect(names).toEqual(["cloud", "web"]);
    expect(snapshot.resources[1]).toMatchObject({ dependencies: [], parent: undefined, deletedWith: undefined });
    expect(changes.delete).toBe(1);
  });

  it("keeps secrets secret that only the program said are", async () => {
    const base = { resources: [provider, thing("web", { additionalSecretOutputs: ["arn"] })], pendingOperations: [] };
    const { snapshot } = await refresh(base, ["web"]);
    expect(snapshot.resources[1]?.outputs.arn).toEqual(new Secret("arn:web"));
  });

  it("does not take for ready what was recorded as not ready", async () => {
    const base = { resources: [provider, thing("web", { initErrors: ["no pod"] })], pendingOperations: [] };
    const { snapshot } = await refresh(base, ["web"]);
    expect(snapshot.resources[1]?.initErrors).toEqual(["no pod"]);
  });

  it("leaves alone what is waiting for its replacement", async () => {
    const waiting = thing("web", { pendingReplacement: true });
    const { snapshot } = await refresh({ resources: [provider, waiting], pendingOperations: [] }, []);
    expect(snapshot.resources[1]).toBe(waiting);
  });
});
