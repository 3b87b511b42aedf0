import provider_pb from "@pulumi/pulumi/proto/provider_pb.js";
import struct_pb from "google-protobuf/google/protobuf/struct_pb.js";
import type { PropertyMap } from "./property.ts";
import type { CheckResult, DiffResult } from "./provider.ts";
import { fromWire, toWire, type WireObject, type WireOptions } from "./wire.ts";

/* The messages of Pulumi's ResourceProvider protocol, from and to plain objects. */

export function writeProperties(map: PropertyMap, options: WireOptions): struct_pb.Struct {
  return struct_pb.Struct.fromJavaScript(toWire(map, options));
}

/** `what`: whose properties they are, for messages. */
export function readProperties(properties: struct_pb.Struct | undefined, what: string): PropertyMap {
  return fromWire((properties?.toJavaScript() ?? {}) as WireObject, what);
}

export function readChecked(response: provider_pb.CheckResponse, what: string): CheckResult {
  return {
    inputs: readProperties(response.getInputs(), what),
    failures: response.getFailuresList().map((f) => ({ property: f.getProperty(), reason: f.getReason() })),
  };
}

const { DIFF_NONE, DIFF_SOME } = provider_pb.DiffResponse.DiffChanges;
const { ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE } = provider_pb.PropertyDiff.Kind;
const REPLACING: readonly number[] = [ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE];

export function readDiff(response: provider_pb.DiffResponse): DiffResult {
  const changes = response.getChanges();
  const changed: string[] = [];
  const replaces = new Set(response.getReplacesList());
  // Plugins that give this detail need not say once more what of it replaces.
  response.getDetaileddiffMap().forEach((diff, path) => {
    changed.push(path);
    if (REPLACING.includes(diff.getKind())) replaces.add(path);
  });
  return {
    changes: changes === DIFF_NONE ? "none" : changes === DIFF_SOME ? "some" : "unknown",
    replaces: [...replaces],
    deleteBeforeReplace: response.getDeletebeforereplace(),
    stables: response.getStablesList(),
    changed,
  };
}
