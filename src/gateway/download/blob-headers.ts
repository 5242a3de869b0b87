/** What is said of a blob in every answer about it. */
import type { OutgoingHttpHeaders } from "node:http";
import type { Blob } from "../../engine/blob/blob.ts";
import { contentDisposition } from "./content-disposition.ts";
import { httpDate } from "./http-date.ts";
import type { Validators } from "./preconditions.ts";

/** Nothing that is downloaded ever runs, or is looked into, beside our own pages. */
export const guardHeaders: OutgoingHttpHeaders = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "sandbox; default-src 'none'",
  "cross-origin-resource-policy": "same-origin",
  // The address of a download may carry a grant.
  "referrer-policy": "no-referrer",
};

/**
 * For one receiver alone, and asked for again each time; but not "no-store", after which browsers drop what they have of a
 * broken download. No proxy may recode it: ranges and digests are of these bytes.
 */
const cacheControl = "private, no-cache, no-transform";

/** What 304 must have of it, too. */
export function validatorHeaders({ etag, lastModified }: Validators): OutgoingHttpHeaders {
  return { etag, "last-modified": httpDate(lastModified), "cache-control": cacheControl };
}

/** Of answers that have the blob or a part of it; Content-Length, -Type and -Range are still to be said. */
export function blobHeaders(blob: Blob, validators: Validators): OutgoingHttpHeaders {
  const { sha256 } = blob;
  return {
    ...guardHeaders,
    ...validatorHeaders(validators),
    "accept-ranges": "bytes",
    "content-disposition": contentDisposition(blob.fileName),
    // RFC 9530: of the whole, in whatever part it is sent.
    ...(sha256 === undefined
      ? undefined
      : { "repr-digest": `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:` }),
  };
}

/** A blob can't have changed later than now (RFC 9110 section 8.8.2.1). */
export function validatorsOf({ etag, lastModified }: Blob, now: number): Validators {
  return { etag, lastModified: new Date(Math.min(lastModified.getTime(), now)) };
}
