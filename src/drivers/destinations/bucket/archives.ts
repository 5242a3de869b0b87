/** The archive of an export as one object of a bucket, made by a multipart upload whose part numbers are the plan's plus one. */
import type {
  ArchivePartWriter,
  ArchiveUpload,
  ArchiveUploads,
  PartDigests,
  StoredPart,
} from "../../../domain/ports/archive-uploads.ts";
import type {
  MultipartUploads,
  PartFacts,
  Payload,
  UploadPlace,
} from "../../../domain/ports/object-store.ts";
import { contentTypeOf } from "./content-type.ts";
import { type PayloadPlace, PayloadWriter } from "./payload-writer.ts";

export interface ArchivePlace {
  readonly keyOf: (name: string) => string;
  readonly payload: PayloadPlace;
}

export function bucketArchives(multipart: MultipartUploads, place: ArchivePlace): ArchiveUploads {
  const at = ({ object, id }: ArchiveUpload): UploadPlace => ({ key: place.keyOf(object), id });
  return {
    smallestPart: multipart.smallestPart,
    mostParts: multipart.mostParts,
    begin: async (object, contentType, signal) => ({
      object,
      id: await multipart.begin(place.keyOf(object), contentType ?? contentTypeOf(object), signal),
    }),
    createPart: async (upload, { number, md5 }, signal) => {
      signal.throwIfAborted();
      const send = (payload: Payload): Promise<PartFacts> =>
        multipart.put({ ...at(upload), number: number + 1 }, payload, signal);
      return partWriter({ ...place.payload, md5 }, send);
    },
    find: async (upload, number, signal) => {
      const { parts } = await multipart.list(at(upload), number, signal);
      const [first] = parts;
      return first?.number === number + 1 ? storedPart(first) : undefined;
    },
    differing: async (upload, parts, signal) => {
      const found = new Map<number, PartFacts>();
      for (let after = 0; ;) {
        const page = await multipart.list(at(upload), after, signal);
        for (const part of page.parts) found.set(part.number - 1, part);
        after = page.parts.at(-1)?.number ?? after;
        if (page.isLast || page.parts.length === 0) break;
      }
      return parts.filter((part) => !isSame(found.get(part.number), part)).map(({ number }) => number);
    },
    complete: (upload, parts, signal) => multipart.complete(at(upload), parts.map(partFacts), signal),
    madeOf: (object, parts, signal) => multipart.madeOf(place.keyOf(object), parts.map(partFacts), signal),
    abortOthers: async (object, kept, signal) => {
      const key = place.keyOf(object);
      for (const upload of await multipart.uploads(key, signal))
        if (upload.key === key && upload.id !== kept?.id) await multipart.abort(upload, signal);
    },
  };
}

const storedPart = (facts: PartFacts): StoredPart => ({ ...facts, number: facts.number - 1 });
const partFacts = (part: StoredPart): PartFacts => ({ ...part, number: part.number + 1 });

const isSame = (found: PartFacts | undefined, part: StoredPart): boolean =>
  found !== undefined && found.etag === part.etag && found.size === part.size;

function partWriter(place: PayloadPlace, send: (payload: Payload) => Promise<PartFacts>): ArchivePartWriter {
  const writer = new PayloadWriter(place);
  let payload: (Payload & PartDigests) | undefined;
  const finish = (): Payload & PartDigests => (payload ??= writer.finish());
  return {
    get size() {
      return writer.size;
    },
    write: (bytes) => writer.write(bytes),
    finish: () => {
      const { size, sha256, md5 } = finish();
      return { size, sha256, md5 };
    },
    send: async () => storedPart(await send(finish())),
    [Symbol.asyncDispose]: async () => {
      await Promise.resolve();
      writer[Symbol.dispose]();
    },
  };
}
