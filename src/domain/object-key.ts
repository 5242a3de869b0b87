/**
 * Names of an export's objects as keys of an object store. Keys are Unicode text, names are bytes: "%" and bytes that
 * belong to no valid UTF-8 are written %XX, so that every name has one key and every key of ours one name.
 */
import { byteStringOfText, bytesOf, isAscii, textOf } from "./byte-string.ts";

/** The key of a name (byte string). */
export function keyOfName(name: string): string {
  const text = isAscii(name) ? name : (textOf(name) ?? mixedText(name));
  return isAscii(name) || textOf(name) !== undefined ? text.replaceAll("%", "%25") : text;
}

/** The name (byte string) of a key. One that nobody of us has written stands for itself. */
export function nameOfKey(key: string): string {
  if (!key.includes("%")) return byteStringOfText(key);
  const name = byteStringOfText(key).replace(/%(25|[89A-F][0-9A-F])/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return keyOfName(name) === key ? name : byteStringOfText(key);
}

/** Whether the key stands before its place among names, which is where its first %80 to %FF would be a "%". */
export const isOutOfPlace = (key: string): boolean => /%[89A-F][0-9A-F]/.test(key);

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What of it is UTF-8 as text, every other byte as %XX. */
function mixedText(name: string): string {
  const bytes = bytesOf(name);
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    const byte = bytes[at] ?? 0;
    if (length === 0) text += `%${byte.toString(16).toUpperCase()}`;
    else if (byte === 0x25) text += "%25";
    else text += decoder.decode(bytes.subarray(at, at + length));
    at += Math.max(1, length);
  }
  return text;
}

/** Bytes of the valid UTF-8 sequence that begins here, 0 where none does (RFC 3629). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  try {
    decoder.decode(bytes.subarray(at, at + length));
    return at + length <= bytes.length ? length : 0;
  } catch {
    return 0;
  }
}
