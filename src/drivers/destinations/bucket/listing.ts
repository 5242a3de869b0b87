/** The names below a prefix in byte order, though keys of odd names stand elsewhere in the store's order. */
import type { StoredObject } from "../../../domain/ports/destination.ts";
import { isOutOfPlace, keyOfName, nameOfKey } from "../../../domain/object-key.ts";
import type { ObjectStore } from "../../../domain/ports/object-store.ts";

/**
 * `folder` is the key prefix of the export, "" or ending in "/". A name with bytes that are no UTF-8 comes too early in the
 * store's order, so it is held back until its turn; only such names take memory.
 */
export async function* listNames(
  store: ObjectStore,
  folder: string,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<StoredObject> {
  const held = new HeldNames();
  // A prefix that ends inside a sequence of UTF-8 is not what the keys begin with: then all of its folder is looked at.
  const asked = isWholeText(prefix) ? prefix : prefix.slice(0, prefix.lastIndexOf("/") + 1);
  for await (const { key, size } of listKeys(store, folder + keyOfName(asked), signal)) {
    const name = nameOfKey(key.slice(folder.length));
    if (name === "" || !name.startsWith(prefix)) continue;
    if (isOutOfPlace(key.slice(folder.length))) {
      held.add({ name, size });
      continue;
    }
    yield* held.before(name);
    yield { name, size };
  }
  yield* held.before(undefined);
}

/** Every key below a prefix, a page at a time. */
export async function* listKeys(
  store: ObjectStore,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<{ key: string; size: number }> {
  let after: string | undefined;
  for (;;) {
    signal.throwIfAborted();
    const page = await store.list({ prefix, after }, signal);
    yield* page.objects;
    after = page.objects.at(-1)?.key;
    if (page.isLast || after === undefined) return;
  }
}

const isWholeText = (prefix: string): boolean => !/[\x80-\xff]/.test(prefix);

/** Names waiting for their turn; sorted when one is asked for, since most come in order. */
class HeldNames {
  #names: StoredObject[] = [];
  #isSorted = true;

  add(object: StoredObject): void {
    this.#isSorted &&= (this.#names.at(-1)?.name ?? "") < object.name;
    this.#names.push(object);
  }

  /** Those before the name, in order; all where there is none. */
  *before(name: string | undefined): Generator<StoredObject> {
    if (this.#names.length === 0) return;
    if (!this.#isSorted) this.#names.sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#isSorted = true;
    let count = 0;
    for (const object of this.#names) {
      if (name !== undefined && object.name >= name) break;
      count++;
      yield object;
    }
    this.#names = this.#names.slice(count);
  }
}
