/** Removes objects, one request each: the API has none for many but batches of these. */
import { isMissing } from "./errors.ts";
import { inTurns } from "./in-turns.ts";
import { keyOfName, nameOfKey } from "./names.ts";
import { ask, type Bucket, objectPath } from "./sending.ts";

const removedAtOnce = 32;

/** What comes back is `ObjectStore.remove`. */
export function keyRemover(bucket: Bucket) {
  /**
   * Keys that are gone, by the list of a call that did not remove all of them: its repetition has only the rest to do. Of a
   * thousand requests there are always some that a bad line loses, so it would else never come to its end.
   */
  const removedBefore = new WeakMap<readonly string[], Set<string>>();
  return async (keys: readonly string[], signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    const removed = removedBefore.get(keys) ?? new Set();
    removedBefore.set(keys, removed);
    const remove = async (key: string): Promise<void> => {
      await removeObject(bucket, { name: nameOfKey(key) }, signal);
      removed.add(key);
    };
    const left = keys.filter((key) => !removed.has(key));
    await inTurns(left, removedAtOnce, remove, signal);
    removedBefore.delete(keys);
  };
}

export interface RemovedObject {
  readonly name: string;
  /** Only this one, and for good, where the bucket keeps the older ones too. */
  readonly generation?: string;
}

/** Those that are not there are no error. Where some can't be removed now, all others are. */
export async function removeObjects(
  bucket: Bucket,
  objects: readonly RemovedObject[],
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  await inTurns(objects, removedAtOnce, (object) => removeObject(bucket, object, signal), signal);
}

async function removeObject(
  bucket: Bucket,
  { name, generation }: RemovedObject,
  signal: AbortSignal,
): Promise<void> {
  await ask<void>(
    bucket,
    {
      operation: "objects.delete",
      key: keyOfName(name),
      method: "DELETE",
      path: objectPath(bucket.name, name),
      query: { generation },
      use: (answer) => void answer.resume(),
      rescue: (error) => {
        if (!isMissing(error)) throw error;
      },
    },
    signal,
  );
}
