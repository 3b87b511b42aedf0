/**
 * Kubernetes quantities (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/), in the forms
 * that people write. Exponents ("1e3") and sub-milli suffixes are refused: nobody means them in a service file, and a
 * slip that happens to be a legal quantity ("500m" of memory is half a byte) must not pass.
 */
export type Quantity =
  | { readonly valid: true; readonly amount: number }
  | { readonly valid: false; readonly reason: string; readonly suggestion: string | undefined };

const cpuForm = /^(\d{1,12})m$|^(\d{1,12}(?:\.\d{1,3})?)$/;
const bytesForm = /^(\d{1,18}(?:\.\d{1,9})?)(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$/;
const slip = /^([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([a-z]+)$/i;

const factors: ReadonlyMap<string, number> = new Map([
  ["k", 1e3],
  ["M", 1e6],
  ["G", 1e9],
  ["T", 1e12],
  ["P", 1e15],
  ["Ki", 2 ** 10],
  ["Mi", 2 ** 20],
  ["Gi", 2 ** 30],
  ["Ti", 2 ** 40],
  ["Pi", 2 ** 50],
]);

/** 96 cores for one replica. Under 100 on purpose: from there on it is a forgotten "m" ("500" for "500m"). */
const mostCpu = 96_000;

/** CPU in thousandths of a core. */
export function parseCpu(text: string): Quantity {
  const [, milli, cores] = cpuForm.exec(text) ?? [];
  if (milli === undefined && cores === undefined) {
    const [, number, unit] = slip.exec(text) ?? [];
    const suggestion =
      number === undefined || unit === undefined || Number(number) === 0
        ? undefined
        : /^m/i.test(unit) && !number.includes(".")
          ? `${number}m`
          : /^v?(c|cpus?|cores?)$/i.test(unit)
            ? number
            : undefined;
    return { valid: false, reason: notAQuantity(text, "CPU"), suggestion };
  }
  const amount = milli === undefined ? Math.round(Number(cores) * 1000) : Number(milli);
  if (amount === 0) return { valid: false, reason: "No process runs on zero CPU.", suggestion: undefined };
  if (amount > mostCpu) {
    const suggestion = cores !== undefined && !cores.includes(".") ? `${cores}m` : undefined;
    return {
      valid: false,
      reason: `This is ${amount / 1000} whole cores for each replica; 96 is the most.`,
      suggestion,
    };
  }
  return { valid: true, amount };
}

/** Bytes of memory or disk, at least `least` ("4Mi"). */
export function parseBytes(text: string, least: string): Quantity {
  const [, number, suffix] = bytesForm.exec(text) ?? [];
  if (number === undefined) {
    const [, digits, unit] = slip.exec(text) ?? [];
    const suggestion = digits === undefined || unit === undefined ? undefined : withUnit(digits, unit);
    return { valid: false, reason: notAQuantity(text, "bytes"), suggestion };
  }
  const { amount, isWhole } = bytes(number, suffix);
  if (amount === 0) return { valid: false, reason: "Nothing fits in zero bytes.", suggestion: undefined };
  if (amount < bytesOf(least)) {
    const suggestion = suffix === undefined ? withUnit(number, "Mi") : undefined;
    const reason = suffix === undefined ? "A number without a unit is a number of bytes." : `This is under ${least}.`;
    return { valid: false, reason, suggestion };
  }
  if (amount > bytesOf("1Pi")) return { valid: false, reason: "This is over 1Pi.", suggestion: undefined };
  if (!isWhole) {
    const suggestion = `${Math.max(1, Math.round(amount / 2 ** 20))}Mi`;
    return { valid: false, reason: "This is no whole number of bytes.", suggestion };
  }
  return { valid: true, amount };
}

/** In big integers: as a floating-point number 0.067G is no whole number of bytes. */
function bytes(number: string, suffix = ""): { readonly amount: number; readonly isWhole: boolean } {
  const [whole = "", fraction = ""] = number.split(".");
  const digits = BigInt(whole + fraction) * BigInt(factors.get(suffix) ?? 1);
  const places = 10n ** BigInt(fraction.length);
  return { amount: Number(digits) / Number(places), isWhole: digits % places === 0n };
}

function bytesOf(text: string): number {
  const [, number = "0", suffix] = bytesForm.exec(text) ?? [];
  return bytes(number, suffix).amount;
}

function notAQuantity(text: string, what: string): string {
  if (/^\s*-/.test(text)) return `An amount of ${what} can't be negative.`;
  return `This is not an amount of ${what}.`;
}

/** "500MB", "500mb", "500m" and "500mi" were all meant to be "500Mi". */
function withUnit(number: string, unit: string): string | undefined {
  const letter = unit.slice(0, 1).toUpperCase();
  return "KMGT".includes(letter) && Number(number) > 0 ? `${number}${letter}i` : undefined;
}
