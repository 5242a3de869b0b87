/**
 * The 512-byte record that stands before each member, in the GNU dialect: the layout of POSIX.1-1988 ustar with magic
 * `ustar  \0`, and base-256 where octal digits don't suffice (GNU tar manual, "Basic Tar Format" and "Extensions").
 */
import { bytesOf } from "../byte-string.ts";

export const recordSize = 512;
/** A name of exactly this length fits: the field needs no final NUL. */
export const nameSize = 100;

export interface HeaderFields {
  /** Byte string; what is over 100 bytes stands in a record before and is cut here. */
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Whole seconds since 1970. */
  readonly mtime: number;
  /** Character code of the type flag. */
  readonly type: number;
  readonly link: string;
  readonly major: number | undefined;
  readonly minor: number | undefined;
}

/** Where each field begins. */
const at = {
  mode: 100,
  uid: 108,
  gid: 116,
  size: 124,
  mtime: 136,
  checksum: 148,
  type: 156,
  link: 157,
  magic: 257,
  major: 329,
  minor: 337,
};
const magic = "ustar  ";
/** The checksum counts its own field as eight spaces. */
const magicSum = bytesOf(magic).reduce((sum, byte) => sum + byte, 8 * 0x20);

/** Writes one header at `start`; it sums while it writes, since a second pass over 512 bytes would double its cost. */
export function writeHeader(block: Uint8Array, start: number, fields: HeaderFields): void {
  block.fill(0, start, start + recordSize);
  let sum = magicSum + fields.type;
  sum += writeName(block, start, fields.name);
  sum += writeNumber(block, start + at.mode, 7, fields.mode);
  sum += writeNumber(block, start + at.uid, 7, fields.uid);
  sum += writeNumber(block, start + at.gid, 7, fields.gid);
  sum += writeNumber(block, start + at.size, 11, fields.size);
  sum += writeNumber(block, start + at.mtime, 11, fields.mtime);
  block[start + at.type] = fields.type;
  if (fields.link !== "") sum += writeName(block, start + at.link, fields.link);
  for (let i = 0; i < magic.length; i++) block[start + at.magic + i] = magic.charCodeAt(i);
  if (fields.major !== undefined) sum += writeNumber(block, start + at.major, 7, fields.major);
  if (fields.minor !== undefined) sum += writeNumber(block, start + at.minor, 7, fields.minor);
  writeNumber(block, start + at.checksum, 6, sum);
  block[start + at.checksum + 7] = 0x20;
}

/** Each of the following returns the sum of the bytes that it wrote. */
function writeName(block: Uint8Array, start: number, name: string): number {
  const length = Math.min(name.length, nameSize);
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const byte = name.charCodeAt(i);
    block[start + i] = byte;
    sum += byte;
  }
  return sum;
}

/** Octal digits and a NUL, or base-256 over all of the field. */
function writeNumber(block: Uint8Array, start: number, digits: number, value: number): number {
  if (digits === 7 ? value >= 0 && value < 0x200000 : value >= 0 && value < 0x200000000) {
    if (digits < 11) return writeDigits(block, start, digits, value);
    // Bit operations reach 30 bits safely: ten digits, and one before them.
    const high = 0x30 + Math.floor(value / 0x40000000);
    block[start] = high;
    return high + writeDigits(block, start + 1, 10, value % 0x40000000);
  }
  return writeBase256(block, start, digits + 1, value);
}

function writeDigits(block: Uint8Array, start: number, digits: number, value: number): number {
  let rest = value | 0;
  let sum = 0;
  for (let i = start + digits - 1; i >= start; i--) {
    const digit = 0x30 + (rest & 7);
    block[i] = digit;
    sum += digit;
    rest >>= 3;
  }
  return sum;
}

/** Two's complement, big-endian, the first byte 0x80 for positive and 0xff for negative numbers. */
function writeBase256(block: Uint8Array, start: number, length: number, value: number): number {
  let rest = value;
  let sum = 0;
  for (let i = start + length - 1; i > start; i--) {
    const next = Math.floor(rest / 256);
    const byte = rest - next * 256;
    block[i] = byte;
    sum += byte;
    rest = next;
  }
  const first = value < 0 ? 0xff : 0x80;
  block[start] = first;
  return sum + first;
}
