/** Lists and removes blobs. Azure lists from a marker of its own only, never from a key: what markers mean is remembered. */
import type { BlobItem } from "@azure/storage-blob";
import { byteStringOfText } from "../../../domain/byte-string.ts";
import type { ListedObject, ListObjects, ObjectPage } from "../../../domain/ports/object-store.ts";
import { ask, blobOf, clientOf, type Container } from "./container.ts";
import { isMissing } from "./errors.ts";

/** Where a page ended, and the store's word for what comes after it. */
interface Mark {
  readonly prefix: string;
  readonly lastKey: string;
  readonly marker: string;
}

/** Marks that are remembered: more than there are lists at once. */
const mostMarks = 64;

/** What comes back is `ObjectStore.list`. */
export function blobLists(container: Container) {
  const marks: Mark[] = [];
  const remember = (mark: Mark): void => {
    marks.push(mark);
    if (marks.length > mostMarks) marks.shift();
  };
  return async ({ prefix, after, limit }: ListObjects, signal: AbortSignal): Promise<ObjectPage> => {
    const from = after === undefined ? undefined : nearest(marks, prefix, after);
    // Whoever goes on where a page ended gets what the store has next, in whatever order that is.
    const isNext = after === undefined || from?.lastKey === after;
    let marker = from?.marker;
    // What lies before `after` has to be passed over a page at a time: at most once for all lists of one prefix.
    for (;;) {
      const page = await readPage(container, { prefix, marker, limit }, signal);
      const last = page.objects.at(-1);
      if (page.marker !== undefined && last !== undefined)
        remember({ prefix, lastKey: last.key, marker: page.marker });
      const objects = isNext ? page.objects : page.objects.filter(({ key }) => isAfter(key, after));
      if (objects.length > 0 || page.marker === undefined)
        return { objects, isLast: page.marker === undefined };
      marker = page.marker;
    }
  };
}

/** The mark closest to the key that does not lie behind it. */
function nearest(marks: readonly Mark[], prefix: string, after: string): Mark | undefined {
  const before = marks.filter((mark) => mark.prefix === prefix && !isAfter(mark.lastKey, after));
  return before.reduce<Mark | undefined>(
    (best, mark) => (best === undefined || !isAfter(best.lastKey, mark.lastKey) ? mark : best),
    undefined,
  );
}

const isAfter = (key: string, other: string): boolean => byteStringOfText(key) > byteStringOfText(other);

interface Wanted {
  readonly prefix: string;
  readonly marker: string | undefined;
  readonly limit?: number | undefined;
}

interface Page {
  readonly objects: readonly ListedObject[];
  readonly marker: string | undefined;
}

async function readPage(container: Container, wanted: Wanted, signal: AbortSignal): Promise<Page> {
  const { items, marker } = await readItems(container, wanted, { includeMetadata: true }, signal);
  return { objects: inOrder(items.filter((item) => !isFolderStub(item)).map(listedObject)), marker };
}

/** One answer of the store; it may be empty though there is more. */
export async function readItems(
  container: Container,
  { prefix, marker, limit }: Wanted,
  include: { readonly includeMetadata?: boolean; readonly includeUncommitedBlobs?: boolean },
  signal: AbortSignal,
): Promise<{ readonly items: readonly BlobItem[]; readonly marker: string | undefined }> {
  const settings = {
    ...(marker === undefined ? undefined : { continuationToken: marker }),
    ...(limit === undefined ? undefined : { maxPageSize: limit }),
  };
  const answer = await ask(
    container,
    {
      operation: "List Blobs",
      key: prefix,
      run: ({ abortSignal }) =>
        clientOf(container)
          .listBlobsFlat({ prefix, abortSignal, ...include })
          .byPage(settings)
          .next(),
    },
    signal,
  );
  if (answer.done === true) return { items: [], marker: undefined };
  return { items: answer.value.segment.blobItems, marker: answer.value.continuationToken || undefined };
}

/** Programs that think in folders leave empty blobs for them, of the folder's name and without a "/". They hold nothing. */
const isFolderStub = ({ metadata, properties }: BlobItem): boolean =>
  properties.contentLength === 0 && metadata?.["hdi_isfolder"] === "true";

const listedObject = ({ name, properties }: BlobItem): ListedObject => ({
  key: name,
  size: properties.contentLength ?? 0,
  etag: properties.etag,
  modifiedAt: properties.lastModified.getTime(),
});

/** Nobody says in which order characters beyond the first 65,536 come; the emulator has them before some of those. */
function inOrder(objects: readonly ListedObject[]): readonly ListedObject[] {
  if (!objects.some(({ key }) => /[\ud800-\udfff]/.test(key))) return objects;
  return objects.toSorted((a, b) => (isAfter(a.key, b.key) ? 1 : -1));
}

/** Requests at once; each removes one blob. */
const removedAtOnce = 16;

export async function removeBlobs(
  container: Container,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const left = keys.values();
  const lane = async (): Promise<void> => {
    for (const key of left) await removeBlob(container, key, signal);
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(removedAtOnce, keys.length) }, lane));
  for (const ended of lanes) if (ended.status === "rejected") throw ended.reason;
}

async function removeBlob(container: Container, key: string, signal: AbortSignal): Promise<void> {
  await ask<unknown>(
    container,
    {
      operation: "Delete Blob",
      key,
      run: (options) => blobOf(container, key).delete({ ...options, deleteSnapshots: "include" }),
    },
    signal,
    (error) => {
      if (isMissing(error)) return undefined;
      throw error;
    },
  );
}
