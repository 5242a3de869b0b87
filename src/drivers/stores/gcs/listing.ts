/** Finds objects by name, and lists them and in the order of the bytes of their names. */
import type { ListObjects, ObjectPage } from "../../../domain/ports/object-store.ts";
import { isMissing } from "./errors.ts";
import { keyOfName, nameOfKey, uploadOf } from "./names.ts";
import { factsOf, type GcsObject, objectFields, objectOf, recordOf } from "./objects.ts";
import { ask, type Bucket, json, objectPath } from "./sending.ts";

/** What Google gives at once at most. */
const mostAtOnce = 1000;

/** Objects as the port has them: under their keys, without those that are parts of uploads. */
export async function listKeys(bucket: Bucket, query: ListObjects, signal: AbortSignal): Promise<ObjectPage> {
  const { prefix, after, limit = mostAtOnce } = query;
  const startOffset = after === undefined ? undefined : nameOfKey(after);
  let pageToken: string | undefined;
  // A page may have nothing that is to be seen and still not be the last.
  for (;;) {
    const most = pageToken === undefined ? Math.min(limit + 1, mostAtOnce) : mostAtOnce;
    const page = await listPage(bucket, { prefix: nameOfKey(prefix), startOffset, pageToken, most }, signal);
    const objects = page.objects.flatMap((object) => {
      const key = keyOfName(object.name);
      const isSeen = key !== after && key.startsWith(prefix) && uploadOf(object.name) === undefined;
      return isSeen ? [{ key, ...factsOf(object) }] : [];
    });
    ({ pageToken } = page);
    if (objects.length > limit) return { objects: objects.slice(0, limit), isLast: false };
    if (objects.length > 0 || pageToken === undefined) return { objects, isLast: pageToken === undefined };
  }
}

/** Every object whose name begins so, parts of uploads too. */
export async function* listNames(
  bucket: Bucket,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<GcsObject> {
  let pageToken: string | undefined;
  do {
    const page = await listPage(
      bucket,
      { prefix, startOffset: undefined, pageToken, most: mostAtOnce },
      signal,
    );
    yield* page.objects;
    ({ pageToken } = page);
  } while (pageToken !== undefined);
}

interface WantedPage {
  readonly prefix: string;
  readonly startOffset: string | undefined;
  readonly pageToken: string | undefined;
  readonly most: number;
}

export interface NamesPage {
  readonly objects: readonly GcsObject[];
  readonly pageToken: string | undefined;
}

export function listPage(
  bucket: Bucket,
  { prefix, startOffset, pageToken, most }: WantedPage,
  signal: AbortSignal,
): Promise<NamesPage> {
  return ask(
    bucket,
    {
      operation: "objects.list",
      key: keyOfName(prefix),
      method: "GET",
      path: objectPath(bucket.name),
      query: {
        prefix,
        startOffset,
        pageToken,
        maxResults: String(most),
        fields: `nextPageToken,items(${objectFields})`,
      },
      use: json(pageOf),
    },
    signal,
  );
}

function pageOf(value: unknown): NamesPage {
  const { items, nextPageToken } = recordOf(value);
  return {
    objects: Array.isArray(items) ? items.map(objectOf) : [],
    pageToken: typeof nextPageToken === "string" && nextPageToken !== "" ? nextPageToken : undefined,
  };
}

/** What stands under a name, or undefined. */
export function findObject(
  bucket: Bucket,
  name: string,
  signal: AbortSignal,
): Promise<GcsObject | undefined> {
  return ask<GcsObject | undefined>(
    bucket,
    {
      operation: "objects.get",
      key: keyOfName(name),
      method: "GET",
      path: objectPath(bucket.name, name),
      query: { fields: objectFields },
      use: json(objectOf),
      rescue: (error) => {
        if (!isMissing(error)) throw error;
        return undefined;
      },
    },
    signal,
  );
}
