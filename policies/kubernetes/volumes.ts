import type { Field } from "./field.ts";
import type { Findings } from "./findings.ts";
import type { Pod } from "./pods.ts";

export interface Volume {
  readonly field: Field;
  /** For messages: `Deployment shop/orders, volume "data"`. */
  readonly label: string;
}

/** The volumes of a pod. A list that is not known yet is noted. */
export function volumesOf(pod: Pod, findings: Findings): Volume[] {
  const list = pod.spec.get("volumes");
  findings.leftOpen(pod.label, list);
  return list.items().map((field) => {
    const name = field.get("name").text;
    return { field, label: name === undefined ? pod.label : `${pod.label}, volume ${JSON.stringify(name)}` };
  });
}
