/** Content out of parts that are streams cut into frames: small files come synchronously from the frame decoded last. */
import { manifestName } from "../../domain/record-names.ts";
import { crc32 } from "node:zlib";
import { type ContentReader, type ContentSink, type Damage, pieceLength } from "./content-reader.ts";
import { FrameCache } from "./frame-cache.ts";
import type { IndexedEntry, WholeEntry } from "./index-lines.ts";
import type { OpenExport, ReadingStreamFormat } from "./open-export.ts";

export class StreamContent implements ContentReader {
  readonly #opened: OpenExport;
  readonly #frames: FrameCache;

  constructor(opened: OpenExport, format: ReadingStreamFormat) {
    this.#opened = opened;
    this.#frames = new FrameCache(opened, format);
  }

  copy(
    whole: WholeEntry,
    sink: ContentSink,
    signal: AbortSignal,
  ): Damage | undefined | Promise<Damage | undefined> {
    const { entry, pieces } = whole;
    if (entry.size === 0) return undefined;
    const only = pieces[0];
    if (pieces.length === 1 && only !== undefined && entry.piece === undefined) {
      const bytes = this.#frames.cached(only.part, entry.placement.offset);
      if (bytes !== undefined && bytes.length >= entry.size) {
        const content = bytes.subarray(0, entry.size);
        if (crc32(content) !== entry.placement.crc32) return this.#damage(only.part, wrongSum);
        sink(content);
        return undefined;
      }
    }
    return this.#copyPieces(whole, sink, signal);
  }

  async #copyPieces(whole: WholeEntry, sink: ContentSink, signal: AbortSignal): Promise<Damage | undefined> {
    let next = 0;
    for (const piece of whole.pieces) {
      if (piece.entry.piece !== undefined && piece.entry.piece.start !== next) break;
      next += pieceLength(piece);
      const damage = await this.#copyPiece(piece, sink, signal);
      if (damage !== undefined) return damage;
    }
    if (next === whole.entry.size) return undefined;
    return this.#damage(whole.pieces[0]?.part ?? 0, "the index does not have all pieces of the file");
  }

  async #copyPiece(piece: IndexedEntry, sink: ContentSink, signal: AbortSignal): Promise<Damage | undefined> {
    const { part, entry } = piece;
    const length = pieceLength(piece);
    let sum = 0;
    for (let done = 0; done < length;) {
      const position = entry.placement.offset + done;
      const bytes = this.#frames.cached(part, position) ?? (await this.#frames.load(part, position, signal));
      if (!(bytes instanceof Uint8Array)) return bytes;
      const content = bytes.subarray(0, length - done);
      sum = crc32(content, sum);
      sink(content);
      done += content.length;
    }
    return sum === entry.placement.crc32 ? undefined : this.#damage(part, wrongSum);
  }

  #damage(part: number, message: string): Damage {
    return { part, object: this.#opened.parts.get(part)?.object ?? manifestName, message };
  }
}

const wrongSum = "the content does not have the CRC-32 that the index says";
