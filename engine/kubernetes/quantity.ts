const SCALE = 9n; // nano: the API server's own finest step

const DECIMAL: ReadonlyMap<string, bigint> = new Map([
  ["n", 0n],
  ["u", 3n],
  ["m", 6n],
  ["", 9n],
  ["k", 12n],
  ["M", 15n],
  ["G", 18n],
  ["T", 21n],
  ["P", 24n],
  ["E", 27n],
]);
const BINARY = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE])([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)$/;

/**
 * A Kubernetes quantity ("500m", "1Gi", "0.5", 2) in billionths, so that differently written equal amounts compare as
 * equal; `undefined` when it is none. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(value: string | number): bigint | undefined {
  const match = FORM.exec(String(value));
  const [, sign, whole = "", fraction = "", exponentMark, exponent, suffix = ""] = match ?? [];
  if (match === null || whole.length + fraction.length === 0 || whole.length + fraction.length > 30) return undefined;
  const digits = BigInt(`${whole}${fraction}`);
  const binary = BINARY.indexOf(suffix);
  let scaled: bigint;
  if (binary >= 0) {
    scaled = shift(digits << (10n * BigInt(binary + 1)), SCALE - BigInt(fraction.length));
  } else {
    const power = exponentMark === undefined ? (DECIMAL.get(suffix) ?? SCALE) : SCALE + BigInt(exponent ?? "0");
    scaled = shift(digits, power - BigInt(fraction.length));
  }
  return sign === "-" ? -scaled : scaled;
}

/** digits × 10^power; what is finer than a billionth is rounded up, as the API server does. */
function shift(digits: bigint, power: bigint): bigint {
  if (power >= 0n) return digits * 10n ** power;
  const divisor = 10n ** -power;
  return (digits + divisor - 1n) / divisor;
}

export function sameQuantity(a: unknown, b: unknown): boolean {
  if ((typeof a !== "string" && typeof a !== "number") || (typeof b !== "string" && typeof b !== "number"))
    return false;
  const left = parseQuantity(a);
  return left !== undefined && left === parseQuantity(b);
}
