/** Sizes as Kubernetes writes them: 64Mi, 1.5Gi, 500M (apimachinery, resource.Quantity). */
const suffixes: Record<string, number> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** Whole bytes, or undefined where the text is no quantity, negative, not whole, or beyond exact numbers. */
export function parseQuantity(text: string): number | undefined {
  const match = /^(\d{1,16})(?:\.(\d{1,9}))?([kMGTP]|[KMGTP]i)?$/.exec(text);
  if (match === null) return undefined;
  const [, whole = "", fraction = "", suffix = ""] = match;
  // Doubles are wrong about 0.067G.
  const scaled = BigInt(whole + fraction) * BigInt(suffixes[suffix] ?? 0);
  const unit = 10n ** BigInt(fraction.length);
  const bytes = Number(scaled / unit);
  return scaled % unit === 0n && Number.isSafeInteger(bytes) ? bytes : undefined;
}

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
