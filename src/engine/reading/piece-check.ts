/** Checks content as it passes against the length and CRC-32 that the index has of each of its pieces. */
import { indexName } from "../../domain/record-names.ts";
import { crc32 } from "node:zlib";
import type { Damage } from "./content-reader.ts";

export interface CheckedPiece {
  readonly part: number;
  readonly object: string;
  readonly length: number;
  readonly crc32: number;
}

export class PieceCheck {
  readonly #pieces: readonly CheckedPiece[];
  #current = 0;
  #position = 0;
  #crc = 0;

  constructor(pieces: readonly CheckedPiece[]) {
    this.#pieces = pieces;
  }

  /** Whether the pieces are not all of a file of this size. */
  misfit(size: number): Damage | undefined {
    let sum = 0;
    for (const piece of this.#pieces) {
      if (piece.object === "") return { ...placeOf(piece), message: "the manifest has no such part" };
      sum += piece.length;
    }
    return sum === size ? undefined : this.damage("the index does not have all pieces of the file");
  }

  /** Says what is wrong as soon as it is known. */
  add(bytes: Uint8Array): Damage | undefined {
    for (let from = 0; from < bytes.length;) {
      const piece = this.#pieces[this.#current];
      if (piece === undefined) return this.damage("the content is longer than the index says");
      const length = Math.min(piece.length - this.#position, bytes.length - from);
      this.#crc = crc32(bytes.subarray(from, from + length), this.#crc);
      this.#position += length;
      from += length;
      const damage = this.#close(piece);
      if (damage !== undefined) return damage;
    }
    return undefined;
  }

  /** Everything passed: is it all there? */
  end(): Damage | undefined {
    for (let piece = this.#pieces[this.#current]; piece !== undefined; piece = this.#pieces[this.#current]) {
      if (this.#position < piece.length) return this.damage("the content is shorter than the index says");
      const damage = this.#close(piece);
      if (damage !== undefined) return damage;
    }
    return undefined;
  }

  /** Damage at where the check stands. */
  damage(message: string): Damage {
    const piece = this.#pieces[Math.min(this.#current, this.#pieces.length - 1)];
    return piece === undefined ? { part: 0, object: indexName, message } : { ...placeOf(piece), message };
  }

  #close(piece: CheckedPiece): Damage | undefined {
    if (this.#position < piece.length) return undefined;
    if (this.#crc !== piece.crc32)
      return this.damage("the content does not have the CRC-32 that the index says");
    this.#current += 1;
    this.#position = 0;
    this.#crc = 0;
    return undefined;
  }
}

const placeOf = ({ part, object }: CheckedPiece): { part: number; object: string } => ({ part, object });
