export { diagnose } from "./diagnosis.ts";
export { gather } from "./gather.ts";
