/** The records that lie beside the archive, each held to what the manifest says of it. */
import {
  differencesName,
  indexName,
  manifestName,
  pageTableName,
  signatureName,
  statementName,
  sumsName,
} from "../../domain/record-names.ts";
import { sha256Sums } from "../../domain/sha256sums.ts";
import { byteStringOfText } from "../../domain/byte-string.ts";
import { sha256 } from "../digest.ts";
import { damaged } from "../reading/document.ts";
import type { OpenExport } from "../reading/open-export.ts";
import type { Blob, Segment, StoredBlob } from "./blob.ts";
import { bytesSegment } from "./bytes-segment.ts";
import { notFound, type RecordName } from "./download-name.ts";
import { entityTag } from "./entity-tag.ts";
import { recordTypes } from "./media-types.ts";
import { objectSegment } from "./object-segment.ts";
import { openObject } from "./open-object.ts";
import type { ServedExport } from "./served-export.ts";
import { directObject } from "./direct-object.ts";

/** Throws ResourceNotFound or Damaged. */
export async function recordBlob(
  served: ServedExport,
  record: RecordName,
  signal: AbortSignal,
): Promise<Blob> {
  const { segment, digest, facts, stored } = await contentOf(served, record, signal);
  return {
    size: segment.length,
    etag: entityTag(record, ...facts),
    contentType: recordTypes[record],
    fileName: record,
    sha256: digest,
    lastModified: new Date(served.opened.manifest.run.finishedAt),
    stored,
    open: () => segment.open(),
  };
}

interface Content {
  readonly segment: Segment;
  readonly digest?: string | undefined;
  /** What determines the bytes. */
  readonly facts: readonly string[];
  /** Absent where we have read the bytes anyway, to know their tag. */
  readonly stored?: StoredBlob | undefined;
}

async function contentOf(served: ServedExport, record: RecordName, signal: AbortSignal): Promise<Content> {
  const { opened } = served;
  switch (record) {
    case manifestName: {
      const size = await sizeOf(opened, record, signal);
      return listed(served, { object: record, size, sha256: opened.manifestSha256 });
    }
    case sumsName:
      return sums(served, signal);
    case statementName:
    case signatureName:
      return small(opened, record, signal);
    case differencesName:
    case indexName:
    case pageTableName: {
      const file = opened.manifest.files.find(({ object }) => object === record);
      if (file === undefined) throw notFound(record);
      return listed(served, file);
    }
  }
}

interface Listed {
  readonly object: string;
  readonly size: number;
  readonly sha256: string;
}

function listed(served: ServedExport, { object: name, size, sha256: digest }: Listed): Content {
  const { opened, shared } = served;
  const object = { destination: opened.destination, name, size, sha256: digest, proven: shared.proven };
  const stored = directObject(served, { name, size });
  return { segment: objectSegment(object), digest, facts: [digest], stored };
}

/** The sums are what the manifest makes them; those of a Files export, one for each file, are given as they are. */
async function sums(served: ServedExport, signal: AbortSignal): Promise<Content> {
  const { opened, shared } = served;
  const { destination, manifest, manifestSha256 } = opened;
  const name = sumsName;
  if (manifest.format === "files") {
    const size = await sizeOf(opened, name, signal);
    const object = { destination, name, size, sha256: undefined, proven: shared.proven };
    const stored = directObject(served, { name, size });
    return { segment: objectSegment(object), facts: [manifestSha256, String(size)], stored };
  }
  const parts = manifest.parts.map((part) => ({ ...part, object: byteStringOfText(part.object) }));
  const bytes = Buffer.concat(await Array.fromAsync(sha256Sums({ ...manifest, parts }, manifestSha256)));
  return listed(served, { object: name, size: bytes.length, sha256: sha256(bytes) });
}

/** Nothing vouches for a statement but its own signature. */
async function small(opened: OpenExport, name: RecordName, signal: AbortSignal): Promise<Content> {
  const size = await sizeOf(opened, name, signal);
  if (size > largestStatement) throw damaged(opened.destination, `${name} is far too large (${size} bytes)`);
  const bytes = new Uint8Array(size);
  await using object = await openObject(opened.destination, { name, size }, signal);
  for (let done = 0; done < size;) {
    const length = await object.read(bytes.subarray(done), done);
    if (length === 0) throw damaged(opened.destination, `${name} ends too early`);
    done += length;
  }
  const digest = sha256(bytes);
  return { segment: bytesSegment(bytes), digest, facts: [digest] };
}

const largestStatement = 64 * 1024;

async function sizeOf({ destination }: OpenExport, name: RecordName, signal: AbortSignal): Promise<number> {
  const size = await destination.size(name, signal);
  if (size === undefined) throw notFound(name);
  return size;
}
