export { backendUrl, forgetUnused, keepForOthers } from "./backend.ts";
export type { ConfigDeclaration } from "./declaration.ts";
export { loadProject, type Project, type ProviderPlugin } from "./project.ts";
export {
  configEnvironment,
  listStackConfigs,
  loadStackConfig,
  type StackConfig,
} from "./stack-config.ts";
export { ProjectError } from "./yaml-file.ts";
