/** The port of archive formats. */
import type { EntryType, PlannedEntry } from "../entry.ts";
import type { FormatName } from "../export-options.ts";

/** How entries become parts, and parts one archive. */
export type Format = ArchiveFormat | FilesFormat;
/** Parts are runs of one archive: joined and followed by the tail part, they are it. */
export type ArchiveFormat = StreamFormat | StoredFormat;

interface FormatCommon {
  readonly name: FormatName;
  /** Levels it takes, or undefined where there is nothing to choose. */
  readonly levels: { readonly min: number; readonly max: number } | undefined;
  readonly hardLinks: "link" | "copy";
  /** Whether entries of this type have a place in it; others are differences. */
  holds(type: EntryType): boolean;
  /** Bytes that a path may have, where the format has a limit that a file system has not. */
  readonly longestPath?: number;
  /** Archive bytes before compression that the entry takes in this part: its records, content and padding. */
  plannedSize(entry: PlannedEntry): number;
}

/** A part is a run of whole files, kept as they are; there is nothing to encode and no tail. */
export interface FilesFormat extends FormatCommon {
  readonly layout: "files";
}

interface ArchiveCommon extends FormatCommon {
  readonly layout: "archive";
  /** Of the joined archive: "tar.zst". */
  readonly extension: string;
  /** Whether the last piece of a split file can be packed only when the pieces before it are (zip: it ends with their sum). */
  readonly closesSplitFiles: boolean;
  createPartEncoder(options: EncoderOptions): PartEncoder;
  createTailEncoder(options: EncoderOptions): TailEncoder;
  /** Stored bytes that stand for nothing, at least this many, as one frame; absent where the format has no such thing. */
  padding?(size: number): Iterable<Uint8Array>;
}

/** Index offsets count bytes of the part's uncompressed stream, which is cut into frames. */
export interface StreamFormat extends ArchiveCommon {
  readonly offsets: "stream";
  /** The uncompressed bytes of one stored frame. Throws `Damaged` where they are not what the frame's own checksum and size say. */
  decodeFrame(stored: Uint8Array, uncompressedSize: number): Uint8Array;
}

/** Index offsets count bytes of the part as it is stored. */
export interface StoredFormat extends ArchiveCommon {
  readonly offsets: "stored";
  /**
   * The content out of an entry's stored bytes, all pieces joined. Throws `Damaged` where they end too early or too
   * late; a consumer that stops early ends the reading too. Not for entries whose size is 0: their content is empty.
   */
  decodeEntry(stored: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface EncoderOptions {
  readonly level: number;
  /** Receives the stored bytes in order; the buffer is reused after the call. */
  readonly sink: (bytes: Uint8Array) => void;
}

/**
 * Packs one part. For each entry: `begin`, then as often as needed `space` and `filled`, then `end`; at last `finish`.
 * Everything is synchronous and in one reused buffer, which is what makes small files fast.
 */
export interface PartEncoder {
  /** Writes what stands before the content and says where the content begins (see Format.offsets). */
  begin(entry: PlannedEntry): number;
  /** Where the next bytes of content go: at least one byte of room. */
  space(): Uint8Array;
  /** The first `length` bytes of `space` are content now. */
  filled(length: number): void;
  /** Writes what stands after the content; says how many bytes the content took where Format.offsets is `stored`. */
  end(closing: EntryClosing): number | undefined;
  finish(): EncodedPart;
}

export interface EntryClosing {
  /** CRC-32 of the whole file so far: for the last piece of a split file, of all its pieces. */
  readonly crc32: number;
  /** Stored bytes of the pieces before this one. */
  readonly storedBefore: number;
}

export interface EncodedPart {
  readonly uncompressedSize: number;
  /** Stored and uncompressed bytes of each frame. */
  readonly frames: readonly (readonly [stored: number, uncompressed: number])[];
}

/** Makes the tail part: what ends the joined archive. */
export interface TailEncoder {
  /** Told of every part in order, before its entries. */
  part(part: { readonly size: number; readonly frames: EncodedPart["frames"] }): void;
  /** Told of every entry in order, if `needsEntries`. */
  readonly needsEntries: boolean;
  entry(entry: TailEntry): void;
  finish(): EncodedPart;
}

/** An entry of the whole archive, pieces joined: what a zip's central directory says. */
export interface TailEntry {
  readonly entry: PlannedEntry;
  /** Of the content, in the joined archive. */
  readonly contentOffset: number;
  readonly storedSize: number;
  readonly crc32: number;
}
