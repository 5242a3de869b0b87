/** Where the suites of object stores work, and how they look at what is there. */
import assert from "node:assert/strict";
import type { ObjectStore } from "../../src/domain/ports/object-store.ts";

/** A prefix of its own in a bucket, that goes when it is disposed. */
export interface StorePlace extends AsyncDisposable {
  readonly store: ObjectStore;
  /** Ends in "/". */
  readonly prefix: string;
}

/** What a store can't have by its nature; its driver's documentation says so. */
export interface StoreLimits {
  /** A reason why of two that come at the same instant both may hear that they were first. */
  readonly noArbiter?: string;
  /** Keys that the store does not take as they are, and says so. */
  readonly refusedKeys?: RegExp;
  /** A reason why uploads are known even after their end. */
  readonly remembersEnded?: string;
  /** Bytes of parts for the tests, where a store wants more of a part than a few. */
  readonly partSize?: number;
  readonly skip?: string | false;
}

export type WithStore = (use: (place: StorePlace) => Promise<void>) => Promise<void>;

const { signal } = new AbortController();
export const everything = { offset: 0, length: 2 ** 40 };

export async function bytesOf(store: ObjectStore, key: string): Promise<Buffer | undefined> {
  const content = await store.get(key, everything, signal);
  assert.notEqual(content, "changed");
  if (typeof content !== "object") return undefined;
  return Buffer.concat(await Array.fromAsync(content.bytes));
}

export const textOf = async (store: ObjectStore, key: string): Promise<string | undefined> =>
  (await bytesOf(store, key))?.toString();

/** Every key behind the prefix, by pages of so many. */
export async function keysOf(store: ObjectStore, prefix: string, limit?: number): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.list({ prefix, after, limit }, signal);
    assert.ok(page.objects.length <= (limit ?? Infinity));
    found.push(...page.objects.map(({ key }) => key.slice(prefix.length)));
    after = page.objects.at(-1)?.key;
    if (page.isLast || after === undefined) return found;
  }
}
