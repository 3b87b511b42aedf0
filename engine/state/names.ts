/** Names a stack in a backend. A file backend has one organisation, always called "organization". */
export interface StackReference {
  readonly project: string;
  readonly stack: string;
}

const ORGANIZATION = "organization";
const MAXIMUM_LENGTH = 100;
const ALLOWED = /^[A-Za-z0-9_.-]+$/;

/** Why Pulumi would refuse the name; `undefined` when it would not. */
export function nameProblem(kind: "stack" | "project", name: string): string | undefined {
  if (name === "") return `a ${kind} name must not be empty`;
  if (name.length > MAXIMUM_LENGTH) {
    return `the ${kind} name ${JSON.stringify(`${name.slice(0, 20)}…`)} has ${name.length} characters; at most ${MAXIMUM_LENGTH} are allowed`;
  }
  // Pulumi allows these two, and then writes outside the folder of the project.
  if (name === "." || name === "..") return `the ${kind} name ${JSON.stringify(name)} is a folder`;
  if (ALLOWED.test(name)) return undefined;
  const character = [...name].find((c) => !ALLOWED.test(c)) ?? "";
  return `the ${kind} name ${JSON.stringify(name)} contains ${JSON.stringify(character)}; letters, digits, "_", "." and "-" are allowed`;
}

/** `organization/<project>/<stack>`: how checkpoints and lock paths name a stack. */
export function qualifiedName({ project, stack }: StackReference): string {
  return `${ORGANIZATION}/${project}/${stack}`;
}
