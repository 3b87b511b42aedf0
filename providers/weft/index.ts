/** What a program needs to know about the provider; loads nothing of it. */
export { KWOK_DEFAULTS, type KwokInputs } from "./kwok/inputs.ts";
export { zoneNames } from "./kwok/nodes.ts";
export type { KwokOutputs } from "./kwok/outputs.ts";
export { KWOK_TYPE } from "./names.ts";
