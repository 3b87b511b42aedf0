import { describe, expect, it } from "vitest";
import { Secret, UNKNOWN, Unknown } from "../property.ts";
import {
  generationOf,
  isAtLeastAsNew,
  isBeingDeleted,
  makeOutputs,
  previewOutputs,
  readRecorded,
  recordedInputs,
} from "./checkpoint.ts";
import { normalizeInputs } from "./normalize.ts";
import { decodeMap, fixture } from "./testing/recorded.ts";

const creations = fixture("official-creations.gen.json") as readonly Record<string, unknown>[];

describe("outputs", () => {
  it.each(
    creations.map((item) => [item.type, item]),
  )("of a recorded %s are read and written as the official provider does", (_, item) => {
    const official = decodeMap(item.outputs);
    const { live, fieldManager = "", initialApiVersion = "" } = readRecorded(official);
    expect(fieldManager).toMatch(/^pulumi-kubernetes-[0-9a-f]{8}$/);
    expect(live).not.toHaveProperty("__inputs");
    const written = makeOutputs(live, normalizeInputs(decodeMap(item.inputs)), fieldManager, initialApiVersion);
    // The official provider also records nulls, which say nothing.
    expect(written).toEqual(withoutNulls(official));
  });

  it("hold a Secret's content as secret, in __inputs too", () => {
    const item = creations.find(({ type }) => type === "kubernetes:core/v1:Secret");
    const { live } = readRecorded(decodeMap(item?.outputs));
    const outputs = makeOutputs(live, { kind: "Secret", data: { password: "x" } }, "m", "v1");
    expect(outputs.data).toBeInstanceOf(Secret);
    expect(outputs.__inputs).toMatchObject({ data: expect.any(Secret) });
  });
});

describe("a preview's outputs", () => {
  const inputs = { apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: { type: "ClusterIP" } };

  it("leave open what the server decides, even where a dry run gave an answer", () => {
    const answer = {
      ...inputs,
      metadata: { name: "web", uid: "dry", resourceVersion: "1", managedFields: [{}] },
      spec: { type: "ClusterIP", clusterIP: "10.0.0.9", clusterIPs: ["10.0.0.9"] },
      status: { loadBalancer: {} },
    };
    const outputs = previewOutputs(answer, inputs);
    expect(outputs.metadata).toMatchObject({ name: "web", uid: UNKNOWN, resourceVersion: UNKNOWN });
    expect(outputs.metadata).not.toHaveProperty("managedFields");
    expect(outputs.spec).toMatchObject({ type: "ClusterIP", clusterIP: UNKNOWN, clusterIPs: UNKNOWN });
    expect(outputs.status).toBeInstanceOf(Unknown);
  });

  it("keep what identifies an object that is only updated", () => {
    const recorded = {
      metadata: { uid: "u" },
      spec: { clusterIP: "10.0.0.9", clusterIPs: ["10.0.0.9"] },
      status: { a: 1 },
    };
    const outputs = previewOutputs(inputs, inputs, recorded);
    expect(outputs).toMatchObject({ metadata: { uid: "u" }, spec: { clusterIP: "10.0.0.9" }, status: { a: 1 } });
  });

  it("keep an address that the program asked for", () => {
    const headless = { ...inputs, spec: { clusterIP: "None" } };
    expect(previewOutputs(headless, headless).spec).toMatchObject({ clusterIP: "None" });
  });
});

describe("recorded objects", () => {
  it("take their inputs from the outputs where the resource has none", () => {
    const outputs = { __inputs: { kind: "ConfigMap" } };
    expect(recordedInputs({}, outputs)).toEqual({ kind: "ConfigMap" });
    expect(recordedInputs({ kind: "Secret" }, outputs)).toEqual({ kind: "Secret" });
  });

  it("are compared by resource version as numbers, not as text", () => {
    const at = (resourceVersion: string) => ({ metadata: { resourceVersion } });
    expect(isAtLeastAsNew(at("100"), at("99"))).toBe(true);
    expect(isAtLeastAsNew(at("99"), at("100"))).toBe(false);
    expect(isAtLeastAsNew(at("opaque"), at("100"))).toBe(true);
  });

  it("tell their generation and whether they are being deleted", () => {
    expect(generationOf({ metadata: { generation: 3 } })).toBe(3);
    expect(generationOf({})).toBe(0);
    expect(isBeingDeleted({ metadata: { deletionTimestamp: "2026-11-22T08:00:00Z" } })).toBe(true);
    expect(isBeingDeleted({ metadata: {} })).toBe(false);
  });
});

function withoutNulls(value: unknown): unknown {
  if (value instanceof Secret) return value;
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, withoutNulls(item)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== null));
}
