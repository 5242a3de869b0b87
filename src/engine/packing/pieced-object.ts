/** Sends a large file in pieces while it is read, where the destination makes one object of pieces. */
import { hasCode, LongshoreError } from "../../domain/errors.ts";
import type {
  ArchivePartWriter,
  ArchiveUpload,
  ArchiveUploads,
  StoredPart,
} from "../../domain/ports/archive-uploads.ts";
import type { Destination, ObjectWriter } from "../../domain/ports/destination.ts";
import { completedBefore } from "./completed-before.ts";

/** Files of more than two of them are sent in pieces: one request each, and small enough that the line is never idle for long. */
const usualPiece = 16 * 2 ** 20;
/** Pieces that are complete and not yet taken; with the one that is being filled they lie in memory. */
const sentAtOnce = 2;

export interface LargeObject {
  readonly name: string;
  /** That may come. */
  readonly mostBytes: number;
  readonly contentType: string | undefined;
}

export interface PiecedWriter extends ObjectWriter {
  /** To be awaited after a `write`: holds back while too much is on its way. Throws what a piece failed with. */
  ready(): Promise<void>;
}

/** Whether a file of this size is worth more than one request. */
export const isWorthPieces = (size: number): boolean => size > 2 * usualPiece;

/** Nothing is seen of it before `commit`, whose name must be the object's. Disposing it before that ends the upload. */
export async function createPiecedObject(
  { destination, archives }: { readonly destination: Destination; readonly archives: ArchiveUploads },
  object: LargeObject,
  signal: AbortSignal,
): Promise<PiecedWriter> {
  const upload = await archives.begin(object.name, object.contentType, signal);
  return new PieceSender({ destination, archives, upload }, pieceSize(archives, object), signal);
}

/** A store takes so many pieces and no more, each of at least so many bytes. */
function pieceSize({ smallestPart, mostParts }: ArchiveUploads, { mostBytes }: LargeObject): number {
  const needed = Math.ceil(mostBytes / Math.max(1, mostParts - 1) / 2 ** 20) * 2 ** 20;
  return Math.max(usualPiece, smallestPart, needed);
}

interface Means {
  readonly destination: Destination;
  readonly archives: ArchiveUploads;
  readonly upload: ArchiveUpload;
}

interface Piece {
  readonly stored: StoredPart;
  readonly sha256: string;
}

class PieceSender implements PiecedWriter {
  readonly #means: Means;
  readonly #pieceSize: number;
  readonly #signal: AbortSignal;
  readonly #sent: Promise<Piece>[] = [];
  readonly #sending = new Set<Promise<unknown>>();
  /** Of the caller's bytes, for `write` can't wait for the writer of the next piece. */
  #rest: Uint8Array[] = [];
  #current: ArchivePartWriter | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isDone = false;

  constructor(means: Means, size: number, signal: AbortSignal) {
    this.#means = means;
    this.#pieceSize = size;
    this.#signal = signal;
  }

  write(bytes: Uint8Array): void {
    const room = this.#current === undefined ? 0 : this.#pieceSize - this.#current.size;
    this.#current?.write(bytes.subarray(0, room));
    if (bytes.length > room) this.#rest.push(Uint8Array.from(bytes.subarray(room)));
  }

  async ready(): Promise<void> {
    while (this.#rest.length > 0 || this.#current?.size === this.#pieceSize) {
      await this.#finishPiece();
      const { archives, upload } = this.#means;
      this.#current = await archives.createPart(
        upload,
        { number: this.#sent.length, md5: false },
        this.#signal,
      );
      const rest = this.#rest;
      this.#rest = [];
      for (const bytes of rest) this.write(bytes);
    }
  }

  async commit(name: string): Promise<void> {
    await this.ready();
    const last = this.#current;
    this.#current = undefined;
    if (last !== undefined && (last.size > 0 || this.#sent.length === 0)) this.#send(last);
    else await last?.[Symbol.asyncDispose]();
    await Promise.all(this.#sending);
    this.#throwFailure();
    const pieces = await Promise.all(this.#sent);
    const { destination, archives, upload } = this.#means;
    const parts = pieces.map(({ stored }) => stored);
    if (name !== upload.object) throw new TypeError(`${upload.object} can't become ${name}`);
    try {
      const made = await archives.complete(upload, parts, this.#signal);
      if (made === "refused")
        throw new LongshoreError(
          "DestinationFailed",
          `${destination.location} does not keep the pieces of ${name} as they were sent`,
        );
    } catch (error) {
      if (!hasCode(error, "UploadLost")) throw error;
      const digests = pieces.map(({ stored: { size }, sha256 }) => ({ size, sha256 }));
      const etag = await completedBefore(destination, upload, { parts, digests }, this.#signal);
      if (etag === undefined) throw error;
    }
    this.#isDone = true;
  }

  async flush(): Promise<void> {
    // What a store has made is as safe as it will ever be.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sending);
    await this.#current?.[Symbol.asyncDispose]();
    this.#current = undefined;
    const { archives, upload } = this.#means;
    // A signal that is aborted would keep the upload, which the next run or the export's removal ends.
    if (!this.#isDone && !this.#signal.aborted)
      await archives.abortOthers(upload.object, undefined, this.#signal);
    this.#isDone = true;
  }

  /** Sends what is full, and waits for room in memory. */
  async #finishPiece(): Promise<void> {
    const full = this.#current;
    this.#current = undefined;
    if (full !== undefined) this.#send(full);
    while (this.#sending.size >= sentAtOnce) await Promise.race(this.#sending);
    this.#throwFailure();
  }

  #send(piece: ArchivePartWriter): void {
    const sent = sendAndClose(piece);
    this.#sent.push(sent);
    const ended = sent.then(
      () => undefined,
      (error: unknown) => void (this.#failure ??= { error }),
    );
    this.#sending.add(ended);
    void ended.then(() => this.#sending.delete(ended));
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

async function sendAndClose(piece: ArchivePartWriter): Promise<Piece> {
  await using writer = piece;
  const { sha256 } = writer.finish();
  return { stored: await writer.send(), sha256 };
}
