import { describe, expect, it } from "vitest";
import { resource, snapshotOf } from "./fixtures/support.ts";
import { integrityProblems } from "./integrity.ts";

const problemsOf = (...resources: Parameters<typeof snapshotOf>) => integrityProblems(snapshotOf(...resources));
const a = resource("a");
const provider = resource("p", {
  type: "pulumi:providers:test",
  urn: "urn:pulumi:local::weft::pulumi:providers:test::p",
});
const reference = `${provider.urn}::p`;

describe("the integrity of a snapshot", () => {
  it("holds when everything comes before what refers to it", () => {
    const b = resource("b", { parent: a.urn, dependencies: [a.urn], provider: reference, deletedWith: a.urn });
    expect(problemsOf(provider, a, b, resource("c", { propertyDependencies: { x: [b.urn] } }))).toEqual([]);
  });

  it("allows the old copies of a resource that is being replaced", () => {
    expect(problemsOf(resource("a", { delete: true, id: "1" }), resource("a", { delete: true, id: "2" }), a)).toEqual(
      [],
    );
  });

  it("allows a resource that waits for its replacement to have lost its provider", () => {
    expect(problemsOf(resource("a", { provider: reference, pendingReplacement: true }))).toEqual([]);
  });

  it.each([
    ["parent", { parent: a.urn }],
    ["dependency", { dependencies: [a.urn] }],
    ["dependency (through x)", { propertyDependencies: { x: [a.urn] } }],
    ["deletedWith resource", { deletedWith: a.urn }],
  ])("rejects a %s that is missing or comes later", (role, fields) => {
    const b = resource("b", fields);
    expect(problemsOf(b)).toEqual([`${b.urn} refers to its ${role} ${a.urn}, which is missing`]);
    expect(problemsOf(b, a)).toEqual([`${b.urn} refers to its ${role} ${a.urn}, which comes after it`]);
  });

  it("rejects a provider that is not there, a doubled resource and a component with an id", () => {
    expect(problemsOf(resource("b", { provider: reference }))).toEqual([
      expect.stringContaining(`the provider ${reference}`),
    ]);
    expect(problemsOf(a, resource("a"))).toEqual([`${a.urn} is recorded 2 times`]);
    expect(problemsOf(resource("c", { custom: false }))).toEqual([
      expect.stringContaining("is a component, but has the id c"),
    ]);
  });
});
