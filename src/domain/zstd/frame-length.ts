/** How long a zstd frame is, read from its headers alone, so that a series of frames can be cut apart (RFC 8878 section 3.1). */
const magic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/**
 * Bytes of the frame that begins at `offset`, or undefined where `bytes` ends before that can be told.
 * Throws RangeError where no frame begins there.
 */
export function frameLength(bytes: Uint8Array, offset: number): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (offset + 8 > bytes.length) return undefined;
  const found = view.getUint32(offset, true);
  if ((found & 0xfffffff0) >>> 0 === skippableMagic) return 8 + view.getUint32(offset + 4, true);
  if (found !== magic) throw new RangeError("no zstd frame begins here");
  const descriptor = view.getUint8(offset + 4);
  let position = offset + 5 + headerRest(descriptor);
  for (;;) {
    if (position + 3 > bytes.length) return undefined;
    const block = view.getUint16(position, true) | (view.getUint8(position + 2) << 16);
    const isRunLength = ((block >> 1) & 3) === 1;
    position += 3 + (isRunLength ? 1 : block >>> 3);
    if ((block & 1) === 1) break;
  }
  return position + ((descriptor & 4) === 0 ? 0 : 4) - offset;
}

/** Bytes of window descriptor, dictionary id and content size that follow the frame header descriptor. */
function headerRest(descriptor: number): number {
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  return (singleSegment ? 0 : 1) + dictionary + contentSize;
}
