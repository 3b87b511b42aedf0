import { type Certainty, every, is } from "./certainty.ts";
import type { Field } from "./field.ts";

/** Whether a label selector selects what carries `labels`. As in policy/v1, none at all selects nothing, `{}` everything. */
export function selects(selector: Field, labels: Field): Certainty {
  if (selector.unknown) return undefined;
  if (!selector.isObject) return false;
  const equal = selector.get("matchLabels");
  const expressions = selector.get("matchExpressions");
  const open = equal.unknown || expressions.unknown ? undefined : true;
  return every([
    open,
    ...equal.entries().map(([key, value]) => (value.unknown ? undefined : is(labels.get(key), value.value))),
    ...expressions.items().map((expression) => meets(expression, labels)),
  ]);
}

function meets(expression: Field, labels: Field): Certainty {
  const key = expression.get("key");
  const operator = expression.get("operator");
  if (key.unknown || operator.unknown) return undefined;
  if (key.text === undefined) return false;
  const label = labels.get(key.text);
  switch (operator.value) {
    case "In":
      return oneOf(label, expression.get("values"));
    case "NotIn":
      return not(oneOf(label, expression.get("values")));
    case "Exists":
      return label.unknown ? undefined : !label.absent;
    case "DoesNotExist":
      return label.unknown ? undefined : label.absent;
    default:
      return false;
  }
}

function oneOf(label: Field, values: Field): Certainty {
  if (label.unknown || values.unknown) return undefined;
  if (label.absent) return false;
  const items = values.items();
  if (items.some((item) => !item.unknown && item.value === label.value)) return true;
  return items.some((item) => item.unknown) ? undefined : false;
}

function not(certainty: Certainty): Certainty {
  return certainty === undefined ? undefined : !certainty;
}
