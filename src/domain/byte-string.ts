/**
 * Names are bytes. Inside Longshore a name is a "byte string": a JavaScript string with one UTF-16 unit (0–255) per
 * byte, so that comparing by code unit is comparing bytes and nothing is lost where a name is not valid UTF-8.
 */
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
// oxlint-disable-next-line no-control-regex -- control characters are exactly what must not pass as plain text
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
// oxlint-disable-next-line no-control-regex -- the whole of ASCII is meant
const ascii = /^[\x00-\x7f]*$/;

/** Whether every byte is below 0x80, so that the byte string and its text are the same. */
export function isAscii(bytes: string): boolean {
  return ascii.test(bytes);
}

export function bytesOf(byteString: string): Uint8Array {
  const bytes = new Uint8Array(byteString.length);
  for (let i = 0; i < byteString.length; i++) bytes[i] = byteString.charCodeAt(i);
  return bytes;
}

export function byteStringOf(bytes: Uint8Array): string {
  let result = "";
  for (let i = 0; i < bytes.length; i += 8192) result += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return result;
}

/** The text that the bytes spell in UTF-8, or undefined where they spell none. */
export function textOf(byteString: string): string | undefined {
  if (isAscii(byteString)) return byteString;
  try {
    return strictDecoder.decode(bytesOf(byteString));
  } catch {
    return undefined;
  }
}

/** The byte string of a text's UTF-8 bytes. */
export function byteStringOfText(text: string): string {
  return isAscii(text) ? text : byteStringOf(encoder.encode(text));
}

/** `"key":"text"`, or `"keyBase64":"…"` where the bytes are not valid UTF-8. */
export function jsonMember(key: string, byteString: string): string {
  if (plain.test(byteString)) return `"${key}":"${byteString}"`;
  const text = textOf(byteString);
  if (text !== undefined) return `"${key}":${JSON.stringify(text)}`;
  return `"${key}Base64":"${btoa(byteString)}"`;
}

/** The reverse of `jsonMember`, on the parsed document. */
export function fromJsonMember(text: string | undefined, base64: string | undefined): string | undefined {
  if (text !== undefined) return byteStringOfText(text);
  return base64 === undefined ? undefined : atob(base64);
}

/** The name as a person may safely read it: control characters, backslashes and stray bytes escaped as GNU tar does. */
export function displayName(byteString: string): string {
  if (plain.test(byteString)) return byteString;
  const text = textOf(byteString);
  const escape = (character: string): string =>
    escapes[character] ?? byteStringOfText(character).replace(/[^]/g, octal);
  // oxlint-disable-next-line no-control-regex -- control characters are what is escaped
  if (text !== undefined) return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\\]/g, escape);
  // oxlint-disable-next-line no-control-regex -- control characters are what is escaped
  return byteString.replace(/[\x00-\x1f\x7f-\xff\\]/g, (byte) => escapes[byte] ?? octal(byte));
}

const escapes: Record<string, string> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
  "\b": "\\b",
  "\f": "\\f",
  "\v": "\\v",
  "\x07": "\\a",
};

const octal = (byte: string): string => `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`;
