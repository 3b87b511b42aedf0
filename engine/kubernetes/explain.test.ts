import { describe, expect, it } from "vitest";
import { Secret } from "../property.ts";
import {
  ApiError,
  fieldConflicts,
  isMissingReference,
  isNamespaceMissing,
  isNamespaceTerminating,
  isNotFound,
  isOtherObject,
  isPermissionDenied,
  isQuotaExceeded,
  isRace,
  UnknownKindError,
  UnreachableError,
} from "./api-error.ts";
import { explain, explainExists } from "./explain.ts";
import { Mask } from "./secrets.ts";

const REF = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
const NO_MASK = new Mask();

function conflict(): ApiError {
  const causes = [
    {
      reason: "FieldManagerConflict",
      message: 'conflict with "kubectl" with subresource "scale" using apps/v1',
      field: ".spec.replicas",
    },
  ];
  const message =
    'Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas';
  return new ApiError(409, { message, reason: "Conflict", details: { causes } }, undefined);
}

function apiError(status: number, message: string, details: object = {}): ApiError {
  const reason = status === 404 ? "NotFound" : "";
  return new ApiError(status, { message, reason, details }, undefined);
}

describe("explanations", () => {
  it("of a field conflict name the field, the other manager and every way out", () => {
    expect(fieldConflicts(conflict())).toEqual([{ field: "spec.replicas", manager: "kubectl", subresource: "scale" }]);
    expect(explain(conflict(), "update", REF, NO_MASK)).toBe(
      [
        "Deployment shop/web was not updated: a field belongs to another manager",
        '  spec.replicas: last set by "kubectl" (through the subresource "scale")',
        'Fix: leave the field out of the program; or add "spec.replicas" to the resource\'s ignoreChanges;',
        '  or take it over with the annotation pulumi.com/patchForce: "true".',
      ].join("\n"),
    );
  });

  it("of a rejected object list each cause once, and hide secrets in them", () => {
    const error = apiError(422, 'Deployment "web" is invalid: spec.x: Invalid value: "s3cr3t-canary": no', {
      causes: [
        { field: "spec.x", message: 'Invalid value: "s3cr3t-canary": no' },
        { field: "spec.y", message: "Required value" },
      ],
    });
    const text = explain(error, "create", REF, new Mask({ a: new Secret("s3cr3t-canary") }));
    expect(text).toBe(
      'Deployment shop/web was not created: Deployment "web" is invalid: spec.x: Invalid value: "[secret]": no\n  spec.y: Required value',
    );
  });

  it.each([
    [
      apiError(404, 'namespaces "shop" not found', { kind: "namespaces", name: "shop" }),
      /create the namespace "shop" first/,
    ],
    [apiError(403, 'User "ci" cannot patch resource "deployments"'), /RBAC/],
    [
      apiError(403, "exceeded quota: compute, requested: pods=1, used: pods=5, limited: pods=5"),
      /raise the ResourceQuota/,
    ],
    [apiError(401, "Unauthorized"), /renew them/],
    [
      apiError(500, 'Internal error occurred: failed calling webhook "x.y": connection refused'),
      /webhook's own service/,
    ],
    [apiError(422, "spec.selector: Invalid value: …: field is immutable"), /replaceOnChanges/],
    [apiError(503, "etcd leader changed"), /Run again when it has recovered/],
    [new UnknownKindError("weft.dev/v1", "Widget"), /dependsOn/],
    [
      new UnreachableError("https://127.0.0.1:1", "ECONNREFUSED", "nothing listens there (ECONNREFUSED)", {
        sent: false,
        lasting: false,
      }),
      /https:\/\/127\.0\.0\.1:1 can't be reached: nothing listens there[\s\S]*check that the cluster runs/,
    ],
  ])("tell what to do: %s", (error, fix) => {
    const text = explain(error, "create", REF, NO_MASK);
    expect(text.split("\n")[0]).toMatch(/^Deployment shop\/web was not created: /);
    expect(text).toMatch(fix);
  });

  it("of an object that exists tell whose it is, and how to import it", () => {
    const existing = { metadata: { managedFields: [{ manager: "helm" }, { manager: "kube-controller-manager" }] } };
    const text = explainExists(REF, existing);
    expect(text).toContain("already exists");
    expect(text).toContain('Pulumi did not make it; managers of its fields: "helm", "kube-controller-manager"');
    expect(text).toContain('import: "shop/web"');
    expect(explainExists(REF, { metadata: { managedFields: [{ manager: "pulumi-kubernetes" }] } })).toContain(
      "not for this resource",
    );
  });
});

describe("errors of the API server", () => {
  it("are told apart by what they say", () => {
    expect(isNamespaceMissing(apiError(404, "x", { kind: "namespaces" }))).toBe(true);
    expect(isNamespaceMissing(apiError(404, "x", { kind: "pods" }))).toBe(false);
    expect(
      isNamespaceTerminating(
        apiError(403, "unable to create new content in namespace a because it is being terminated"),
      ),
    ).toBe(true);
    expect(isPermissionDenied(apiError(403, 'User "x" cannot create resource "pods" in API group ""'))).toBe(true);
    expect(isPermissionDenied(apiError(403, 'pods "a" is forbidden: violates PodSecurity "restricted:latest"'))).toBe(
      false,
    );
    expect(isQuotaExceeded(apiError(403, 'pods "a" is forbidden: exceeded quota: q'))).toBe(true);
    expect(
      isMissingReference(
        apiError(
          403,
          'pods "a" is forbidden: error looking up service account shop/web: serviceaccount "web" not found',
        ),
      ),
    ).toBe(true);
    // A policy's own words must not pass for a missing reference.
    expect(isMissingReference(apiError(403, 'denied request: label "team" not found'))).toBe(false);
  });

  it("count as not found only where an API server says so, and not anything on the way to it", () => {
    const stranger = new ApiError(404, { message: "HTTP status 404: default backend - 404" }, undefined);
    expect([isNotFound(apiError(404, "x")), isNotFound(stranger)]).toEqual([true, false]);
    expect(isNamespaceMissing(new ApiError(404, { details: { kind: "namespaces" } }, undefined))).toBe(false);
    expect(isMissingReference(stranger)).toBe(false);
    expect(explain(stranger, "read", REF, NO_MASK)).toMatch(
      /^Deployment shop\/web could not be read: HTTP status 404: default backend - 404\nFix: this is not how an API server answers/,
    );
  });

  it("tell that an apply met another object", () => {
    expect(isOtherObject(apiError(409, "uid mismatch: …"))).toBe(true);
    expect(
      isOtherObject(apiError(422, "x", { causes: [{ field: "metadata.uid", message: "field is immutable" }] })),
    ).toBe(true);
    expect(isOtherObject(apiError(422, "x", { causes: [{ field: "spec.selector" }] }))).toBe(false);
    expect(isOtherObject(conflict())).toBe(false);
    // Both are conflicts, but say nothing of that.
    const modified = apiError(409, "Operation cannot be fulfilled: the object has been modified");
    expect([isOtherObject(modified), isRace(modified)]).toEqual([false, true]);
    expect([isRace(conflict()), isRace(apiError(409, "uid mismatch: …"))]).toEqual([false, false]);
  });
});
