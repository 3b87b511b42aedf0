import { describe, expect, it } from "vitest";
import { type PropertyMap, Secret } from "../property.ts";
import { inputsFromLive } from "./read-inputs.ts";

function deployment(spec: PropertyMap): PropertyMap {
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec };
}

describe("inputs from a live object", () => {
  it("are the recorded ones where nothing has drifted, however the server writes it", () => {
    const inputs = deployment({
      replicas: 2,
      template: { spec: { containers: [{ name: "c", args: [], resources: { limits: { cpu: "1000m" } } }] } },
    });
    const live = {
      ...deployment({
        replicas: 2,
        paused: false,
        template: {
          spec: {
            dnsPolicy: "ClusterFirst",
            containers: [{ name: "c", image: "i", resources: { limits: { cpu: "1" } } }],
          },
        },
      }),
      metadata: { name: "web", uid: "u", managedFields: [] },
      status: { replicas: 2 },
    };
    expect(inputsFromLive(live as never, inputs)).toEqual(inputs);
  });

  it("show what has drifted, and what has gone", () => {
    const inputs = deployment({ replicas: 2, minReadySeconds: 5, selector: { matchLabels: { app: "web" } } });
    const live = deployment({ replicas: 5, selector: { matchLabels: { app: "web" } } });
    expect(inputsFromLive(live as never, inputs)).toEqual(live);
  });

  it("leave out what others added to a list, which an apply would not remove", () => {
    const containers = (names: string[]) =>
      deployment({ template: { spec: { containers: names.map((name) => ({ name })) } } });
    expect(inputsFromLive(containers(["sidecar", "app"]) as never, containers(["app"]))).toEqual(containers(["app"]));
  });

  it("follow named elements by name, not by place", () => {
    const env = (list: PropertyMap[]) => deployment({ env: list });
    const inputs = env([
      { name: "A", value: "1" },
      { name: "B", value: "2" },
    ]);
    const live = env([
      { name: "B", value: "3" },
      { name: "A", value: "1" },
    ]);
    expect(inputsFromLive(live as never, inputs)).toEqual(
      env([
        { name: "A", value: "1" },
        { name: "B", value: "3" },
      ]),
    );
  });

  it("keep secrets secret, also where they drifted", () => {
    const inputs = { apiVersion: "v1", kind: "ConfigMap", data: { a: new Secret("1"), b: new Secret("2") } };
    const live = { apiVersion: "v1", kind: "ConfigMap", data: { a: "1", b: "9" } };
    expect(inputsFromLive(live, inputs)).toEqual({ ...inputs, data: { a: new Secret("1"), b: new Secret("9") } });
  });

  it("of an imported object are all of it but what the server and tools set", () => {
    const live = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "web",
        uid: "u",
        resourceVersion: "1",
        managedFields: [],
        annotations: { "deployment.kubernetes.io/revision": "1", mine: "x" },
        labels: { app: "web" },
      },
      data: { a: "1" },
      status: {},
    };
    expect(inputsFromLive(live, {})).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "web", annotations: { mine: "x" }, labels: { app: "web" } },
      data: { a: "1" },
    });
  });

  it("of an imported Secret are secret", () => {
    const live = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { k: "dg==" }, type: "Opaque" };
    expect(inputsFromLive(live, {})).toEqual({ ...live, data: new Secret({ k: "dg==" }) });
  });
});
