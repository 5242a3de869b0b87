/** A symbolic link's content in a zip is where it points; known from the plan, so its header needs no descriptor. */
import { bytesOf } from "../byte-string.ts";
import type { MemberSizes } from "./records.ts";

export type Crc32 = (bytes: Uint8Array) => number;

const noSizes: MemberSizes = { crc32: 0, stored: 0, uncompressed: 0 };

/** CRC-32 and both sizes of a member that is stored as it is: a link's target, or nothing. */
export function sizesOfTarget(crc32: Crc32, target: string): MemberSizes {
  if (target === "") return noSizes;
  return { crc32: crc32(bytesOf(target)), stored: target.length, uncompressed: target.length };
}
