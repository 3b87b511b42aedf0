import { describe, expect, it } from "vitest";
import { ApiError, UnknownKindError, UnreachableError } from "./api-error.ts";
import { RunMemory } from "./memory.ts";
import { canStandIn, isFalseForStandIn, judgeDryRun } from "./preview.ts";

const REF = { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web" };
const error = (status: number, message: string, details: object = {}) =>
  new ApiError(status, { message, reason: status === 404 ? "NotFound" : "", details }, undefined);

function judge(failure: unknown, memory = new RunMemory()): string {
  const verdict = judgeDryRun(failure, REF, memory);
  return verdict.kind === "fail" ? "fail" : `${verdict.scope}: ${verdict.reason}`;
}

describe("a failed dry run", () => {
  it.each([
    error(422, "Pod is invalid: spec.containers: Required value"),
    error(403, 'pods "web" is forbidden: violates PodSecurity "restricted:latest": privileged'),
    error(403, 'pods "web" is forbidden: exceeded quota: q, requested: pods=1'),
    error(422, "ValidatingAdmissionPolicy 'team-label' with binding 'b' denied request: no team"),
    error(500, 'Internal error occurred: failed calling webhook "x"'),
    error(401, "Unauthorized"),
    error(400, "bad request"),
    new Error("bug"),
  ])("fails the preview where the real run would fail too: %s", (failure) => {
    expect(judge(failure)).toBe("fail");
  });

  it.each([
    [
      error(404, 'namespaces "shop" not found', { kind: "namespaces" }),
      'object: its namespace "shop" does not exist yet',
    ],
    [new UnknownKindError("weft.dev/v1", "Widget"), "object: the API server knows no weft.dev/v1 Widget yet"],
    [
      error(404, 'clusterroles "x" not found', { kind: "clusterroles" }),
      'object: something it refers to does not exist yet: clusterroles "x" not found',
    ],
    [
      error(403, 'pods "web" is forbidden: error looking up service account shop/web: serviceaccount "web" not found'),
      "object: something it refers to",
    ],
    [error(403, "because it is being terminated"), 'object: its namespace "shop" is being deleted'],
    [error(400, 'admission webhook "x" does not support dry run'), "object: admission webhook"],
    [error(409, "the object has been modified"), "object: something changed while it was judged"],
    [error(503, "etcd leader changed"), "object: the API server did not judge it"],
  ])("leaves open what this run may cure: %s", (failure, reason) => {
    expect(judge(failure)).toContain(reason);
  });

  it("leaves everything open where the server can't be asked at all, and a kind where the credentials may not", () => {
    const down = new UnreachableError("https://a", "ECONNREFUSED", "nothing listens there", {
      sent: false,
      lasting: false,
    });
    expect(judge(down)).toBe("cluster: the API server https://a can't be reached: nothing listens there");
    expect(judge(error(403, 'User "viewer" cannot patch resource "pods"'))).toMatch(
      /^kind: the credentials may not do this/,
    );
  });

  it("leaves open what a quota or policy refuses that the same run changes", () => {
    const quota = error(403, 'pods "web" is forbidden: exceeded quota: q');
    const memory = new RunMemory();
    memory.changing({ apiVersion: "v1", kind: "ResourceQuota", namespace: "team", name: "q" });
    expect(judge(quota, memory)).toBe("fail");
    memory.changing({ apiVersion: "v1", kind: "ResourceQuota", namespace: "shop", name: "q" });
    expect(judge(quota, memory)).toMatch(/a ResourceQuota that this run changes refuses it now/);
    const denied = error(422, "ValidatingAdmissionPolicy 'team-label' denied request: no team");
    memory.changing({
      apiVersion: "x/v1",
      kind: "ValidatingAdmissionPolicy",
      namespace: undefined,
      name: "team-label",
    });
    expect(judge(denied, memory)).toMatch(/ValidatingAdmissionPolicy team-label, which this run changes/);
  });
});

describe("an object judged under another name", () => {
  it("is not failed for what exists only once", () => {
    expect(isFalseForStandIn(error(422, "spec.clusterIP: Invalid value: provided IP is already allocated"))).toBe(true);
    expect(isFalseForStandIn(error(403, "exceeded quota: q"))).toBe(true);
    expect(isFalseForStandIn(error(422, "spec.containers: Required value"))).toBe(false);
  });

  it("is none whose name says more", () => {
    expect(canStandIn(REF)).toBe(true);
    expect(canStandIn({ ...REF, kind: "CustomResourceDefinition" })).toBe(false);
  });
});

describe("the memory of a run", () => {
  it("knows the very object that the state holds for a resource, and no other under its name", () => {
    const memory = new RunMemory();
    const object = (uid: string) => ({ metadata: { name: "web", uid } });
    memory.recorded("urn", object("a"));
    expect(memory.isRecorded("urn", object("a"))).toBe(true);
    // What an interrupted replacement left behind: to be taken over, not to be deleted first.
    expect(memory.isRecorded("urn", object("b"))).toBe(false);
    expect(memory.isRecorded("other", object("a"))).toBe(false);
    memory.recorded("none", {});
    expect(memory.isRecorded("none", {})).toBe(false);
  });
});
