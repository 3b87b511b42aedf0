import { type Field, found } from "./field.ts";

/** The two ways in which a PodDisruptionBudget says how many pods may be away at once. */
export const BUDGET_KEYS = ["maxUnavailable", "minAvailable"] as const;
export type BudgetKey = (typeof BUDGET_KEYS)[number];

const NOTHING_HELD = "lets all its pods go at once";
export const NOTHING_GOES = "lets no pod go, so that no node can be drained";

/**
 * What is wrong with an amount, for "the budget …"; `undefined` if it holds some pods back and lets some go.
 *
 * @param pods The least number of pods, where it is known and more than one: below that no budget can do both.
 */
export function budgetFault(key: BudgetKey, field: Field, pods: number | undefined): string | undefined {
  const amount = amountOf(field);
  if (amount === undefined) return `states ${found(field)}, which is neither a number of pods nor a percentage`;
  const [none, all] = key === "maxUnavailable" ? [NOTHING_GOES, NOTHING_HELD] : [NOTHING_HELD, NOTHING_GOES];
  if (amount.number <= 0) return none;
  if (amount.percent && amount.number >= 100) return all;
  if (pods === undefined || pods < 2) return undefined;
  // Kubernetes rounds a share of the pods up, for either key.
  const share = amount.percent ? Math.ceil((amount.number * pods) / 100) : amount.number;
  return share >= pods ? all : undefined;
}

function amountOf({ value }: Field): { readonly number: number; readonly percent: boolean } | undefined {
  if (typeof value === "number") return { number: value, percent: false };
  const [, percent] = (typeof value === "string" && /^(\d+)%$/.exec(value)) || [];
  return percent === undefined ? undefined : { number: Number(percent), percent: true };
}
