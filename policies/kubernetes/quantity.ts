import { type Field, found } from "./field.ts";

// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
const QUANTITY = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d+))?$/;
const FACTORS: ReadonlyMap<string, number> = new Map([
  ...["n", "u", "m", "", "k", "M", "G", "T", "P", "E"].map((suffix, index) => [suffix, 1000 ** (index - 3)] as const),
  ...["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((suffix, index) => [suffix, 1024 ** (index + 1)] as const),
]);

/** The least that counts as an amount: Kubernetes rounds a smaller one up to it. */
export const LEAST = { cpu: { amount: 0.001, text: "1m" }, memory: { amount: 1, text: "a byte" } } as const;

/**
 * What is wrong with a quantity that must be there and no less than the least there is, for "its CPU limit …";
 * `undefined` if nothing.
 */
export function quantityFault(
  field: Field,
  least: { readonly amount: number; readonly text: string },
): string | undefined {
  if (field.absent) return "is missing";
  // Kubernetes takes a bare number for the same digits in quotes.
  const text = typeof field.value === "number" ? String(field.value) : field.value;
  const amount = typeof text === "string" ? amountOf(text) : undefined;
  if (amount === undefined) return `is ${found(field)}, which is no quantity`;
  if (amount < 0) return `is ${found(field)}, which is less than none`;
  if (amount === 0) return `is ${found(field)}, which is the same as none`;
  return amount < least.amount ? `is ${found(field)}, which is less than ${least.text}` : undefined;
}

function amountOf(text: string): number | undefined {
  const [, number, suffix = "", exponent = "0"] = QUANTITY.exec(text) ?? [];
  return number === undefined ? undefined : Number(`${number}e${exponent}`) * (FACTORS.get(suffix) ?? 1);
}
