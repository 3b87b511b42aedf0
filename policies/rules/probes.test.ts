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
import { probesLiveness } from "./probes-liveness.ts";
import { probesReadiness } from "./probes-readiness.ts";

describe.each([
  ["readiness", "readinessProbe", probesReadiness, "/ready"],
  ["liveness", "livenessProbe", probesLiveness, "/live"],
] as const)("probes-%s", (_, probe, rule, examplePath) => {
  const fix = (path: string, port: string) =>
    `Fix: ${path}:\n  ${probe}:\n    httpGet:\n      path: ${examplePath}\n      port: ${port}\n` +
    "  (or tcpSocket, grpc or exec in place of httpGet)";
  const bare = { name: "app", image: "x:1" };

  it.each([
    ["httpGet", { path: "/", port: 80 }],
    ["tcpSocket", { port: "http" }],
    ["grpc", { port: 50051 }],
    ["exec", { command: ["redis-cli", "ping"] }],
  ])("passes a probe by %s", async (check, value) => {
    expect(await judge(rule, DEPLOYMENT, withContainer({ [probe]: { [check]: value } }))).toEqual(PASS);
  });

  it("passes a probe whose values are not known yet: that there is a check is all it asks", async () => {
    const httpGet = { path: UNKNOWN, port: UNKNOWN, httpHeaders: UNKNOWN };
    expect(await judge(rule, DEPLOYMENT, withContainer({ [probe]: { httpGet, periodSeconds: UNKNOWN } }))).toEqual(
      PASS,
    );
  });

  it.each([
    ["no probe", undefined, `it has no ${probe}`],
    ["a null probe", null, `it has no ${probe}`],
    ["an empty probe", {}, `its ${probe} states no check`],
    ["a probe without a check", { periodSeconds: 5, httpGet: null }, `its ${probe} states no check`],
    ["a probe that is text", "GET /", `its ${probe} is "GET /", which is no probe`],
    ["a probe that is a list", [], `its ${probe} is a list, which is no probe`],
  ])("rejects %s, and says what to write", async (_name, value, fault) => {
    expect((await judge(rule, DEPLOYMENT, withContainer({ [probe]: value }))).violations).toEqual([
      `Deployment shop/orders, container "app": ${fault}.\n${fix("spec.template.spec.containers[0]", "http")}`,
    ]);
  });

  it.each([
    [[{ containerPort: 9000 }], "9000"],
    [[{ containerPort: UNKNOWN }], "<port>"],
    [undefined, "<port>"],
  ])("proposes the container's own port of %j", async (ports, port) => {
    const { violations } = await judge(rule, DEPLOYMENT, withContainer({ [probe]: undefined, ports }));
    expect(violations.join()).toContain(fix("spec.template.spec.containers[0]", port));
  });

  it("rejects a sidecar without it, and passes the init container beside it", async () => {
    const spec = podSpec({
      initContainers: [
        { ...bare, name: "migrate" },
        { ...bare, name: "proxy", restartPolicy: "Always" },
      ],
    });
    expect((await judge(rule, DEPLOYMENT, deployment(spec))).violations).toEqual([
      `Deployment shop/orders, sidecar "proxy": it has no ${probe}.\n${fix("spec.template.spec.initContainers[1]", "<port>")}`,
    ]);
  });

  it("passes an ephemeral container", async () => {
    expect(await judge(rule, DEPLOYMENT, deployment(podSpec({ ephemeralContainers: [bare] })))).toEqual(PASS);
  });

  it.each([
    "kubernetes:batch/v1:Job",
    "kubernetes:batch/v1beta1:CronJob",
    "kubernetes:batch/v1:JobList",
  ])("says nothing of %s, whose containers end", async (type) => {
    const props = {
      items: [deployment(podSpec({ containers: [bare] }))],
      ...deployment(podSpec({ containers: [bare] })),
    };
    expect(await judge(rule, type, props)).toEqual({ ...PASS, notApplicable: "a job runs to its end" });
  });

  it.each([
    "Never",
    "OnFailure",
  ])("passes a bare pod with restartPolicy %s, which runs to its end", async (restartPolicy) => {
    const props = { metadata: { name: "once" }, spec: podSpec({ containers: [bare], restartPolicy }) };
    expect(await judge(rule, "kubernetes:core/v1:Pod", props)).toEqual(PASS);
  });

  it.each(["Always", undefined])("rejects a bare pod with restartPolicy %s", async (restartPolicy) => {
    const spec = { containers: [bare], ...(restartPolicy && { restartPolicy }) };
    const { violations } = await judge(rule, "kubernetes:core/v1:Pod", { metadata: { name: "agent" }, spec });
    expect(violations).toEqual([
      `Pod agent, container "app": it has no ${probe}.\n${fix("spec.containers[0]", "<port>")}`,
    ]);
  });

  describe("is undecided about", () => {
    const path = "spec.template.spec.containers[0]";
    it.each([
      ["an unknown probe", withContainer({ [probe]: UNKNOWN }), `container "app": ${path}.${probe}`],
      [
        "an unknown check",
        withContainer({ [probe]: { httpGet: UNKNOWN } }),
        `container "app": ${path}.${probe}.httpGet`,
      ],
      [
        "an init container that may be a sidecar",
        deployment(podSpec({ initContainers: [{ ...bare, restartPolicy: UNKNOWN }] })),
        'init container "app": spec.template.spec.initContainers[0].restartPolicy',
      ],
      [
        "a pod that may not run on",
        deployment(podSpec({ containers: [bare], restartPolicy: UNKNOWN })),
        'container "app": spec.template.spec.restartPolicy',
      ],
    ])("%s", async (_name, props, what) => {
      const undecided = `undecided until this is known: Deployment shop/orders, ${what}`;
      expect(await judge(rule, DEPLOYMENT, props)).toEqual({ ...PASS, undecided });
    });
  });

  it("judges a patch by what it states: a probe in part is one, and what is no probe is none", async () => {
    const patch = (value: Json | undefined) => judge(rule, `${DEPLOYMENT}Patch`, withContainer({ [probe]: value }));
    expect(await patch(undefined)).toEqual(PASS);
    expect(await patch({ periodSeconds: 5 })).toEqual(PASS);
    expect((await patch("GET /")).violations.join()).toContain(`its ${probe} is "GET /", which is no probe`);
  });

  it("decides whatever an unknown leaves open where the probe is there", async () => {
    const spec = podSpec({ initContainers: [{ ...CONTAINER, restartPolicy: UNKNOWN }], restartPolicy: UNKNOWN });
    expect(await judge(rule, DEPLOYMENT, deployment(spec))).toEqual(PASS);
  });
});
