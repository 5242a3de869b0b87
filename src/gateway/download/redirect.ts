/** Which requests for a blob may be left to the store that has it, and the answer that sends a receiver there. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { guardHeaders } from "./blob-headers.ts";
import type { Selection } from "./byte-ranges.ts";
import { mayUseRange, type Validators, type Verdict } from "./preconditions.ts";

export interface AskedOfStore {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly selection: Selection;
  readonly size: number;
  readonly validators: Validators;
  /** The tag that the blob has at the store, where that is known. */
  readonly storeEtag: string | undefined;
  /** What our own validators say of the request's conditions. */
  readonly verdict: Verdict;
  readonly now: number;
}

/**
 * Only what the store answers as we would. A receiver repeats its headers there, and the store knows its own tags and dates
 * alone: so a condition that holds by ours, which the receiver has from an answer of ours, keeps the request with us – unless
 * that tag is the store's as well – and every other is the store's to judge. HEAD stays with us, since a URL is signed for one method, and that is GET.
 */
export function isForStore(asked: AskedOfStore): boolean {
  const { method, headers, selection, size } = asked;
  if (method !== "GET" || size === 0 || !isPlain(headers.range)) return false;
  const ifRange = single(headers["if-range"]);
  if (selection.kind === "unsatisfiable" && ifRange === undefined) return false;
  return !namesOurs(asked, ifRange);
}

/** No range, or one from a known byte on: not every store knows several at once, or counts from the end. */
const isPlain = (range: string | undefined): boolean => range === undefined || /^bytes=\d+-\d*$/i.test(range);

function namesOurs(
  { headers, validators, storeEtag, verdict, now }: AskedOfStore,
  ifRange: string | undefined,
): boolean {
  const { "if-match": ifMatch, "if-unmodified-since": ifUnmodifiedSince } = headers;
  const hasCondition = ifMatch === undefined ? ifUnmodifiedSince !== undefined : ifMatch.trim() !== "*";
  if (hasCondition && verdict === "proceed") return true;
  if (headers.range === undefined || ifRange === undefined || ifRange.trim() === storeEtag) return false;
  return mayUseRange(ifRange, validators, now);
}

/**
 * RFC 9110 section 15.4.8: 307 keeps the method, and says that the next request is to be made here again. The URL is good for
 * minutes, so nobody may keep it; nor may the receiver tell the store where it comes from, since that address may carry a grant.
 */
export function redirectHeaders(location: string): OutgoingHttpHeaders {
  return { ...guardHeaders, location, "cache-control": "no-store", "content-length": 0 };
}

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(", ") : header;
