import { describe, expect, it } from "vitest";
import {
  CONTAINER,
  DEPLOYMENT,
  deployment,
  type Json,
  judge,
  PASS,
  podSpec,
  UNKNOWN,
  withContainer,
} from "../fixtures.ts";
import { resourcesLimits } from "./resources-limits.ts";
import { resourcesRequests } from "./resources-requests.ts";

describe.each([
  ["requests", "request", resourcesRequests, "limits", { cpu: "100m", memory: "500Mi" }],
  ["limits", "limit", resourcesLimits, "requests", { cpu: "500m", memory: "1Gi" }],
] as const)("resources-%s", (section, word, rule, other, example) => {
  const path = "spec.template.spec.containers[0]";
  const fix = `Fix: ${path}.resources:\n  ${section}:\n    cpu: ${example.cpu}\n    memory: ${example.memory}`;
  const stated = (amounts: Json) => withContainer({ resources: { ...CONTAINER.resources, [section]: amounts } });

  it("passes a container that states both", async () => {
    expect(await judge(rule, DEPLOYMENT, stated({ cpu: "100m", memory: "500Mi" }))).toEqual(PASS);
  });

  it.each(["1", "0.5", ".5", "250m", "1e-1", "1500u", "1000u", "1m", 1, 0.25])("passes a CPU of %j", async (cpu) => {
    expect(await judge(rule, DEPLOYMENT, stated({ cpu, memory: "500Mi" }))).toEqual(PASS);
  });

  it.each([
    "128974848",
    "129e6",
    "129M",
    "123Mi",
    "1.5Gi",
    "2Ti",
    536870912,
  ])("passes a memory of %j", async (memory) => {
    expect(await judge(rule, DEPLOYMENT, stated({ cpu: "1", memory }))).toEqual(PASS);
  });

  it.each([
    ["no resources", undefined],
    ["empty resources", {}],
    ["null resources", null],
    ["only the other section", { [other]: CONTAINER.resources[other] }],
    ["an empty section", { [section]: {} }],
    ["null values", { [section]: { cpu: null, memory: null } }],
  ])("rejects %s, and says what to write", async (_, resources) => {
    expect((await judge(rule, DEPLOYMENT, withContainer({ resources }))).violations).toEqual([
      `Deployment shop/orders, container "app": its CPU ${word} is missing and its memory ${word} is missing.\n${fix}`,
    ]);
  });

  it.each([
    [{ cpu: "1" }, `its memory ${word} is missing`],
    [{ memory: "1Gi" }, `its CPU ${word} is missing`],
    [{ cpu: "1", memory: "0" }, `its memory ${word} is "0", which is the same as none`],
    [{ cpu: "1", memory: "0Mi" }, `its memory ${word} is "0Mi", which is the same as none`],
    [{ cpu: "0.0", memory: "1Gi" }, `its CPU ${word} is "0.0", which is the same as none`],
    [{ cpu: 0, memory: "1Gi" }, `its CPU ${word} is 0, which is the same as none`],
    [{ cpu: "1", memory: "lots" }, `its memory ${word} is "lots", which is no quantity`],
    [{ cpu: "1", memory: "1 Gi" }, `its memory ${word} is "1 Gi", which is no quantity`],
    [{ cpu: "1", memory: "" }, `its memory ${word} is "", which is no quantity`],
    [{ cpu: "1", memory: ["1Gi"] }, `its memory ${word} is a list, which is no quantity`],
    [{ cpu: true, memory: "1Gi" }, `its CPU ${word} is true, which is no quantity`],
  ])("rejects %j", async (amounts, fault) => {
    expect((await judge(rule, DEPLOYMENT, stated(amounts))).violations).toEqual([
      `Deployment shop/orders, container "app": ${fault}.\n${fix}`,
    ]);
  });

  it("rejects every container that states nothing, init containers and sidecars too", async () => {
    const bare = (name: string, changes = {}) => ({ name, image: "x:1", ...changes });
    const spec = podSpec({
      containers: [CONTAINER, bare("second")],
      initContainers: [bare("migrate"), bare("proxy", { restartPolicy: "Always" })],
    });
    const { violations } = await judge(rule, DEPLOYMENT, deployment(spec));
    expect(violations.map((message) => message.split(":")[0])).toEqual([
      'Deployment shop/orders, container "second"',
      'Deployment shop/orders, init container "migrate"',
      'Deployment shop/orders, sidecar "proxy"',
    ]);
    expect(violations[2]).toContain("Fix: spec.template.spec.initContainers[1].resources:");
  });

  it.each([
    ["cpu", "-1", "less than none"],
    ["cpu", -0.5, "less than none"],
    ["cpu", "1n", "less than 1m"],
    ["cpu", "999u", "less than 1m"],
    ["memory", "-1Gi", "less than none"],
    ["memory", "500m", "less than a byte"],
    ["memory", "1e-3", "less than a byte"],
  ])("rejects a %s of %j, which is %s", async (name, value, fault) => {
    const { violations } = await judge(rule, DEPLOYMENT, stated({ cpu: "1", memory: "1Gi", [name]: value }));
    expect(violations.join()).toContain(`${word} is ${JSON.stringify(value)}, which is ${fault}.`);
  });

  it("judges a patch by what it states", async () => {
    const patch = (amounts: Json) => {
      const resources = { [section]: amounts };
      return judge(rule, `${DEPLOYMENT}Patch`, deployment({ containers: [{ name: "app", resources }] }));
    };
    expect(await patch({})).toEqual(PASS);
    expect(await patch({ cpu: "1" })).toEqual(PASS);
    expect((await patch({ cpu: "0" })).violations).toEqual([
      `DeploymentPatch shop/orders, container "app": its CPU ${word} is "0", which is the same as none.\n${fix}`,
    ]);
  });

  it("passes an ephemeral container, which may state none", async () => {
    const spec = podSpec({ ephemeralContainers: [{ name: "debug", image: "x:1" }] });
    expect(await judge(rule, DEPLOYMENT, deployment(spec))).toEqual(PASS);
  });

  it("is undecided about an unknown amount, and judges the one beside it", async () => {
    const open = await judge(rule, DEPLOYMENT, stated({ cpu: UNKNOWN, memory: "1Gi" }));
    const what = `Deployment shop/orders, container "app": ${path}.resources.${section}.cpu`;
    expect(open).toEqual({ ...PASS, undecided: `undecided until this is known: ${what}` });
    const half = await judge(rule, DEPLOYMENT, stated({ cpu: UNKNOWN, memory: "0" }));
    expect(half.undecided).toContain(what);
    expect(half.violations).toEqual([
      `Deployment shop/orders, container "app": its memory ${word} is "0", which is the same as none.\n${fix}`,
    ]);
  });

  it("is not moved by an unknown in the other section", async () => {
    const resources = { [section]: { cpu: "1", memory: "1Gi" }, [other]: UNKNOWN };
    expect(await judge(rule, DEPLOYMENT, withContainer({ resources }))).toEqual(PASS);
  });
});
