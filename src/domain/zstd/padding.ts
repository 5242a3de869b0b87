/** Frames that decompress to nothing (RFC 8878 section 3.1.2): what makes a part as large as a store wants it. */
const skippableMagic = 0x184d2a50;
const headerSize = 8;
const pieceSize = 64 * 1024;

/** One skippable frame of at least this many bytes, in pieces. */
export function* skippableFrame(size: number): Generator<Uint8Array> {
  const header = new DataView(new ArrayBuffer(headerSize));
  const rest = Math.max(0, size - headerSize);
  header.setUint32(0, skippableMagic, true);
  header.setUint32(4, rest, true);
  yield new Uint8Array(header.buffer);
  const zeros = new Uint8Array(Math.min(rest, pieceSize));
  for (let left = rest; left > 0; left -= zeros.length) yield zeros.subarray(0, Math.min(left, zeros.length));
}
