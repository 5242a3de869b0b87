/** The Range header (RFC 9110 section 14.2), which anybody may fill with anything. */

export interface BodyRange {
  readonly offset: number;
  readonly length: number;
}

export type Selection =
  /** No range was asked for, or nothing that we must understand. */
  | { readonly kind: "whole" }
  /** To be answered by 416. */
  | { readonly kind: "unsatisfiable" }
  /** At least one; none overlaps or touches another. */
  | { readonly kind: "ranges"; readonly ranges: readonly BodyRange[] };

/** More are an attempt to keep us busy, which section 14.2 lets us refuse. */
const mostRanges = 100;
const whole: Selection = { kind: "whole" };
const unsatisfiable: Selection = { kind: "unsatisfiable" };

/** Which bytes of `size` the header asks for. Malformed and of another unit than bytes: the whole. */
export function selectRanges(header: string | undefined, size: number): Selection {
  // A client that asks for ranges of everything gets an empty file as it is.
  if (header === undefined || size === 0) return whole;
  const set = /^bytes=(.*)$/i.exec(header)?.[1];
  if (set === undefined) return whole;
  const specs = specsOf(set);
  if (specs === "too many") return unsatisfiable;
  const parsed = specs.map((spec) => parseSpec(spec, size));
  if (parsed.length === 0 || parsed.includes("malformed")) return whole;
  const ranges = parsed.filter((range) => typeof range === "object");
  if (ranges.length === 0) return unsatisfiable;
  return { kind: "ranges", ranges: coalesced(ranges) };
}

/** Elements of the list, of which some may be empty (section 5.6.1.2). */
function specsOf(set: string): readonly string[] | "too many" {
  const specs: string[] = [];
  for (let from = 0; from <= set.length;) {
    const comma = set.indexOf(",", from);
    const end = comma < 0 ? set.length : comma;
    const spec = set.slice(from, end).replace(/^[ \t]+|[ \t]+$/g, "");
    if (spec !== "" && specs.push(spec) > mostRanges) return "too many";
    from = end + 1;
  }
  return specs;
}

function parseSpec(spec: string, size: number): BodyRange | "malformed" | "outside" {
  const [, first, last] = /^(\d*)-(\d*)$/.exec(spec) ?? [];
  if (first === undefined || last === undefined || first + last === "") return "malformed";
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "outside" : { offset: size - length, length };
  }
  if (last !== "" && isGreater(first, last)) return "malformed";
  const offset = Number(first);
  if (offset >= size) return "outside";
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  return { offset, length: end - offset };
}

/** Of two numbers of any length. */
const isGreater = (a: string, b: string): boolean => BigInt(a) > BigInt(b);

/** In the order of the request; ranges that touch or overlap become one, in the place of the first (section 15.3.7.2). */
function coalesced(ranges: readonly BodyRange[]): readonly BodyRange[] {
  const sorted = ranges
    .map(({ offset, length }, order) => ({ offset, end: offset + length, order }))
    .sort((a, b) => a.offset - b.offset);
  const merged: { offset: number; end: number; order: number }[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last === undefined || range.offset > last.end) merged.push({ ...range });
    else {
      last.end = Math.max(last.end, range.end);
      last.order = Math.min(last.order, range.order);
    }
  }
  return merged
    .sort((a, b) => a.order - b.order)
    .map(({ offset, end }) => ({ offset, length: end - offset }));
}
