/**
 * Kubernetes quantities ("250m", "1.5Gi"), exactly: parsed, added, multiplied and written in the API server's own
 * canonical form, so that what is applied is what is read back. Rules:
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export interface Quantity {
  /** In thousandths, the smallest step of a resource: the API server rounds up what is finer. */
  readonly milli: bigint;
  /** Which suffixes it is written with. */
  readonly format: "binary" | "decimal" | "exponent";
}

export const ZERO: Quantity = { milli: 0n, format: "decimal" };

const MILLI = 1000n;
const LARGEST = (2n ** 63n - 1n) * MILLI;
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/** From 10^-9 on, each a thousand times the one before. */
const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const MILLI_INDEX = DECIMAL.indexOf("m");
const UNIT_INDEX = DECIMAL.indexOf("");
const SYNTAX = /^(\d+(?:\.\d*)?|\.\d+)(?:([KMGTPE]i)|([numkMGTPE]?)|[eE]([+-]?\d{1,2}))$/;

/** @throws Error when the text is no quantity, or one that Kubernetes can't hold. */
export function parseQuantity(text: string): Quantity {
  // The length is checked first: a hostile number of a million digits is not worth a big integer.
  const match = text.length <= 64 ? SYNTAX.exec(text) : null;
  if (match === null) {
    throw new Error(
      `"${text.slice(0, 64)}" is not a quantity. Write a number, then nothing or one of ` +
        `${[...DECIMAL.filter(Boolean), ...BINARY.filter(Boolean)].join(" ")}: 250m, 2, 512Mi, 1.5Gi.`,
    );
  }
  const [, number = "", binary, decimal, exponent] = match;
  const [whole = "", fraction = ""] = number.split(".");
  const digits = BigInt(`${whole}${fraction}`);
  // value = digits * scale / 10^fraction
  let numerator = digits * MILLI;
  let denominator = 10n ** BigInt(fraction.length);
  if (binary !== undefined) {
    numerator *= 1024n ** BigInt(BINARY.indexOf(binary));
  } else {
    const power = exponent === undefined ? (DECIMAL.indexOf(decimal ?? "") - UNIT_INDEX) * 3 : Number(exponent);
    if (power >= 0) numerator *= 10n ** BigInt(power);
    else denominator *= 10n ** BigInt(-power);
  }
  const milli = (numerator + denominator - 1n) / denominator;
  if (milli > LARGEST) throw new Error(`"${text}" is larger than any quantity may be (2^63 - 1).`);
  return { milli, format: binary !== undefined ? "binary" : exponent !== undefined ? "exponent" : "decimal" };
}

/** The canonical form: no fraction, and the largest suffix that loses nothing. */
export function formatQuantity(quantity: Quantity): string {
  const { milli, format } = quantity;
  if (milli === 0n) return "0";
  if (format === "binary" && milli >= 1024n * MILLI && milli % MILLI === 0n) {
    const [mantissa, power] = reduce(milli / MILLI, 1024n, BINARY.length - 1);
    return `${mantissa}${BINARY[power] ?? ""}`;
  }
  const [mantissa, power] = reduce(milli, 1000n, DECIMAL.length - 1 - MILLI_INDEX);
  const index = MILLI_INDEX + power;
  if (format !== "exponent") return `${mantissa}${DECIMAL[index] ?? ""}`;
  return index === UNIT_INDEX ? `${mantissa}` : `${mantissa}e${(index - UNIT_INDEX) * 3}`;
}

/** The number with as many factors of `base` taken out as it has, at most `limit`. */
function reduce(number: bigint, base: bigint, limit: number): [mantissa: bigint, power: number] {
  let mantissa = number;
  let power = 0;
  while (mantissa % base === 0n && power < limit) {
    mantissa /= base;
    power++;
  }
  return [mantissa, power];
}

/** The quantity as the API server writes it: "1024Mi" becomes "1Gi", "0.5" becomes "500m". */
export function canonicalQuantity(text: string): string {
  return formatQuantity(parseQuantity(text));
}

/** Binary when any part is, whatever their order: memory added to a round number of bytes still reads as memory. */
export function addQuantities(...parts: readonly Quantity[]): Quantity {
  const nonZero = parts.filter((part) => part.milli > 0n);
  const format = nonZero.find((part) => part.format === "binary")?.format ?? nonZero[0]?.format ?? ZERO.format;
  return { milli: nonZero.reduce((sum, part) => sum + part.milli, 0n), format };
}

/** @param times A whole number, not negative. */
export function multiplyQuantity(quantity: Quantity, times: number): Quantity {
  return { ...quantity, milli: quantity.milli * BigInt(times) };
}

/** The larger one; the first when they are equal. */
export function maxQuantity(a: Quantity, b: Quantity): Quantity {
  return b.milli > a.milli ? b : a;
}
