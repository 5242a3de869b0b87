/** Where one part ends and the next begins: chosen by the entries' own names and sizes, so that one new file moves no far cut. */
import { LongshoreError } from "./errors.ts";

/** What each entry weighs beside its archive bytes, so that a part of empty files stays small as well. */
const entryWeight = 4096;
const maximumPartSize = 4 * 2 ** 30;
const partsPerDoubling = 1000;
export const maximumParts = 9900;

/** The size that part `number` aims at: doubled after every thousand parts, so that ten thousand are enough for any export. */
export function targetSize(partSize: number, number: number): number {
  return Math.max(partSize, Math.min(partSize * 2 ** Math.floor(number / partsPerDoubling), maximumPartSize));
}

/** Throws TooManyParts past the last number, naming a part size that would do. */
export function checkPartNumber(partSize: number, number: number): void {
  if (number < maximumParts) return;
  const proposal = partSize * 8;
  throw new LongshoreError(
    "TooManyParts",
    `the source needs more than ${maximumParts} parts at --part-size ${Math.ceil(partSize / 2 ** 20)}Mi`,
    { hint: `repeat with --part-size ${Math.ceil(proposal / 2 ** 20)}Mi under another --name` },
  );
}

/** What an entry of `archiveBytes` adds to its part's size. */
export function weight(archiveBytes: number): number {
  return archiveBytes + entryWeight;
}

/** Whether a new part begins before the entry: `bytes` are in the part, `added` is the entry's weight, `target` what the part aims at. */
export function cutsBefore(path: string, added: number, bytes: number, target: number): boolean {
  if (bytes === 0) return false;
  if (bytes + added > 2 * target) return true;
  if (bytes < target / 2) return false;
  const eagerness = bytes < target ? 0.5 : 4;
  return fnv1a32(path) / 2 ** 32 < (eagerness * added) / target;
}

/** Whether a file is too large for one part and is cut itself. */
export function isSplit(size: number, target: number): boolean {
  return size > 2 * target;
}

/** Length of the piece that begins at `start`: the target, and what remains where that would be under half of it. */
export function pieceLength(size: number, start: number, target: number): number {
  const remaining = size - start;
  return remaining - target < target / 2 ? remaining : target;
}

/** FNV-1a of 32 bits over the path's bytes (Fowler, Noll, Vo; draft-eastlake-fnv). */
export function fnv1a32(path: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
