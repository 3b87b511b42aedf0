import { qualifiedName, type StackReference } from "./names.ts";

/** Where a file backend keeps what, relative to its folder. The CLI's own layout (version 1, stacks grouped by project). */
export const LAYOUT = ".pulumi";
export const META = ".pulumi/meta.yaml";
export const STACKS = ".pulumi/stacks";
export const LOCKS = ".pulumi/locks";

export function stacksFolder(project: string): string {
  return `${STACKS}/${project}`;
}

/** The checkpoint without compression; `.gz` or `.zst` is added for a compressed one, `.bak` for the one before. */
export function checkpointKey({ project, stack }: StackReference): string {
  return `${stacksFolder(project)}/${stack}.json`;
}

export function tagsKey({ project, stack }: StackReference): string {
  return `${stacksFolder(project)}/${stack}.pulumi-tags`;
}

export function historyFolder({ project, stack }: StackReference): string {
  return `.pulumi/history/${project}/${stack}`;
}

export function backupsFolder({ project, stack }: StackReference): string {
  return `.pulumi/backups/${project}/${stack}`;
}

export function locksFolder(stack: StackReference): string {
  return `${LOCKS}/${qualifiedName(stack)}`;
}
