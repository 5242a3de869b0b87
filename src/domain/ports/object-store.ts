/** The port of object stores. */
import type { ObjectDescription } from "../entry.ts";
import type { ByteRange, PresignTerms } from "./destination.ts";

/**
 * A bucket or container of an object store, one request a call. Keys are text, compared by the bytes of their UTF-8.
 *
 * A driver of this port asks once and classifies what went wrong; whether to ask again is a wrapper's matter, so every call
 * may be repeated. A call that is cancelled or fails has done all or nothing that a reader could see, but nobody may know which.
 * Errors are of the catalogue: BucketNotFound, CredentialsInvalid, WrongRegion, StoreDenied, StoreUntrusted, ClockSkewed,
 * StoreUnsupported, DestinationFull, and to be asked again StoreBusy, StoreUnreachable, StoreFailed.
 */
export interface ObjectStore {
  /** What a manifest says of a source in it: "s3". */
  readonly kind: string;
  /** For messages: the bucket, without secrets. */
  readonly displayed: string;
  /** Stores with the same one can copy between their buckets. */
  readonly identity: string;
  readonly bucket: string;
  /** Bytes of UTF-8 that a key may have. */
  readonly longestKey: number;
  /** Whether an object may have the key, as far as that is known without asking; absent where it may have any that fits. */
  takesKey?(key: string): boolean;

  /** Throws where the bucket can't be reached or listed. */
  check(signal: AbortSignal): Promise<void>;
  /** Puts an object whole; a second call replaces it. */
  put(key: string, payload: Payload, signal: AbortSignal): Promise<void>;
  /**
   * As `put`, but only where there is none yet; false says that somebody else was first. A call that is repeated because
   * nobody knows how it ended knows its own work again. Where the store has no such thing, two that come at the same
   * instant may both hear true, and the last one stands.
   */
  putIfAbsent(key: string, payload: Payload, signal: AbortSignal): Promise<boolean>;
  /** What there is of the range; undefined where there is no object, "changed" where it is not `ifMatch` any more. */
  get(key: string, wanted: WantedRange, signal: AbortSignal): Promise<ObjectContent | "changed" | undefined>;
  head(key: string, signal: AbortSignal): Promise<ObjectFacts | undefined>;
  /** Keys that begin with the prefix, in order, from the first after `after` on: as many as the store gives at once. */
  list(query: ListObjects, signal: AbortSignal): Promise<ObjectPage>;
  /** Removes objects; those that are not there are no error. At most a thousand at once. */
  remove(keys: readonly string[], signal: AbortSignal): Promise<void>;
  /** Makes a copy without moving bytes through us. False where the store can't, or the original is not there. */
  copy(
    from: { readonly bucket: string; readonly key: string },
    key: string,
    signal: AbortSignal,
  ): Promise<boolean>;
  /** A URL by which anyone can read the object for a while; absent where the store, or these credentials, can make none. */
  readonly presign?: (key: string, terms: PresignTerms, signal: AbortSignal) => Promise<string>;
  /** Whether what such a URL gives has the ETag that the store says of the object everywhere else; absent where it has not. */
  readonly presignedHasEtag?: true;
  /** One object out of parts that come in any order from anywhere; absent where the store has no such thing. */
  readonly multipart?: MultipartUploads;
}

/** Bytes to store, complete before the first is sent, so that size and digest are known and they can be sent again. */
export interface Payload {
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly contentType?: string | undefined;
  /** The bytes, from the first on, as often as asked. */
  open(): Uint8Array | AsyncIterable<Uint8Array>;
}

export interface WantedRange extends ByteRange {
  /** The ETag that the object must still have. */
  readonly ifMatch?: string | undefined;
}

export interface ObjectContent {
  readonly facts: ObjectFacts;
  /** Of the whole object, in lower-case hex, where the store is known to say that of it. */
  readonly md5?: string | undefined;
  /** To be read to its end or left early; either way nothing stays open. Errors are of the catalogue. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface ObjectFacts {
  /** Of the whole object. */
  readonly size: number;
  /** Without quotation marks. */
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
  /** From an answer about this object alone; a list does not say it. */
  readonly description?: ObjectDescription | undefined;
}

export interface ListObjects {
  readonly prefix: string;
  /** Only keys after this one. */
  readonly after?: string | undefined;
  /** At most this many. */
  readonly limit?: number | undefined;
}

export interface ObjectPage {
  readonly objects: readonly ListedObject[];
  /** Whether there may be more after the last. */
  readonly isLast: boolean;
}

export interface ListedObject extends ObjectFacts {
  readonly key: string;
}

export interface MultipartUploads {
  /** Bytes that every part but the last must have at least. */
  readonly smallestPart: number;
  /** Parts are numbered 1 to this. */
  readonly mostParts: number;
  /** Begins an upload and says its id. */
  begin(key: string, contentType: string, signal: AbortSignal): Promise<string>;
  /** Stores one part; a second call replaces it. Throws UploadLost where there is no such upload. */
  put(part: PartPlace, payload: Payload, signal: AbortSignal): Promise<PartFacts>;
  /**
   * Makes a range of an object of the same store this part, without moving bytes through us; undefined where the store can't, or
   * has no such range. Absent where it never can. Throws UploadLost.
   */
  readonly copy?: (part: PartPlace, from: ObjectRange, signal: AbortSignal) => Promise<PartFacts | undefined>;
  /** The parts that are stored, in order, from the first after number `after` on. Throws UploadLost. */
  list(upload: UploadPlace, after: number, signal: AbortSignal): Promise<PartPage>;
  /**
   * Makes the object out of exactly these parts and says its ETag; "refused" where the store does not have what is named.
   * Throws UploadLost where there is no such upload: it may have been completed before.
   */
  complete(
    upload: UploadPlace,
    parts: readonly PartFacts[],
    signal: AbortSignal,
  ): Promise<{ readonly etag: string } | "refused">;
  /**
   * The object, unless it is not there or can't be what these parts make. `isProven` says whether its ETag or checksum shows
   * that it is; a store that encrypts may have tags that show nothing.
   */
  madeOf(
    key: string,
    parts: readonly PartFacts[],
    signal: AbortSignal,
  ): Promise<{ readonly etag: string; readonly isProven: boolean } | undefined>;
  /** Removes the parts. An upload that is not there is no error. */
  abort(upload: UploadPlace, signal: AbortSignal): Promise<void>;
  /** Uploads of keys that begin with the prefix and were neither completed nor aborted. */
  uploads(prefix: string, signal: AbortSignal): Promise<readonly UploadPlace[]>;
}

export interface UploadPlace {
  readonly key: string;
  readonly id: string;
}

export interface PartPlace extends UploadPlace {
  readonly number: number;
}

export interface ObjectRange extends ByteRange {
  readonly bucket: string;
  readonly key: string;
}

export interface PartFacts {
  readonly number: number;
  readonly size: number;
  /** Without quotation marks. */
  readonly etag: string;
  /** Lower-case hex, where the store has verified it and says so. */
  readonly sha256?: string | undefined;
}

export interface PartPage {
  readonly parts: readonly PartFacts[];
  readonly isLast: boolean;
}
