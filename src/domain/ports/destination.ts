/** The port of places that exports are written to. */
import type { ObjectDescription } from "../entry.ts";
import type { ArchiveUpload, ArchiveUploads, StoredPart } from "./archive-uploads.ts";

/**
 * One export's folder: where records and parts are put. Names are relative byte strings with "/" between.
 *
 * A call that is cancelled or fails has either done all or nothing that a reader could see. Every call may be repeated.
 * Errors are of the catalogue. Of every place: DestinationFull and DestinationFailed; Damaged where a name leads out of the
 * place or stands for something else than an object. Of a folder: DestinationReadOnly, DestinationDenied, DestinationGone, and
 * LocationBusy of `lock`. Of a bucket: those of `ObjectStore`, UploadLost of `archives`, and ScratchFailed where what waits to
 * be sent can't be kept on this machine.
 */
export interface Destination {
  /** As a person would write it: a path or URL without secrets. */
  readonly location: string;
  /** Whether an object may have the name; absent where it may have every name of a file. */
  takesName?(name: string): boolean;
  /** Objects that may be written at once, where each takes a while to be taken; one where nothing is said. */
  readonly writesAtOnce?: number;
  /** Keeps the archive as one object that grows by parts; absent where parts are objects of their own. */
  readonly archives?: ArchiveUploads;

  /** Makes the place where there is none yet; before that, nothing can be put. */
  prepare(signal: AbortSignal): Promise<void>;
  /** A whole small record, or undefined where there is none. */
  get(name: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** Puts a small record in one step, durably; a second call replaces it. */
  put(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** As `put`, but only where there is none yet: false says that somebody else was first. */
  putIfAbsent(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<boolean>;
  /** Makes an empty object where there is none yet; false where there is. Not flushed: a power cut may lose it. */
  mark(name: string, signal: AbortSignal): Promise<boolean>;
  /** Bytes `offset` to `offset + length`; ends early where the object ends. Throws Damaged where there is none. */
  read(name: string, range: ByteRange, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Opens an object for many reads, where that is cheaper than `read` for each. Throws Damaged where there is none. */
  openObject?(name: string, signal: AbortSignal): Promise<OpenObject>;
  /** Size in bytes, or undefined where there is none. */
  size(name: string, signal: AbortSignal): Promise<number | undefined>;
  /** Everything whose name begins with the prefix, in byte order of names. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject>;
  /** Removes one object; none is no error. */
  remove(name: string, signal: AbortSignal): Promise<void>;
  /** Removes everything below a folder, and the folder. */
  removeAll(folder: string, signal: AbortSignal): Promise<void>;
  /** Begins an object that nobody sees until it is committed. `temporary` is a name of the caller's that no one else uses. */
  create(temporary: string, signal: AbortSignal): Promise<ObjectWriter>;
  /** Makes `name` the same bytes as another export's object, without moving them through us where that can be had. */
  copyFrom?(other: Destination, otherName: string, name: string, signal: AbortSignal): Promise<boolean>;
  /**
   * Makes a piece of another destination's object this part of the upload, without moving bytes through us; undefined where
   * that can't be had. Which bytes they are is known by what the store says of the part, or not at all.
   */
  copyPart?(from: ObjectPiece, to: UploadedPart, signal: AbortSignal): Promise<StoredPart | undefined>;
  /**
   * A URL by which anyone can read the object for a while, without us; absent where there is no such thing. It is a secret:
   * it stands in no log, status or message.
   */
  presign?(name: string, terms: PresignTerms, signal: AbortSignal): Promise<string>;
  /** Whether what such a URL gives has the ETag that is `version` of an open object; absent where it has not. */
  readonly presignedHasEtag?: true;
  /** Waits until the bytes of these objects, and the names in these folders, would survive a power cut; none is no error. */
  flush(names: readonly string[], signal: AbortSignal): Promise<void>;
  /**
   * Takes the export for this process; absent where a killed process would keep it. Throws LocationBusy, which says who has
   * it. Correctness never depends on it.
   */
  lock?(holder: string, signal: AbortSignal): Promise<AsyncDisposable>;
}

export interface ObjectPiece extends ByteRange {
  readonly destination: Destination;
  readonly object: string;
}

export interface UploadedPart {
  readonly upload: ArchiveUpload;
  /** As the plan counts, from 0. */
  readonly number: number;
}

export interface PresignTerms {
  readonly expiresInSeconds: number;
  /** What a browser is to call the file: the value of a Content-Disposition header (RFC 6266). */
  readonly contentDisposition?: string | undefined;
  readonly contentType?: string | undefined;
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** One object, as it was when it was opened: where that is gone since, a read throws Damaged rather than give other bytes. */
export interface OpenObject extends AsyncDisposable {
  readonly size: number;
  /**
   * Another one for other bytes under this name, so that what was found out about the bytes need not be found out again;
   * but two changes close to one another may have the same. Of an object store it is the ETag, as `complete` of an archive
   * says it.
   */
  readonly version: string;
  /** When it was changed last, in milliseconds since 1970: whoever trusts `version` keeps away from changes of the moment. */
  readonly changedAt: number;
  /** Fills `into` from this byte on and says how many bytes that were: none at the end only. One read at a time. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** A second call does nothing. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface StoredObject {
  readonly name: string;
  readonly size: number;
}

export interface ObjectWriter {
  /** Takes all the bytes at once; the caller may reuse the buffer. */
  write(bytes: Uint8Array): void;
  /**
   * Gives the object its name, visible whole; `flush` then makes it durable. The writer is used up. The description is kept
   * where the place has room for one.
   */
  commit(name: string, description?: Pick<ObjectDescription, "contentType">): Promise<void>;
  /** Waits until the committed bytes and their name would survive a power cut. */
  flush(): Promise<void>;
  /** Drops what was not committed, and closes; after `commit` and `flush` it only closes. */
  [Symbol.asyncDispose](): Promise<void>;
}
