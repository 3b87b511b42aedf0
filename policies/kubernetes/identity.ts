import { Field, found } from "./field.ts";
import type { Findings } from "./findings.ts";
import { type KindToken, labelOf, objectsIn, type Resource } from "./pods.ts";

/**
 * Judges that an object is what its resource's type says. Rules tell kinds apart by the type, the API server by what the
 * object states: a Pod that is registered as a ConfigMap would be made, and judged by no rule about pods.
 */
export function judgeIdentity(token: KindToken, { type, name, props }: Resource, findings: Findings): void {
  const { apiVersion, kind, kindInType, form } = token;
  const judge = (object: Field, key: "apiVersion" | "kind", ...allowed: readonly string[]): void => {
    const field = object.get(key);
    const label = labelOf(kindInType, object, name);
    if (findings.leftOpen(label, field) || field.absent || allowed.some((each) => each === field.value)) return;
    findings.violation(
      `${label}: ${field.path} is ${found(field)}, but the resource has the type ${type} and is judged as that.\n` +
        `Fix: remove ${field.path}, or give the resource the type of what it is`,
    );
  };
  const whole = Field.of(props);
  judge(whole, "apiVersion", apiVersion);
  // A patch states the kind that it patches. Of a custom kind, "Patch" may also be the end of its name.
  judge(whole, "kind", kindInType, ...(form === "patch" ? [kind] : []));
  for (const item of form === "list" ? objectsIn(token, props) : []) {
    judge(item, "apiVersion", apiVersion);
    judge(item, "kind", kind);
  }
}
