export { PULUMI_INSTALL, UserError } from "./errors.ts";
export type { EngineEvent, EventSink, Operation, Phase, ResourceRef } from "./events.ts";
export { type Inspected, type Inspection, inspect } from "./inspect.ts";
export {
  type ChangeOptions,
  type DestroyOptions,
  destroy,
  type OperationOptions,
  preview,
  refresh,
  up,
} from "./operations.ts";
export type { Outcome } from "./outcome.ts";
export { loadProject, type Project } from "./project/index.ts";
export { containsSecret, isMap, type PropertyMap, type PropertyValue, Secret, unwrapSecrets } from "./property.ts";
export { parseUrn, type ResourceState, type Snapshot } from "./resource.ts";
export { ensurePassphrase, type Passphrase } from "./state/index.ts";
