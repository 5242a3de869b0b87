/** Whether a request for a blob is to be carried out at all (RFC 9110 section 13.2.2). */
import type { IncomingHttpHeaders } from "node:http";
import { matchesTag } from "./entity-tags.ts";
import { parseHttpDate } from "./http-date.ts";

export interface Validators {
  /** Strong, with its quotation marks. */
  readonly etag: string;
  readonly lastModified: Date;
}

/** `failed` is answered by 412, `not-modified` by 304. For GET and HEAD only. */
export type Verdict = "proceed" | "failed" | "not-modified";

/** The steps 1 to 4; step 5, If-Range, is `mayUseRange`. */
export function evaluatePreconditions(
  headers: IncomingHttpHeaders,
  validators: Validators,
  now: number,
): Verdict {
  const { etag } = validators;
  const modified = secondsOf(validators.lastModified.getTime());
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined) {
    if (!matchesTag(ifMatch, etag, "strong")) return "failed";
  } else {
    const unmodifiedSince = dateOf(headers["if-unmodified-since"], now);
    if (unmodifiedSince !== undefined && modified > unmodifiedSince) return "failed";
  }
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined) return matchesTag(ifNoneMatch, etag, "weak") ? "not-modified" : "proceed";
  const modifiedSince = dateOf(headers["if-modified-since"], now);
  return modifiedSince !== undefined && modified <= modifiedSince ? "not-modified" : "proceed";
}

/** Whether If-Range lets Range count (section 13.1.5): it must name the very bytes that we have, by a strong validator. */
export function mayUseRange(ifRange: string | undefined, validators: Validators, now: number): boolean {
  if (ifRange === undefined) return true;
  const text = ifRange.trim();
  if (/^(?:W\/)?"/.test(text)) return text === validators.etag;
  const date = dateOf(text, now);
  const modified = secondsOf(validators.lastModified.getTime());
  // Within the second of a change a date does not say which side of it it means (section 8.8.2.2).
  return date !== undefined && date === modified && secondsOf(now) > modified;
}

/** Seconds since 1970, since dates of HTTP have no parts of one. */
const secondsOf = (milliseconds: number): number => Math.floor(milliseconds / 1000);

function dateOf(text: string | undefined, now: number): number | undefined {
  const parsed = text === undefined ? undefined : parseHttpDate(text.trim(), now);
  return parsed === undefined ? undefined : secondsOf(parsed);
}
