/** Versions of documents as entity tags (RFC 9110 section 8.8.3). */

export const etagOf = (resourceVersion: string): string => `"${resourceVersion}"`;

/** Whether `If-Match` lets the request through: strong comparison (RFC 9110 section 13.1.1). */
export function matches(ifMatch: string | undefined, etag: string): boolean {
  if (ifMatch === undefined || ifMatch.trim() === "*") return true;
  return ifMatch.split(",").some((tag) => tag.trim() === etag);
}

/** Whether `If-None-Match` says that the caller has it already: weak comparison (RFC 9110 section 13.1.2). */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}
