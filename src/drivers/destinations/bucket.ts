/** A folder of keys in an object store as an export's destination: whatever the store, by its one-request calls. */
import { byteStringOfText } from "../../domain/byte-string.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { type BucketLocation, formatBucketLocation } from "../../domain/location.ts";
import { keyOfName } from "../../domain/object-key.ts";
import type { Destination, ObjectWriter } from "../../domain/ports/destination.ts";
import type { ObjectStore, Payload } from "../../domain/ports/object-store.ts";
import { bucketArchives } from "./bucket/archives.ts";
import { contentTypeOf } from "./bucket/content-type.ts";
import { listKeys, listNames } from "./bucket/listing.ts";
import { openStoredObject } from "./bucket/open-object.ts";
import { payloadOf } from "./bucket/payload.ts";
import { MemoryBudget, type PayloadPlace, PayloadWriter } from "./bucket/payload-writer.ts";
import { readRecord } from "./bucket/read-record.ts";

/** A store answers a single request late, and many almost as soon. */
const writesAtOnce = 32;
/** Objects removed by one request. */
const removedAtOnce = 1000;

export interface BucketDestinationOptions {
  readonly store: ObjectStore;
  readonly location: BucketLocation;
  /** A folder for what does not fit in memory. */
  readonly scratch: string;
  /** Bytes of objects on their way that may be held in memory. */
  readonly memory: number;
}

interface Place {
  readonly store: ObjectStore;
  readonly keyOf: (name: string) => string;
}

/** Other destinations of the same kind, for copies that the store makes by itself. */
const places = new WeakMap<Destination, Place>();

/** Nothing is asked yet. */
export function openBucketDestination(options: BucketDestinationOptions): Destination {
  const { store, location } = options;
  const bare = location.prefix.replace(/\/+$/, "");
  const folder = bare === "" ? "" : `${bare}/`;
  const displayed = formatBucketLocation({ ...location, prefix: bare });
  const payloadPlace: PayloadPlace = { budget: new MemoryBudget(options.memory), scratch: options.scratch };
  // Where receivers can't reach the store, its URLs are nothing to them.
  const presign = location.parameters["delivery"] === "relay" ? undefined : store.presign;
  const keyOf = (name: string): string => folder + keyOfName(name);
  const record = (name: string, bytes: Uint8Array): Payload => payloadOf(bytes, contentTypeOf(name));

  const destination: Destination = {
    location: displayed,
    writesAtOnce,
    takesName: (name) => {
      const key = keyOf(name);
      return byteStringOfText(key).length <= store.longestKey && (store.takesKey?.(key) ?? true);
    },
    ...(store.multipart === undefined
      ? undefined
      : { archives: bucketArchives(store.multipart, { keyOf, payload: payloadPlace }) }),
    prepare: (signal) => store.check(signal),
    get: async (name, signal) => {
      signal.throwIfAborted();
      return readRecord(store, keyOf(name), signal);
    },
    put: (name, bytes, signal) => store.put(keyOf(name), record(name, bytes), signal),
    putIfAbsent: (name, bytes, signal) => store.putIfAbsent(keyOf(name), record(name, bytes), signal),
    mark: (name, signal) => store.putIfAbsent(keyOf(name), record(name, new Uint8Array(0)), signal),
    read: async function* (name, range, signal) {
      signal.throwIfAborted();
      if (range.length === 0) return;
      const content = await store.get(keyOf(name), range, signal);
      if (content === undefined || content === "changed")
        throw new LongshoreError("Damaged", `${name} is missing in ${displayed}`);
      yield* content.bytes;
    },
    openObject: (name, signal) => openStoredObject({ store, key: keyOf(name), name }, signal),
    size: async (name, signal) => (await store.head(keyOf(name), signal))?.size,
    list: (prefix, signal) => listNames(store, folder, prefix, signal),
    remove: (name, signal) => store.remove([keyOf(name)], signal),
    removeAll: (name, signal) => removeAll(store, name === "" ? folder : `${keyOf(name)}/`, signal),
    create: async (_temporary, signal) => {
      signal.throwIfAborted();
      return objectWriter(payloadPlace, (name, payload) => store.put(keyOf(name), payload, signal));
    },
    copyFrom: async (other, otherName, name, signal) => {
      signal.throwIfAborted();
      const from = places.get(other);
      if (from === undefined || from.store.identity !== store.identity) return false;
      return store.copy({ bucket: from.store.bucket, key: from.keyOf(otherName) }, keyOf(name), signal);
    },
    ...(store.multipart?.copy === undefined ? undefined : { copyPart: copyPart(store, keyOf) }),
    ...(presign === undefined
      ? undefined
      : { presign: (name, terms, signal) => presign(keyOf(name), terms, signal) }),
    ...(store.presignedHasEtag === undefined ? undefined : { presignedHasEtag: store.presignedHasEtag }),
    // What a store has taken is as safe as it will ever be.
    flush: async (_names, signal) => {
      await Promise.resolve();
      signal.throwIfAborted();
    },
  };
  places.set(destination, { store, keyOf });
  return destination;
}

function copyPart(
  { identity, multipart }: ObjectStore,
  keyOf: Place["keyOf"],
): NonNullable<Destination["copyPart"]> {
  return async ({ destination, object, ...range }, { upload, number }, signal) => {
    signal.throwIfAborted();
    const from = places.get(destination);
    if (from === undefined || from.store.identity !== identity) return undefined;
    const place = { key: keyOf(upload.object), id: upload.id, number: number + 1 };
    const piece = { bucket: from.store.bucket, key: from.keyOf(object), ...range };
    const copied = await multipart?.copy?.(place, piece, signal);
    return copied && { ...copied, number };
  };
}

/** Uploads that were begun below the folder and never ended take room too, though no list shows them. */
async function removeAll(store: ObjectStore, prefix: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  // Before the objects: whoever is cut off must still find what says whose the uploads are.
  for (const upload of (await store.multipart?.uploads(prefix, signal)) ?? [])
    await store.multipart?.abort(upload, signal);
  let keys: string[] = [];
  for await (const { key } of listKeys(store, prefix, signal)) {
    keys.push(key);
    if (keys.length < removedAtOnce) continue;
    await store.remove(keys, signal);
    keys = [];
  }
  if (keys.length > 0) await store.remove(keys, signal);
}

function objectWriter(
  place: PayloadPlace,
  put: (name: string, payload: Payload) => Promise<void>,
): ObjectWriter {
  const writer = new PayloadWriter(place);
  let payload: Payload | undefined;
  return {
    write: (bytes) => {
      if (payload !== undefined)
        throw new LongshoreError("DestinationFailed", "an object was written after its end");
      writer.write(bytes);
    },
    commit: async (name, description) => {
      payload ??= writer.finish();
      await put(name, { ...payload, contentType: description?.contentType ?? contentTypeOf(name) });
    },
    flush: () => Promise.resolve(),
    [Symbol.asyncDispose]: async () => {
      await Promise.resolve();
      writer[Symbol.dispose]();
    },
  };
}
