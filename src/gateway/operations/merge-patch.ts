/** JSON Merge Patch (RFC 7396). */

type Json = Readonly<Record<string, unknown>>;

/** What the target becomes; null takes a member away, lists and everything else are replaced whole. */
export function mergePatched(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result = new Map<string, unknown>(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else if (value !== undefined) result.set(name, mergePatched(result.get(name), value));
  }
  return Object.fromEntries(result);
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
