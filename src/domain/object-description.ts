/** What a store says of an object, reduced to what is worth keeping. */
import type { ObjectDescription } from "./entry.ts";

/** What a store says of objects of which nobody said anything. */
const unsaid = new Set(["", "application/octet-stream", "binary/octet-stream"]);
/** Characters of names and values together: more than any store takes. */
const most = 16_384;

/** Undefined where there is nothing to keep. Our own marks on objects are none of the user's. */
export function describedBy(
  contentType: string | undefined,
  metadata: Readonly<Record<string, string>> | undefined,
): ObjectDescription | undefined {
  const own = Object.entries(metadata ?? {})
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !name.startsWith("longshore"))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const type = contentType === undefined || unsaid.has(contentType) ? undefined : contentType;
  const length = own.reduce((sum, [name, value]) => sum + name.length + value.length, type?.length ?? 0);
  if ((own.length === 0 && type === undefined) || length > most) return undefined;
  return {
    ...(type === undefined ? undefined : { contentType: type }),
    ...(own.length === 0 ? undefined : { metadata: Object.fromEntries(own) }),
  };
}
