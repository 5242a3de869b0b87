/** Reads the headers of an answer that a download depends on; whatever is malformed counts as absent. */

export interface ContentRange {
  readonly first: number;
  /** The last byte itself. */
  readonly last: number;
  /** Undefined where the server does not know it. */
  readonly total: number | undefined;
}

/** Content-Range of a single range (RFC 9110 section 14.4). */
export function contentRange(header: string | undefined): ContentRange | undefined {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(header ?? "");
  if (match === null) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  const total = match[3] === "*" ? undefined : Number(match[3]);
  const fits = first <= last && (total === undefined || last < total);
  return fits ? { first, last, total } : undefined;
}

/** An entity tag that promises the same bytes (RFC 9110 section 8.8.3): a weak one does not. */
export function strongEtag(header: string | undefined): string | undefined {
  return header !== undefined && /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(header) ? header : undefined;
}

/** SHA-256 of the whole file, in hex (Repr-Digest, RFC 9530 section 3). */
export function digestOfRepresentation(header: string | string[] | undefined): string | undefined {
  const text = typeof header === "string" ? header : header?.join(",");
  const match = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(text ?? "");
  return match?.[1] === undefined ? undefined : Buffer.from(match[1], "base64").toString("hex");
}

/** Content-Length (RFC 9110 section 8.6). */
export function contentLength(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

/** Milliseconds that Retry-After (RFC 9110 section 10.2.3) asks to wait, given as seconds or as a date. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const date = header.endsWith(" GMT") ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
