/**
 * One stored object as the whole archive: any process sends any part of it in any order, and it is seen when it is completed.
 * Part numbers are those of the plan, from 0. Every call may be repeated; a call that fails has done all or nothing.
 */
export interface ArchiveUploads {
  /** Bytes that every part but the last must have at least; 0 where any will do. */
  readonly smallestPart: number;
  readonly mostParts: number;

  /** Begins an upload of the object; nothing is seen of it. Its content type is that of its name where none is said. */
  begin(object: string, contentType: string | undefined, signal: AbortSignal): Promise<ArchiveUpload>;
  /** Takes the bytes of one part, complete before any is sent. */
  createPart(upload: ArchiveUpload, part: NewPart, signal: AbortSignal): Promise<ArchivePartWriter>;
  /** The part that the store has under this number. Throws UploadLost where it knows no such upload. */
  find(upload: ArchiveUpload, number: number, signal: AbortSignal): Promise<StoredPart | undefined>;
  /** Numbers of those parts that the store has not as they are said to be. Throws UploadLost. */
  differing(upload: ArchiveUpload, parts: readonly StoredPart[], signal: AbortSignal): Promise<number[]>;
  /**
   * Makes the object of exactly these parts; "refused" where the store does not have them. Throws UploadLost where it knows no
   * such upload, which may mean that it was completed before.
   */
  complete(
    upload: ArchiveUpload,
    parts: readonly StoredPart[],
    signal: AbortSignal,
  ): Promise<{ readonly etag: string } | "refused">;
  /** The object, if it stands and may be what these parts make; undefined where it does not, or is another. */
  madeOf(object: string, parts: readonly StoredPart[], signal: AbortSignal): Promise<MadeObject | undefined>;
  /** Ends every upload of the object but this one; none is no error. */
  abortOthers(object: string, kept: ArchiveUpload | undefined, signal: AbortSignal): Promise<void>;
}

export interface MadeObject {
  readonly etag: string;
  /** Whether the store's own tags prove it; where they do not, only reading it does. */
  readonly isProven: boolean;
}

export interface ArchiveUpload {
  /** Name of the object in the export's folder. */
  readonly object: string;
  readonly id: string;
}

export interface NewPart {
  readonly number: number;
  /** Whether the writer has to say the bytes' MD5, which takes longer than all the rest. */
  readonly md5: boolean;
}

export interface ArchivePartWriter extends AsyncDisposable {
  /** Takes all the bytes at once; the caller may reuse the buffer. */
  write(bytes: Uint8Array): void;
  readonly size: number;
  /** No more bytes come: says what they are. Lower-case hex; `md5` is what most stores say of a part, and "" where it was not asked for. */
  finish(): PartDigests;
  /** Sends what was finished. */
  send(): Promise<StoredPart>;
}

export interface PartDigests {
  readonly size: number;
  readonly sha256: string;
  readonly md5: string;
}

/** What the store says of a part that it has. */
export interface StoredPart {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  /** Lower-case hex, where the store has checked it. */
  readonly sha256?: string | undefined;
}
