/** What reads the content of entries, and what it says of bytes that are not right. */
import type { IndexedEntry, WholeEntry } from "./index-lines.ts";

/** What is wrong with the stored bytes of an entry. */
export interface Damage {
  readonly part: number;
  readonly object: string;
  /** Counted from 0 in its part. */
  readonly frame?: number;
  readonly message: string;
}

export interface ContentReader {
  /**
   * Hands the content to `sink` in order and says what is wrong with it; what was handed over is then worth nothing.
   * The bytes are the sink's for the time of the call only. What the sink throws, and what is no damage, is thrown.
   */
  copy(
    whole: WholeEntry,
    sink: ContentSink,
    signal: AbortSignal,
  ): Damage | undefined | Promise<Damage | undefined>;
}

export type ContentSink = (bytes: Uint8Array) => void;

/** Bytes of content that one part holds. */
export const pieceLength = ({ entry }: IndexedEntry): number => entry.piece?.length ?? entry.size;
