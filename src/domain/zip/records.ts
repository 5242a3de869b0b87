/** Writes the records of a zip: local headers, data descriptors, central headers and what ends the archive. */
import type { Member } from "./member.ts";
import { commonExtraSize, localZip64Size } from "./member.ts";
import type { RecordWriter } from "./record-writer.ts";

/** Made by Unix (4.4.2.2), version 4.5: so that the external attributes are read as a mode. */
const madeBy = (3 << 8) | 45;
/** A value that stands in a ZIP64 extra field or record instead (4.4.8, 4.4.16, 4.4.21). */
const elsewhere16 = 0xffff;
const elsewhere32 = 0xffffffff;
const zip64RecordSize = 56;

export interface MemberSizes {
  readonly crc32: number;
  readonly stored: number;
  readonly uncompressed: number;
}

/** 4.3.7; sizes are zero here where a data descriptor follows the content. */
export function writeLocalHeader(out: RecordWriter, member: Member, sizes: MemberSizes): void {
  out.u32(0x04034b50);
  out.u16(versionNeeded(member));
  writeCommonFields(out, member);
  out.u32(sizes.crc32);
  out.u32(member.zip64 ? elsewhere32 : sizes.stored);
  out.u32(member.zip64 ? elsewhere32 : sizes.uncompressed);
  out.u16(member.name.length);
  out.u16((member.zip64 ? localZip64Size : 0) + commonExtraSize(member.timestamp !== undefined));
  out.byteString(member.name);
  // Its presence tells a reader of the stream that the descriptor's sizes take eight bytes (4.3.9.2).
  if (member.zip64) writeZip64Extra(out, [sizes.uncompressed, sizes.stored]);
  writeCommonExtras(out, member);
}

/** 4.3.9, with the signature that 4.3.9.3 recommends. */
export function writeDescriptor(out: RecordWriter, zip64: boolean, sizes: MemberSizes): void {
  out.u32(0x08074b50);
  out.u32(sizes.crc32);
  if (zip64) {
    out.u64(sizes.stored);
    out.u64(sizes.uncompressed);
  } else {
    out.u32(sizes.stored);
    out.u32(sizes.uncompressed);
  }
}

/** 4.3.12 */
export function writeCentralHeader(
  out: RecordWriter,
  member: Member,
  sizes: MemberSizes,
  offset: number,
): void {
  const large = [sizes.uncompressed, sizes.stored, offset].filter((value) => value >= elsewhere32);
  const zip64Size = large.length === 0 ? 0 : 4 + 8 * large.length;
  out.u32(0x02014b50);
  out.u16(madeBy);
  out.u16(large.length > 0 ? 45 : versionNeeded(member));
  writeCommonFields(out, member);
  out.u32(sizes.crc32);
  out.u32(Math.min(sizes.stored, elsewhere32));
  out.u32(Math.min(sizes.uncompressed, elsewhere32));
  out.u16(member.name.length);
  out.u16(zip64Size + commonExtraSize(member.timestamp !== undefined));
  // No comment, first disk, no internal attributes.
  out.u16(0);
  out.u16(0);
  out.u16(0);
  out.u32(member.externalAttributes);
  out.u32(Math.min(offset, elsewhere32));
  out.byteString(member.name);
  if (large.length > 0) writeZip64Extra(out, large);
  writeCommonExtras(out, member);
}

export interface CentralDirectory {
  readonly entries: number;
  readonly offset: number;
  readonly size: number;
}

/** 4.3.16, and before it 4.3.14 and 4.3.15 where a number is too large for it. */
export function writeEnd(out: RecordWriter, { entries, offset, size }: CentralDirectory): void {
  if (entries >= elsewhere16 || offset >= elsewhere32 || size >= elsewhere32) {
    out.u32(0x06064b50);
    out.u64(zip64RecordSize - 12);
    out.u16(madeBy);
    out.u16(45);
    out.u32(0);
    out.u32(0);
    out.u64(entries);
    out.u64(entries);
    out.u64(size);
    out.u64(offset);
    // The locator: where that record begins, on which of how many disks.
    out.u32(0x07064b50);
    out.u32(0);
    out.u64(offset + size);
    out.u32(1);
  }
  out.u32(0x06054b50);
  out.u16(0);
  out.u16(0);
  out.u16(Math.min(entries, elsewhere16));
  out.u16(Math.min(entries, elsewhere16));
  out.u32(Math.min(size, elsewhere32));
  out.u32(Math.min(offset, elsewhere32));
  out.u16(0);
}

function versionNeeded(member: Member): number {
  if (member.zip64) return 45;
  return member.method === 0 && !member.name.endsWith("/") ? 10 : 20;
}

function writeCommonFields(out: RecordWriter, member: Member): void {
  out.u16(member.flags);
  out.u16(member.method);
  out.u16(member.dosTime);
  out.u16(member.dosDate);
}

/** 4.5.3: only the values that the header leaves to it. */
function writeZip64Extra(out: RecordWriter, values: readonly number[]): void {
  out.u16(0x0001);
  out.u16(8 * values.length);
  for (const value of values) out.u64(value);
}

/** Info-ZIP's "UT" (modification time alone) and "ux" (owner), in the full form in both headers (Info-ZIP, proginfo/extrafld.txt). */
function writeCommonExtras(out: RecordWriter, member: Member): void {
  if (member.timestamp !== undefined) {
    out.u16(0x5455);
    out.u16(5);
    out.byteString("\x01");
    out.u32(member.timestamp);
  }
  out.u16(0x7875);
  out.u16(11);
  out.byteString("\x01\x04");
  out.u32(member.uid);
  out.byteString("\x04");
  out.u32(member.gid);
}
