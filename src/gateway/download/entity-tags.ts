/** Entity tags in conditions (RFC 9110 sections 8.8.3 and 13.1). */

/** Whether the header, a list of tags or "*", has our tag; one that is malformed has none. */
export type TagComparison = "strong" | "weak";

/** `tag` is ours: strong, with its quotation marks. */
export function matchesTag(header: string, tag: string, comparison: TagComparison): boolean {
  if (header.trim() === "*") return true;
  for (const [, weak, opaque] of header.matchAll(
    /(?:^|,)[ \t]*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|$)/g,
  ))
    if (opaque === tag && (weak === undefined || comparison === "weak")) return true;
  return false;
}
