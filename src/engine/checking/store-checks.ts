/** What a bucket must do, one permission or ability at a time, so that a report says which of them is missing. */
import { LongshoreError } from "../../domain/errors.ts";
import { type Check, type CheckedStore, expect } from "./check.ts";
import { areSame, byBytes, bytesAt, keysBelow, payload, rangeAt, sampleBytes } from "./samples.ts";
import { uploadChecks } from "./upload-checks.ts";

type StoreCheck = Check<CheckedStore>;

const list: StoreCheck = {
  name: "lets the bucket be listed",
  run: async ({ store, prefix }, signal) => {
    await store.check(signal);
    expect((await keysBelow(store, { prefix }, signal)).length === 0, "it lists keys that nobody has put");
    return undefined;
  },
};

const write: StoreCheck = {
  name: "lets objects be written",
  run: async ({ store, prefix }, signal) => {
    await store.put(`${prefix}a`, payload("written"), signal);
    return undefined;
  },
};

const read: StoreCheck = {
  name: "lets objects be read, with their size, and tells those that are not there",
  run: async ({ store, prefix }, signal) => {
    const tags = new Set<string>();
    const texts = ["", "first", "the second, which is longer"];
    for (const text of texts) {
      await store.put(`${prefix}a`, payload(text), signal);
      expect((await bytesAt(store, `${prefix}a`, signal))?.toString() === text, "an object is other bytes");
      const facts = await store.head(`${prefix}a`, signal);
      expect(facts?.size === Buffer.byteLength(text), "an object has another size than was written");
      tags.add(facts.etag);
    }
    expect(tags.size === texts.length, "other bytes have the same tag");
    for (const key of ["none", "a/b"])
      expect((await store.head(prefix + key, signal)) === undefined, "it has a key that nobody put");
    return undefined;
  },
};

const remove: StoreCheck = {
  name: "lets objects be deleted",
  run: async ({ store, prefix }, signal) => {
    const keys = Array.from({ length: 12 }, (_, i) => `${prefix}k${i}`);
    for (const key of keys) await store.put(key, payload("gone soon"), signal);
    await store.remove(keys.slice(0, 1), signal);
    await store.remove([...keys, `${prefix}none`], signal);
    for (const key of keys)
      expect((await store.head(key, signal)) === undefined, "a deleted object is there");
    return undefined;
  },
};

const ranges: StoreCheck = {
  name: "gives a range of an object, and only of the one that was asked for",
  run: async ({ store, prefix }, signal) => {
    const bytes = sampleBytes(2 ** 20 + 17, "range");
    const key = `${prefix}a`;
    await store.put(key, payload(bytes), signal);
    for (const [offset, length] of [
      [0, 1],
      [1, 2 ** 20],
      [bytes.length - 1, 100],
    ] as const) {
      const found = await rangeAt(store, key, { offset, length }, signal);
      expect(found?.equals(bytes.subarray(offset, offset + length)) === true, "a range is other bytes");
    }
    const before = await store.head(key, signal);
    await store.put(key, payload("another"), signal);
    const now = await store.get(key, { offset: 0, length: 1, ifMatch: before?.etag }, signal);
    expect(now === "changed", "an object that was replaced is given for the one before (no If-Match)");
    return undefined;
  },
};

const oddKeys = [
  "a",
  "a b",
  "a-b",
  "a/b",
  "a/b/c",
  "a0",
  "B",
  "%41",
  "q?x=y#z",
  "+",
  "'\"",
  "<x>&amp;",
  "\u00fc",
  "\uff46",
  "\u{1f600}",
];

const order: StoreCheck = {
  name: "lists odd keys in the order of their bytes, from any on, page by page",
  run: async ({ store, prefix }, signal) => {
    for (const key of oddKeys.toReversed()) await store.put(prefix + key, payload(key), signal);
    const sorted = oddKeys.toSorted(byBytes);
    for (const limit of [2, undefined])
      expect(
        areSame(await keysBelow(store, { prefix, limit }, signal), sorted),
        "keys come in another order, or not all",
      );
    for (const key of oddKeys) {
      expect((await bytesAt(store, prefix + key, signal))?.toString() === key, `the key ${key} is another's`);
      const page = await store.list({ prefix, after: prefix + key }, signal);
      const rest = sorted.filter((other) => byBytes(other, key) > 0);
      expect(
        areSame(
          page.objects.map((object) => object.key.slice(prefix.length)),
          rest,
        ),
        `a list does not begin after the key ${key}`,
      );
    }
    return undefined;
  },
};

const longKeys: StoreCheck = {
  name: "takes keys of the greatest length",
  run: async ({ store, prefix }, signal) => {
    // Names of files have 255 bytes at most, and some stores keep files.
    const name = "k".repeat(200);
    const room = store.longestKey - Buffer.byteLength(prefix);
    const key = `${prefix}${`${name}/`.repeat(Math.ceil(room / name.length)).slice(0, room - 1)}e`;
    await store.put(key, payload("far down"), signal);
    expect((await bytesAt(store, key, signal))?.toString() === "far down", "a long key has other bytes");
    expect(
      (await keysBelow(store, { prefix }, signal)).includes(key.slice(prefix.length)),
      "a long key is not listed",
    );
    return undefined;
  },
};

/** One more than stores give at once. */
const manyKeys = 1001;
const atOnce = 32;

const pages: StoreCheck = {
  name: "lists more keys than it gives at once",
  run: async ({ store, prefix }, signal) => {
    const keys = Array.from({ length: manyKeys }, (_, i) => `${prefix}${String(i).padStart(5, "0")}`);
    const left = keys.values();
    const lane = async (): Promise<void> => {
      for (const key of left) await store.put(key, payload(""), signal);
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    const found = await keysBelow(store, { prefix }, signal);
    expect(
      areSame(
        found,
        keys.map((key) => key.slice(prefix.length)),
      ),
      `of ${manyKeys} keys it lists ${found.length}`,
    );
    return undefined;
  },
};

const conditional: StoreCheck = {
  name: "leaves an object alone that is to be written only where there is none",
  run: async ({ store, prefix }, signal) => {
    const key = `${prefix}a`;
    expect(await store.putIfAbsent(key, payload("first"), signal), "nothing can be put for the first time");
    expect(
      !(await store.putIfAbsent(key, payload("late"), signal)),
      "who comes late hears that it was first",
    );
    expect((await bytesAt(store, key, signal))?.toString() === "first", "an object was replaced");
    return undefined;
  },
};

const copy: StoreCheck = {
  name: "copies an object by itself",
  run: async ({ store, prefix }, signal) => {
    const bytes = sampleBytes(100_000, "copy");
    const from = { bucket: store.bucket, key: `${prefix}gr\u00fc\u00dfe %41?` };
    await store.put(from.key, payload(bytes), signal);
    if (!(await store.copy(from, `${prefix}b`, signal)))
      return {
        reason: "it does not, or not with these permissions: what is taken over goes through this machine",
      };
    expect((await bytesAt(store, `${prefix}b`, signal))?.equals(bytes) === true, "a copy is other bytes");
    return undefined;
  },
};

const presign: StoreCheck = {
  name: "gives an object by a signed URL, without credentials",
  needs: "presign",
  run: async ({ store, prefix, fetch }, signal) => {
    const key = `${prefix}a \u00fc%`;
    await store.put(key, payload("0123456789"), signal);
    const terms = {
      expiresInSeconds: 60,
      contentDisposition: 'attachment; filename="check.bin"',
      contentType: "application/octet-stream",
    };
    const url = (await store.presign?.(key, terms, signal)) ?? "";
    // The URL is a secret, and so is what an error says of it.
    const answer = await fetch(url, { headers: { range: "bytes=2-4" }, redirect: "manual", signal }).catch(
      () => {
        signal.throwIfAborted();
        throw new LongshoreError("PlaceUnfit", "a signed URL can't be fetched from here", {
          hint: presignHint,
        });
      },
    );
    const text = await answer.text();
    if (answer.status !== 206 || text !== "234")
      throw new LongshoreError("PlaceUnfit", `a signed URL is answered with ${answer.status}`, {
        hint: presignHint,
      });
    const name = answer.headers.get("content-disposition");
    expect(name === terms.contentDisposition, "a download by a signed URL has another file name");
    return undefined;
  },
};

const presignHint =
  "name the endpoint that receivers reach with publicEndpoint=URL, or let downloads go through the server with delivery=relay";

export const storeChecks: readonly StoreCheck[] = [
  list,
  write,
  read,
  remove,
  ranges,
  conditional,
  order,
  longKeys,
  pages,
  copy,
  presign,
  ...uploadChecks,
];
