/**
 * The table at the end of a .tar.zst with which any reader of the zstd seekable format finds a byte without
 * decompressing what is before it (facebook/zstd, contrib/seekable_format, version 0.1.0; RFC 8878 section 3.1.2).
 */
const skippableMagic = 0x184d2a5e;
const seekableMagic = 0x8f92eab1;
const headerSize = 8;
const entrySize = 8;
const footerSize = 9;
/** ZSTD_SEEKABLE_MAXFRAMES. */
const maxFrames = 0x8000000;

export interface SeekTable {
  /** Tells of the next frame of the archive; a skippable one has an uncompressed size of 0. */
  add(stored: number, uncompressed: number): void;
  /** The whole skippable frame, header and footer included; it lists no entry of its own. */
  finish(): Uint8Array;
}

/** Collects frames in one growing byte buffer: eight bytes a frame, where arrays would take ten times that. */
export function createSeekTable(): SeekTable {
  let bytes = new Uint8Array(64 * 1024);
  let view = new DataView(bytes.buffer);
  let length = headerSize;

  function room(needed: number): void {
    if (length + needed <= bytes.length) return;
    const grown = new Uint8Array(bytes.length * 2);
    grown.set(bytes);
    bytes = grown;
    view = new DataView(bytes.buffer);
  }

  return {
    add(stored, uncompressed) {
      room(entrySize);
      view.setUint32(length, stored, true);
      view.setUint32(length + 4, uncompressed, true);
      length += entrySize;
    },
    finish() {
      room(footerSize);
      const frames = (length - headerSize) / entrySize;
      if (frames > maxFrames)
        throw new RangeError(`a zstd seek table holds no more than ${maxFrames} frames`);
      view.setUint32(0, skippableMagic, true);
      view.setUint32(4, length + footerSize - headerSize, true);
      view.setUint32(length, frames, true);
      // Descriptor byte: no checksums, since each frame has its own.
      view.setUint8(length + 4, 0);
      view.setUint32(length + 5, seekableMagic, true);
      return bytes.subarray(0, length + footerSize);
    },
  };
}
