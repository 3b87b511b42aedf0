export { Backend, openBackend } from "./backend.ts";
export { LockedError, StateError } from "./error.ts";
export type { UpdateRecord } from "./history.ts";
export type { StackLock } from "./lock.ts";
export { nameProblem, parseStackReference, type StackReference, stackReference } from "./names.ts";
export { ensurePassphrase, Passphrase } from "./passphrase.ts";
export { type Crypter, unlock } from "./secrets.ts";
export type { RecordedState, StackKeys, StackState } from "./stack-state.ts";
export type { StateWriter } from "./writer.ts";
