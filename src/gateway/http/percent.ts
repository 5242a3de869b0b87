/** Percent-decoding (RFC 3986 section 2.1) to bytes: names need not be UTF-8, so no text decoder may see them. */

// oxlint-disable-next-line no-control-regex -- all byte values are meant
const bytesOnly = /^[\x00-\xff]*$/;

/** The byte string that the text spells, or undefined where a "%" is not followed by two hexadecimal digits. */
export function percentDecoded(text: string): string | undefined {
  if (!bytesOnly.test(text) || /%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
