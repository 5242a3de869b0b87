/** Sizes as Kubernetes writes them: 64Mi, 1.5Gi, 500M, 64e6 (apimachinery, resource.Quantity). */

/** Powers of ten, and of two where an i follows. */
const decimalPowers: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binaryPowers: Readonly<Record<string, bigint>> = {
  Ki: 10n,
  Mi: 20n,
  Gi: 30n,
  Ti: 40n,
  Pi: 50n,
  Ei: 60n,
};

/** The grammar of a quantity; exponents that no size has are left out. CEL reads it too (RE2). */
export const quantityPattern =
  "^([+-]?)([0-9]+|[0-9]+[.][0-9]*|[.][0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?$";
const quantity = new RegExp(quantityPattern);
const longestQuantity = 64;

/**
 * Whole bytes, rounded up as Kubernetes does. Undefined where the text is no quantity, negative, or beyond the numbers that
 * are exact.
 */
export function parseQuantity(text: string): number | undefined {
  const match = text.length > longestQuantity ? null : quantity.exec(text);
  if (match === null) return undefined;
  const [, sign = "", number = "", suffix = ""] = match;
  const [whole = "", fraction = ""] = number.split(".");
  const digits = BigInt(whole + fraction);
  if (sign === "-" && digits > 0n) return undefined;
  // Doubles are wrong about 0.067G.
  const power = powerOfTen(suffix) - fraction.length;
  const scaled = (digits << (binaryPowers[suffix] ?? 0n)) * 10n ** BigInt(Math.max(power, 0));
  const unit = 10n ** BigInt(Math.max(-power, 0));
  const bytes = Number((scaled + unit - 1n) / unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const powerOfTen = (suffix: string): number =>
  /^[eE]./.test(suffix) && !suffix.endsWith("i") ? Number(suffix.slice(1)) : (decimalPowers[suffix] ?? 0);

/** For people: "1.2 GiB". */
export function formatBytes(bytes: number): string {
  const [value, prefix] = scaled(bytes);
  return `${rounded(value, prefix)} ${prefix}B`;
}

/** The same as a quantity of Kubernetes: "1.2Gi". */
export function formatQuantity(bytes: number): string {
  const [value, prefix] = scaled(bytes);
  return `${rounded(value, prefix).replace(/\.0$/, "")}${prefix}`;
}

const prefixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi"] as const;

function scaled(bytes: number): readonly [value: number, prefix: string] {
  let value = bytes;
  let power = 0;
  // What would be rounded to 1024 is 1.0 of the next unit.
  while (value >= 1023.5 && power < prefixes.length - 1) {
    value /= 1024;
    power++;
  }
  return [value, prefixes[power] ?? ""];
}

const rounded = (value: number, prefix: string): string =>
  prefix === "" || value >= 100 ? String(Math.round(value)) : value.toFixed(1);
