/** Keys and ETags as the S3 API writes them. */

/** Lists are asked for with keys in URL encoding, for XML has no place for control characters. */
export function decodedKey(key: string, encoding: string | undefined): string {
  return encoding === "url" ? decodeURIComponent(key.replaceAll("+", "%20")) : key;
}

/** What a copy is made of, as its header names it. */
export const copySource = (from: { readonly bucket: string; readonly key: string }): string =>
  `${from.bucket}/${from.key.split("/").map(encodeURIComponent).join("/")}`;

/** An ETag without its quotation marks. */
export const unquoted = (etag: string | undefined): string => (etag ?? "").replace(/^"|"$/g, "");
