import type { EngineEvent } from "../engine/index.ts";

const NAMESPACE = "kubernetes:core/v1:Namespace";

/** What has to be said besides an event of a plan: that more goes than the plan can show. */
export function cautionOf(event: EngineEvent): EngineEvent | undefined {
  if (event.kind !== "resource-end" || event.phase !== "plan" || event.error !== undefined) return undefined;
  const { resource, operation } = event;
  if (resource.type !== NAMESPACE || (operation !== "delete" && operation !== "delete-original")) return undefined;
  const text = `the plan deletes ${resource.name}: with a namespace goes everything in it, disks too`;
  return { kind: "message", severity: "warning", text };
}
