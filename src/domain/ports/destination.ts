/**
 * One export's folder: where records and parts are put. Names are relative byte strings with "/" between.
 *
 * A call that is cancelled or fails has either done all or nothing that a reader could see. Every call may be repeated.
 * Errors are of the catalogue: DestinationFull, DestinationReadOnly, DestinationDenied, DestinationGone, DestinationFailed.
 */
export interface Destination {
  /** As a person would write it: a path or URL without secrets. */
  readonly location: string;

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
  /** Waits until the bytes of these objects, and the names in these folders, would survive a power cut; none is no error. */
  flush(names: readonly string[], signal: AbortSignal): Promise<void>;
  /** Takes the export for this process. Throws LocationBusy, which says who has it. Correctness never depends on it. */
  lock(holder: string, signal: AbortSignal): Promise<AsyncDisposable>;
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface StoredObject {
  readonly name: string;
  readonly size: number;
}

export interface ObjectWriter {
  /** Takes all the bytes at once; the caller may reuse the buffer. */
  write(bytes: Uint8Array): void;
  /** Gives the object its name, visible whole; `flush` then makes it durable. The writer is used up. */
  commit(name: string): Promise<void>;
  /** Waits until the committed bytes and their name would survive a power cut. */
  flush(): Promise<void>;
  /** Drops what was not committed, and closes; after `commit` and `flush` it only closes. */
  [Symbol.asyncDispose](): Promise<void>;
}
