import { describe, expect, it } from "vitest";
import type { EngineEvent } from "./events.ts";
import { plainGoal } from "./goal.ts";
import { describeGoal } from "./goal-state.ts";
import { Judge } from "./judge.ts";
import type { AnalyzedResource, PolicyPack, Violation } from "./policy.ts";
import type { PropertyMap } from "./property.ts";
import type { ResourceState } from "./resource.ts";

// A pack in memory; what a real one is told and says is tested in policy-pack.test.ts.

const URN = "urn:pulumi:test::weft::fake:index:Thing::web";
const REF = { urn: URN, type: "fake:index:Thing", name: "web", parent: undefined };
const GOAL = plainGoal(REF.type, REF.name, { custom: true });

function violation(message: string, changes: Partial<Violation> = {}): Violation {
  const level = { enforcementLevel: "mandatory", severity: undefined, undecided: false } as const;
  return { rule: "a-rule", ...level, message, description: "", remediation: "", urn: URN, ...changes };
}

type Rule = (resource: AnalyzedResource) => readonly Violation[];

function judge({ ofResource = () => [], ofStack = () => [] }: { ofResource?: Rule; ofStack?: Rule }) {
  const events: EngineEvent[] = [];
  const judged: AnalyzedResource[] = [];
  const look = (rule: Rule) => (resource: AnalyzedResource) => {
    judged.push(resource);
    return rule(resource);
  };
  const pack: PolicyPack = {
    name: "pack",
    version: "1",
    policies: [],
    analyze: async (resource) => ({ violations: look(ofResource)(resource), notApplicable: [] }),
    analyzeStack: async (resources) => ({ violations: resources.flatMap(look(ofStack)), notApplicable: [] }),
    close: async () => {},
  };
  const told = () => events.flatMap((event) => (event.kind === "policy-violation" ? [event.message] : []));
  return { judge: new Judge(Promise.resolve([pack]), (event) => events.push(event)), judged, told };
}

function state(outputs: PropertyMap, goal = GOAL): ResourceState {
  return { ...describeGoal(REF, goal, undefined), id: "1", outputs };
}

describe("the stack as a whole", () => {
  const open: Rule = ({ properties }) => (properties.public === true ? [violation("it is public")] : []);

  it("is judged once more by what has come of it, for the plan may not have had all of it", async () => {
    const { judge: one, told } = judge({ ofStack: open });
    await one.stack("plan", [state({})]);
    expect(one.mandatoryViolations).toBe(0);
    await one.stack("apply", [state({ public: true })]);
    expect(told()).toEqual(["it is public"]);
    expect(one.mandatoryViolations).toBe(1);
  });

  it("is told of once where the plan and what has come of it are the same", async () => {
    const { judge: one, told } = judge({ ofStack: () => [violation("mind this", { enforcementLevel: "advisory" })] });
    await one.stack("plan", [state({})]);
    await one.stack("apply", [state({ arn: "1" })]);
    expect(told()).toEqual(["mind this"]);
  });
});

describe("a resource", () => {
  it("is not judged again while it is what the plan judged", async () => {
    const { judge: one, judged } = judge({});
    await one.resource("plan", REF, GOAL, { size: 1 }, undefined);
    await one.resource("apply", REF, GOAL, { size: 1 }, undefined);
    expect(judged).toHaveLength(1);
    await one.resource("apply", REF, GOAL, { size: 2 }, undefined);
    expect(judged).toHaveLength(2);
  });

  it("that could not be judged in full is judged before it is made, and rejected", async () => {
    const undecided = violation("not known yet", { enforcementLevel: "advisory", undecided: true });
    let known = false;
    const { judge: one, told } = judge({ ofResource: () => [known ? violation("it is public") : undecided] });
    await one.resource("plan", REF, GOAL, { size: 1 }, undefined);
    expect(one.mandatoryViolations).toBe(0);
    known = true;
    await expect(one.resource("apply", REF, GOAL, { size: 1 }, undefined)).rejects.toThrow("web violates a-rule");
    expect(told()).toEqual(["not known yet", "it is public"]);
  });

  it("is shown with its options, by itself and in the stack", async () => {
    const { judge: one, judged } = judge({});
    const spec = { name: "old", type: undefined, project: undefined, stack: undefined, parent: undefined };
    const goal = { ...GOAL, protect: true, deleteBeforeReplace: true, aliases: [{ urn: "urn:other" }, spec] };
    await one.resource("plan", REF, goal, {}, undefined);
    await one.stack("plan", [state({}, goal)]);
    const aliases = ["urn:other", URN.replace("web", "old")];
    expect(judged).toHaveLength(2);
    for (const each of judged) expect(each).toMatchObject({ protect: true, deleteBeforeReplace: true, aliases });
  });
});
