import { rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Project } from "../engine/project/index.ts";

/** Where the Pulumi CLI's own copy of a stack's file is; `pulumi/stack-settings.ts` says why there is one. */
export function privateCopyPath(project: Pick<Project, "directory">, stack: string): string {
  return join(project.directory, ".weft", "pulumi", `Pulumi.${stack}.yaml`);
}

/** With the stack goes its copy, whichever engine it was that forgot the stack. */
export async function removePrivateCopy(project: Pick<Project, "directory">, stack: string): Promise<void> {
  const path = privateCopyPath(project, stack);
  await rm(path, { force: true });
  // Other stacks may have theirs in there.
  await rmdir(dirname(path)).catch(() => {});
}
