import { type Field, found } from "./field.ts";

// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
const QUANTITY = /^[+-]?(\d+(?:\.\d*)?|\.\d+)(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;

/** What is wrong with a quantity that must be there and more than zero, for "its CPU limit …"; `undefined` if nothing. */
export function quantityFault(field: Field): string | undefined {
  if (field.absent) return "is missing";
  // Kubernetes takes a bare number for the same digits in quotes.
  const text = typeof field.value === "number" ? String(field.value) : field.value;
  const digits = typeof text === "string" ? QUANTITY.exec(text)?.[1] : undefined;
  if (digits === undefined) return `is ${found(field)}, which is no quantity`;
  return Number(digits) === 0 ? `is ${found(field)}, which is the same as none` : undefined;
}
