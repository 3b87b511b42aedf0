import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CARRIERS,
  CONTAINER,
  DEPLOYMENT,
  deployment,
  type Json,
  judge,
  judgeStack,
  PASS,
  podSpec,
  UNKNOWN,
} from "./fixtures.ts";
import { RULES } from "./rules.ts";

const resourceRules = RULES.filter((rule) => "validateResource" in rule);
const stackRules = RULES.filter((rule) => "validateStack" in rule);

describe("every rule", () => {
  it("is in a file of its name, and every file is in the pack", () => {
    const files = readdirSync(new URL("rules", import.meta.url)).filter((file) => !file.endsWith(".test.ts"));
    expect(RULES.map((rule) => `${rule.name}.ts`)).toEqual(files.sort());
  });

  it.each(
    RULES.map((rule) => [rule.name, rule] as const),
  )("%s says what it wants in sentences, and how to get there", (name, rule) => {
    expect(name).toMatch(/^(availability|host|images|pods|probes|resources)(-[a-z]+)+$/);
    expect(rule.description).toMatch(/^[A-Z][^\n]*\.$/);
    expect(rule.remediationSteps).toMatch(/^[A-Z][^\n]*\.$/);
    expect(rule.enforcementLevel).toBe("mandatory");
    expect(["medium", "high", "critical"]).toContain(rule.severity);
    expect(rule.configSchema).toBeUndefined();
  });

  it("is in the README's table with its level, severity and description, and nothing else is", () => {
    const readme = readFileSync(new URL("README.md", import.meta.url), "utf8");
    const rows = [...readme.matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)];
    expect(rows.map(([, ...cells]) => cells)).toEqual(
      RULES.map((rule) => [rule.name, rule.enforcementLevel, rule.severity, rule.description]),
    );
  });
});

/** Wrong by every rule about resources that a pod can be wrong by. */
const BAD_SPEC = {
  hostNetwork: true,
  volumes: [{ name: "root", hostPath: { path: "/" } }],
  containers: [
    {
      name: "app",
      image: "registry.example.com:5000/orders",
      env: [{ name: "PASSWORD", value: "s3cr3t-canary" }],
      securityContext: { privileged: true },
      ports: [{ containerPort: 80, hostPort: 80 }],
    },
  ],
} satisfies Json;

const MUST_NOT = ["host-namespaces", "host-path", "host-port", "host-privileged", "images-fixed-tag"];
const RESOURCES = ["resources-limits", "resources-requests"];
const PROBES = ["probes-liveness", "probes-readiness"];

async function verdicts(type: string, props: Parameters<typeof judge>[2]) {
  return Promise.all(resourceRules.map(async (rule) => ({ name: rule.name, verdict: await judge(rule, type, props) })));
}

async function violated(type: string, props: Parameters<typeof judge>[2]) {
  return (await verdicts(type, props)).filter(({ verdict }) => verdict.violations.length > 0).map(({ name }) => name);
}

describe("pods in every kind of resource", () => {
  it.each(CARRIERS.map((carrier) => [carrier.type, carrier] as const))("are judged in %s", async (type, {
    wrap,
    path,
  }) => {
    const job = /:(Cron)?Job$/.test(type);
    expect(await violated(type, wrap(podSpec()))).toEqual([]);
    expect(await violated(type, wrap(BAD_SPEC))).toEqual([...MUST_NOT, ...(job ? [] : PROBES), ...RESOURCES]);
    const image = (await verdicts(type, wrap(BAD_SPEC))).find(({ name }) => name === "images-fixed-tag");
    expect(image?.verdict.violations.join()).toContain(`${path}.containers[0].image`);
  });

  it.each(
    CARRIERS.map((carrier) => [`${carrier.type}Patch`, carrier] as const),
  )("are judged in %s by what they state, not by what they leave out", async (type, { wrap }) => {
    expect(await violated(type, wrap(BAD_SPEC))).toEqual(MUST_NOT);
    expect(await violated(type, wrap({ containers: [{ name: "app" }] }))).toEqual([]);
    expect(await violated(type, { metadata: { name: "orders" } })).toEqual([]);
    const job = /:(Cron)?Job/.test(type);
    const stated = {
      resources: { limits: { cpu: "0" }, requests: { memory: "-1" } },
      livenessProbe: "no",
      readinessProbe: 1,
    };
    expect(await violated(type, wrap({ containers: [{ name: "app", ...stated }] }))).toEqual([
      ...(job ? [] : PROBES),
      ...RESOURCES,
    ]);
  });

  it.each(CARRIERS.map((carrier) => [`${carrier.type}List`, carrier] as const))("are judged in %s", async (type, {
    wrap,
  }) => {
    expect(await violated(type, { items: [wrap(podSpec()), wrap(podSpec())] })).toEqual([]);
    expect(await violated(type, { items: [wrap(podSpec()), wrap(BAD_SPEC)] })).toEqual(
      expect.arrayContaining([...MUST_NOT, ...RESOURCES]),
    );
    const unknown = await verdicts(type, { items: UNKNOWN });
    expect(unknown.filter(({ verdict }) => verdict.undecided?.includes("items")).length).toBeGreaterThanOrEqual(8);
  });

  it("are known in every kind of the Kubernetes SDK that has a pod template", () => {
    const types = readFileSync(
      import.meta.resolve("@pulumi/kubernetes/types/input.d.ts").slice("file://".length),
      "utf8",
    );
    // "export interface X { … template: pulumi.Input<inputs.core.v1.PodTemplateSpec> … }"
    const holders = [...types.matchAll(/interface (\w+?)(?:Spec)?(?:Patch)? \{((?:(?!interface )[\s\S])*)/g)]
      .filter(([, , body]) =>
        /: pulumi\.Input<inputs\.[\w.]+\.(PodTemplateSpec|JobTemplateSpec|PodSpec)\b/.test(body ?? ""),
      )
      .map(([, kind]) => kind);
    const known = CARRIERS.map(({ type }) => type.replace(/.*:/, ""));
    expect([...new Set(holders)].filter((kind) => !known.includes(kind ?? ""))).toEqual([]);
    expect(holders.length).toBeGreaterThan(20);
  });

  it.each([
    "kubernetes:core/v1:ConfigMap",
    "kubernetes:example.com/v1:Job",
    "kubernetes:policy/v1:PodDisruptionBudget",
    "kubernetes:scheduling.k8s.io/v1beta1:PodGroup",
    "kubernetes:helm.sh/v4:Chart",
    "pulumi:pulumi:Stack",
    "weft:workloads:Service",
    "aws:batch/v1:Job",
  ])("are not looked for in %s", async (type) => {
    for (const { name, verdict } of await verdicts(type, deployment(BAD_SPEC))) {
      // It tells a Deployment under another type; see its own tests.
      if (name !== "pods-well-formed") expect(verdict).toEqual({ ...PASS, notApplicable: "it holds no pods" });
    }
  });
});

describe("values that are not known yet", () => {
  it("beside what a rule reads leave it as strict as ever", async () => {
    const unrelated = { env: [{ name: "URL", value: UNKNOWN }], command: UNKNOWN, volumeMounts: [UNKNOWN] };
    const metadata = { name: UNKNOWN, namespace: UNKNOWN, annotations: UNKNOWN };
    const spec = { containers: [{ ...CONTAINER, ...unrelated }], nodeSelector: UNKNOWN, serviceAccountName: UNKNOWN };
    for (const { name, verdict } of await verdicts(DEPLOYMENT, { ...deployment(spec), metadata })) {
      expect(verdict, name).toEqual(PASS);
    }
    const bad = { ...BAD_SPEC, containers: BAD_SPEC.containers.map((container) => ({ ...container, ...unrelated })) };
    expect(await violated(DEPLOYMENT, { ...deployment(bad), metadata })).toEqual([
      ...MUST_NOT,
      ...PROBES,
      ...RESOURCES,
    ]);
  });

  it.each([
    ["spec", { ...deployment(), spec: UNKNOWN }, "spec"],
    ["template", deployment(podSpec(), { template: UNKNOWN }), "spec.template"],
    ["pod spec", deployment(UNKNOWN), "spec.template.spec"],
  ])("end every rule about pods undecided when the %s is one", async (_, props, path) => {
    for (const { name, verdict } of await verdicts(DEPLOYMENT, props)) {
      if (name === "availability-critical-label" && path === "spec.template.spec") continue;
      expect(verdict.violations, name).toEqual([]);
      expect(verdict.undecided, name).toBe(`undecided until this is known: Deployment shop/orders: ${path}`);
    }
  });

  it.each([
    "containers",
    "initContainers",
    "ephemeralContainers",
  ])("in place of %s end every rule about containers undecided", async (list) => {
    const about = ["host-port", "host-privileged", "images-fixed-tag", "pods-well-formed", ...PROBES, ...RESOURCES];
    for (const { name, verdict } of await verdicts(DEPLOYMENT, deployment(podSpec({ [list]: UNKNOWN })))) {
      expect(verdict.violations, name).toEqual([]);
      const undecided = `undecided until this is known: Deployment shop/orders: spec.template.spec.${list}`;
      expect(verdict.undecided, name).toBe(about.includes(name) ? undecided : undefined);
    }
  });

  it("in place of one container let the others be judged", async () => {
    const props = deployment({ ...BAD_SPEC, containers: [UNKNOWN, ...BAD_SPEC.containers] });
    expect(await violated(DEPLOYMENT, props)).toEqual([...MUST_NOT, ...PROBES, ...RESOURCES]);
    const image = (await verdicts(DEPLOYMENT, props)).find(({ name }) => name === "images-fixed-tag")?.verdict;
    expect(image?.violations.join()).toContain("spec.template.spec.containers[1].image");
    expect(image?.undecided).toBe(
      "undecided until this is known: Deployment shop/orders: spec.template.spec.containers[0]",
    );
  });
});

describe("a message", () => {
  it("never shows a value of the environment, where secrets are", async () => {
    const messages = (await verdicts(DEPLOYMENT, deployment(BAD_SPEC))).flatMap(({ verdict }) => verdict.violations);
    expect(messages.length).toBeGreaterThan(8);
    expect(messages.join()).not.toContain("s3cr3t-canary");
  });

  it("names the object, and the Pulumi resource where the object has no name yet", async () => {
    const [named] = resourceRules.filter((rule) => rule.name === "host-namespaces");
    if (named === undefined) throw new Error("no such rule");
    expect((await judge(named, DEPLOYMENT, deployment(BAD_SPEC))).violations.join()).toContain(
      "Deployment shop/orders:",
    );
    const unnamed = { ...deployment(BAD_SPEC), metadata: { labels: {} } };
    expect((await judge(named, DEPLOYMENT, unnamed)).violations.join()).toContain("Deployment orders-resource:");
    const patch = await judge(named, `${DEPLOYMENT}Patch`, deployment(BAD_SPEC));
    expect(patch.violations.join()).toContain("DeploymentPatch shop/orders:");
  });
});

describe("malformed properties", () => {
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
  const asDeployment = (spec: Json) => deployment(spec);

  it("never break a rule, wherever they are", async () => {
    const places = fc.oneof(
      json.map((value) => ({ metadata: value, spec: value })),
      json.map(asDeployment),
      json.map((containers) => asDeployment({ containers })),
      fc.array(json).map((containers) => asDeployment({ containers, volumes: containers, initContainers: containers })),
      fc
        .record({
          image: json,
          resources: json,
          readinessProbe: json,
          ports: fc.oneof(json, fc.array(json)),
          securityContext: json,
        })
        .map((container) => asDeployment({ containers: [container] })),
    );
    await fc.assert(
      fc.asyncProperty(places, async (props) => {
        await verdicts(DEPLOYMENT, props);
        const stack = [{ type: DEPLOYMENT, name: "orders", props }];
        for (const rule of stackRules) await judgeStack(rule, stack);
      }),
      { numRuns: 300 },
    );
  });
});
