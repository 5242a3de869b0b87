/** Puts an object only where there is none yet, and knows its own work again. */
import { randomUUID } from "node:crypto";
import type { Payload } from "../../../domain/ports/object-store.ts";
import { unsureWrites } from "../../../domain/unsure-writes.ts";
import { isConditionFailed } from "./errors.ts";
import { findObject } from "./listing.ts";
import { nameOfKey } from "./names.ts";
import type { GcsObject } from "./objects.ts";
import type { Bucket } from "./sending.ts";
import { insertObject } from "./upload.ts";

/** Names the call that wrote an object, so that a call whose answer was lost knows its work again. */
const writerTag = "longshore-writer";

/** What comes back is `ObjectStore.putIfAbsent`. */
export function conditionalPut(bucket: Bucket) {
  const write = unsureWrites(randomUUID);
  return async (key: string, payload: Payload, signal: AbortSignal): Promise<boolean> => {
    signal.throwIfAborted();
    return write(
      key,
      payload,
      async (id) => (await writerAfter(bucket, { key, payload, id }, signal)) === id,
    );
  };
}

/** Who wrote what stands there after an attempt to be the first. */
async function writerAfter(
  bucket: Bucket,
  { key, payload, id }: { readonly key: string; readonly payload: Payload; readonly id: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const name = nameOfKey(key);
  const rescue = async (error: unknown): Promise<GcsObject> => {
    if (!isConditionFailed(error)) throw error;
    const found = await findObject(bucket, name, signal);
    // It was removed in between, which is as good as another try.
    if (found === undefined) throw error;
    return found;
  };
  const wanted = { name, key, payload, ifGenerationMatch: "0", metadata: { [writerTag]: id }, rescue };
  const { metadata } = await insertObject(bucket, wanted, signal);
  return metadata[writerTag];
}
