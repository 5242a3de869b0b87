/** Gzip members that decompress to nothing: what makes a part as large as a store wants it. */

/** RFC 1952 section 2.3: no name, no time, made on no system in particular. */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** CRC-32 and size of nothing. */
const trailer = new Uint8Array(8);
/** RFC 1951 section 3.2.4: a stored block without bytes; its first bit says whether it is the last. */
const emptyBlock = Uint8Array.of(0, 0, 0, 0xff, 0xff);
const lastBlock = Uint8Array.of(1, 0, 0, 0xff, 0xff);
const blocksPerPiece = 8192;

/** One member of empty stored blocks, of at least this many bytes, in pieces. */
export function* emptyMember(size: number): Generator<Uint8Array> {
  const fixed = header.length + lastBlock.length + trailer.length;
  const blocks = Math.max(0, Math.ceil((size - fixed) / emptyBlock.length));
  yield header;
  const piece = new Uint8Array(emptyBlock.length * Math.min(blocks, blocksPerPiece));
  for (let at = 0; at < piece.length; at += emptyBlock.length) piece.set(emptyBlock, at);
  for (let left = blocks; left > 0; left -= blocksPerPiece)
    yield piece.subarray(0, emptyBlock.length * Math.min(left, blocksPerPiece));
  yield lastBlock;
  yield trailer;
}
