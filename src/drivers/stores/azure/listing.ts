/** Lists and removes blobs. Azure lists from a marker of its own only, never from a key: what markers mean is remembered. */
import type { BlobItem } from "@azure/storage-blob";
import type { ListedObject, ListObjects, ObjectPage } from "../../../domain/ports/object-store.ts";
import { ask, blobOf, clientOf, type Container } from "./container.ts";
import { isMissing } from "./errors.ts";
import { type HeldKeys, isAfter, orderKeys } from "./key-order.ts";

/** Where a list stands. */
interface Cursor {
  /** The store's word for what comes next; undefined at the begin, and at the end. */
  readonly marker: string | undefined;
  readonly isEnd: boolean;
  /** What was read and not given yet, in order. */
  readonly ready: readonly ListedObject[];
  readonly held: HeldKeys<ListedObject>;
}

/** Where a page ended, and how to go on. */
interface Mark {
  readonly prefix: string;
  readonly lastKey: string;
  readonly cursor: Cursor;
}

const start: Cursor = { marker: undefined, isEnd: false, ready: [], held: [] };
/** Marks that are remembered: more than there are lists at once. */
const mostMarks = 64;

/** What comes back is `ObjectStore.list`. */
export function blobLists(container: Container) {
  const marks: Mark[] = [];
  const next = async (wanted: NextPage, signal: AbortSignal): Promise<Page> => {
    const page = await nextPage(container, wanted, signal);
    const lastKey = page.objects.at(-1)?.key;
    if (lastKey !== undefined) marks.push({ prefix: wanted.prefix, lastKey, cursor: page.cursor });
    if (marks.length > mostMarks) marks.shift();
    return page;
  };
  return async ({ prefix, after, limit }: ListObjects, signal: AbortSignal): Promise<ObjectPage> => {
    const from = after === undefined ? undefined : nearest(marks, prefix, after);
    // Whoever goes on where a page ended gets what comes next, in whatever order that is.
    const isNext = after === undefined || from?.lastKey === after;
    let { objects, cursor } = await next({ prefix, limit, cursor: from?.cursor ?? start }, signal);
    if (isNext) return { objects, isLast: isOver(cursor) };
    // What lies before `after` has to be passed over a page at a time: at most once for all lists of one prefix.
    while (!objects.some(({ key }) => isAfter(key, after)) && !isOver(cursor))
      ({ objects, cursor } = await next({ prefix, limit, cursor }, signal));
    return { objects: objects.filter(({ key }) => isAfter(key, after)), isLast: isOver(cursor) };
  };
}

const isOver = ({ isEnd, ready }: Cursor): boolean => isEnd && ready.length === 0;

/** The mark closest to the key that does not lie behind it. */
function nearest(marks: readonly Mark[], prefix: string, after: string): Mark | undefined {
  const before = marks.filter((mark) => mark.prefix === prefix && !isAfter(mark.lastKey, after));
  return before.reduce<Mark | undefined>(
    (best, mark) => (best === undefined || !isAfter(best.lastKey, mark.lastKey) ? mark : best),
    undefined,
  );
}

interface NextPage {
  readonly prefix: string;
  readonly limit: number | undefined;
  readonly cursor: Cursor;
}

interface Page {
  readonly objects: readonly ListedObject[];
  readonly cursor: Cursor;
}

/** Some keys, if there are any left. */
async function nextPage(
  container: Container,
  { prefix, limit, cursor }: NextPage,
  signal: AbortSignal,
): Promise<Page> {
  let { marker, isEnd, ready, held } = cursor;
  while (ready.length === 0 && !isEnd) {
    const read = await readItems(container, { prefix, marker, limit }, { includeMetadata: true }, signal);
    ({ marker } = read);
    isEnd = marker === undefined;
    const objects = read.items.filter((item) => !isFolderStub(item)).map(listedObject);
    ({ items: ready, held } = orderKeys(held, objects, isEnd));
  }
  const objects = ready.slice(0, limit);
  return { objects, cursor: { marker, isEnd, ready: ready.slice(objects.length), held } };
}

interface Wanted {
  readonly prefix: string;
  readonly marker: string | undefined;
  readonly limit?: number | undefined;
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
      rescue: (error) => {
        if (isMissing(error)) return undefined;
        throw error;
      },
    },
    signal,
  );
}
