/** Where the stored bytes of a part go: an object of their own, or a piece of the archive that is sent into an upload. */
import { archiveObject, partName } from "../../domain/part.ts";
import type { ArchiveUpload, ArchiveUploads, StoredPart } from "../../domain/ports/archive-uploads.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { ArchiveFormat } from "../../domain/ports/format.ts";
import type { Receipt, SentPart } from "../../domain/receipt.ts";
import { summedWriter } from "../summed-writer.ts";
import type { PackContext } from "./context.ts";

export interface PartOutput extends AsyncDisposable {
  readonly write: (bytes: Uint8Array) => void;
  /** No more comes: what a receipt says of it, and the frame that was added to make it large enough. */
  finish(): Pick<Receipt, "object" | "size" | "sha256" | "sent"> & { readonly padding?: [number, number] };
  /** Makes an object visible under its name; the part of an upload waits for `flush`. */
  commit(object: string): Promise<void>;
  /** Waits until the part is safe; of an upload it says what the store said. */
  flush(): Promise<SentPart | undefined>;
}

export interface OutputPart {
  readonly number: number;
  readonly format: ArchiveFormat;
  readonly temporary: string;
}

export async function openPartOutput(
  { destination, upload }: Pick<PackContext, "destination" | "upload">,
  part: OutputPart,
  signal: AbortSignal,
): Promise<PartOutput> {
  const { archives } = destination;
  if (upload === undefined || archives === undefined) return objectOutput(destination, part, signal);
  return uploadOutput({ archives, upload }, part, signal);
}

async function objectOutput(
  destination: Destination,
  part: OutputPart,
  signal: AbortSignal,
): Promise<PartOutput> {
  const writer = await destination.create(part.temporary, signal);
  const sink = summedWriter(writer);
  return {
    write: sink.write,
    finish: () => {
      const { size, sha256 } = sink.finish();
      return { object: partName(part.number, sha256, part.format.extension), size, sha256 };
    },
    commit: (object) => writer.commit(object),
    flush: async () => {
      await writer.flush();
      return undefined;
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}

async function uploadOutput(
  { archives, upload }: { archives: ArchiveUploads; upload: ArchiveUpload },
  { number, format }: OutputPart,
  signal: AbortSignal,
): Promise<PartOutput> {
  const writer = await archives.createPart(upload, { number, md5: true }, signal);
  let sent: SentPart | undefined;
  return {
    write: (bytes) => writer.write(bytes),
    finish: () => {
      const before = writer.size;
      const missing = archives.smallestPart - before;
      if (missing > 0) for (const bytes of format.padding?.(missing) ?? []) writer.write(bytes);
      const added = writer.size - before;
      const { size, sha256, md5 } = writer.finish();
      sent = { upload: upload.id, etag: "", md5 };
      const padding: { padding?: [number, number] } = added === 0 ? {} : { padding: [added, 0] };
      return { object: archiveObject, size, sha256, sent, ...padding };
    },
    // The draft of the receipt stands before anything is sent, so that a part whose worker is lost then can be adopted.
    commit: async () => {
      await Promise.resolve();
    },
    flush: async () => (sent === undefined ? undefined : sentPart(sent, await writer.send())),
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}

/** What a receipt says of a part that the store has. */
export function sentPart({ upload, md5 }: SentPart, { etag, sha256 }: StoredPart): SentPart {
  return { upload, md5, etag, ...(sha256 === undefined ? undefined : { checksum: sha256 }) };
}
