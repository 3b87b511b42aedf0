import { describe, expect, it } from "vitest";
import { aliasUrns } from "./aliases.ts";
import type { Alias } from "./goal.ts";

const CONTEXT = { stack: "dev", project: "weft", recordedAs: () => undefined };
const RESOURCE = { name: "web", type: "k8s:apps:Deployment", parent: undefined };
const alias = (fields: Partial<Exclude<Alias, { urn: string }>>): Alias => ({
  name: undefined,
  type: undefined,
  project: undefined,
  stack: undefined,
  parent: undefined,
  ...fields,
});

describe("the URNs that a resource may be recorded under", () => {
  it("are none without aliases", () => {
    expect(aliasUrns(RESOURCE, [], CONTEXT)).toEqual([]);
  });

  it("differ in what the alias names and in nothing else", () => {
    const aliases = [alias({ name: "old" }), alias({ type: "k8s:apps:Old" }), alias({ stack: "prod", project: "p" })];
    expect(aliasUrns(RESOURCE, aliases, CONTEXT)).toEqual([
      "urn:pulumi:dev::weft::k8s:apps:Deployment::old",
      "urn:pulumi:dev::weft::k8s:apps:Old::web",
      "urn:pulumi:prod::p::k8s:apps:Deployment::web",
    ]);
  });

  it("tell having had another parent from having had none", () => {
    const child = { ...RESOURCE, parent: "urn:pulumi:dev::weft::weft:a:New::new" };
    const aliases = [alias({ parent: "urn:pulumi:dev::weft::weft:a:Old::old" }), alias({ parent: null })];
    expect(aliasUrns(child, aliases, CONTEXT)).toEqual([
      "urn:pulumi:dev::weft::weft:a:Old$k8s:apps:Deployment::web",
      "urn:pulumi:dev::weft::k8s:apps:Deployment::web",
    ]);
  });

  it("are taken whole when given whole", () => {
    expect(aliasUrns(RESOURCE, [{ urn: "urn:pulumi:a::b::c::d" }], CONTEXT)).toEqual(["urn:pulumi:a::b::c::d"]);
  });

  it("follow a renamed parent, whose name its children begin with", () => {
    const parent = "urn:pulumi:dev::weft::weft:a:Group::new";
    const old = "urn:pulumi:dev::weft::weft:a:Group::old";
    const recordedAs = (urn: string) => (urn === parent ? old : undefined);
    const child = { name: "new-web", type: "k8s:apps:Deployment", parent };
    expect(aliasUrns(child, [], { ...CONTEXT, recordedAs })).toEqual([
      "urn:pulumi:dev::weft::weft:a:Group$k8s:apps:Deployment::old-web",
    ]);
  });
});
