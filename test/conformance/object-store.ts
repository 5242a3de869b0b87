/** The conformance suite of the ObjectStore port: what every bucket must do, whoever keeps it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { storeLacks } from "../../src/engine/checking/check.ts";
import { storeChecks } from "../../src/engine/checking/store-checks.ts";
import { textPayload } from "../fixtures/buckets.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { testMultipartUploads } from "./multipart-uploads.ts";
import {
  bytesOf,
  everything,
  keysOf,
  type StoreLimits,
  type StorePlace,
  textOf,
  type WithStore,
} from "./store-place.ts";

const { signal } = new AbortController();

export function testObjectStore(
  name: string,
  open: () => Promise<StorePlace>,
  limits: StoreLimits = {},
): void {
  const withPlace = async (use: (place: StorePlace) => Promise<void>): Promise<void> => {
    await using place = await open();
    await use(place);
  };
  describe(`object store ${name}`, { skip: limits.skip ?? false }, () => {
    testObjects(withPlace);
    testRanges(withPlace);
    testChecks(withPlace);
    testFirst(withPlace, limits);
    testLists(withPlace, limits);
    testCopies(withPlace);
    testMultipartUploads(withPlace, limits);

    test("every call that was cancelled before it began does nothing", () =>
      withPlace(async ({ store, prefix }) => {
        const aborted = AbortSignal.abort(new Error("enough"));
        const key = `${prefix}a`;
        await store.put(key, textPayload("kept"), signal);
        const calls: Record<string, () => Promise<unknown>> = {
          check: () => store.check(aborted),
          put: () => store.put(key, textPayload("other"), aborted),
          putIfAbsent: () => store.putIfAbsent(`${prefix}b`, textPayload("other"), aborted),
          get: () => store.get(key, everything, aborted),
          head: () => store.head(key, aborted),
          list: () => store.list({ prefix }, aborted),
          remove: () => store.remove([key], aborted),
          copy: () => store.copy({ bucket: store.bucket, key }, `${prefix}b`, aborted),
        };
        for (const [call, run] of Object.entries(calls))
          await assert.rejects(async () => run(), { message: "enough" }, call);
        assert.deepEqual(await keysOf(store, prefix), ["a"]);
        assert.equal(await textOf(store, key), "kept");
      }));
  });
}

/** What `longshore destination check` runs on a person's own bucket. */
function testChecks(withPlace: WithStore): void {
  for (const check of storeChecks)
    test(check.name, (context) =>
      withPlace(async ({ store, prefix }) => {
        const place = { store, once: store, prefix, fetch };
        const missing = storeLacks(place, check.needs) ?? (await check.run(place, signal));
        if (missing !== undefined) context.skip(missing.reason);
      }),
    );
}

function testObjects(withPlace: WithStore): void {
  test("gives back what was put, and the last of it, with what it says of it", () =>
    withPlace(async ({ store, prefix }) => {
      const tags = new Set<string>();
      for (const text of ["", "first", "other", "the second, which is longer"]) {
        const before = Date.now();
        await store.put(`${prefix}a`, textPayload(text), signal);
        assert.equal(await textOf(store, `${prefix}a`), text);
        const facts = await store.head(`${prefix}a`, signal);
        assert.equal(facts?.size, Buffer.byteLength(text));
        assert.ok(Math.abs(facts.modifiedAt - before) < 60_000);
        assert.doesNotMatch(facts.etag, /^"|^$/);
        tags.add(facts.etag);
      }
      assert.equal(tags.size, 4, "other bytes have another tag");
    }));

  test("says of an object what type it was given", () =>
    withPlace(async ({ store, prefix }) => {
      for (const contentType of ["text/csv", "text/html; charset=utf-8"]) {
        await store.put(`${prefix}a`, { ...textPayload("x"), contentType }, signal);
        const content = await store.get(`${prefix}a`, everything, signal);
        assert.ok(typeof content === "object");
        await Array.fromAsync(content.bytes);
        const alone = await store.head(`${prefix}a`, signal);
        for (const { description } of [content.facts, alone ?? assert.fail()])
          assert.deepEqual(description, { contentType });
      }
      await store.put(`${prefix}a`, { ...textPayload("x"), contentType: undefined }, signal);
      assert.equal((await store.head(`${prefix}a`, signal))?.description, undefined);
    }));

  test("takes large objects from an iterable that may be opened again", () =>
    withPlace(async ({ store, prefix }) => {
      const bytes = mixedBytes(5_000_001, "large");
      const whole = textPayload(bytes);
      const pieces = async function* () {
        for (let at = 0; at < bytes.length; at += 700_000) yield bytes.subarray(at, at + 700_000);
      };
      await store.put(`${prefix}a`, { ...whole, open: pieces }, signal);
      assert.ok((await bytesOf(store, `${prefix}a`))?.equals(bytes));
    }));

  test("an object whose bytes fail on the way is not there", () =>
    withPlace(async ({ store, prefix }) => {
      const failing = async function* () {
        yield Buffer.alloc(100_000);
        throw new Error("no more to read");
      };
      const payload = { ...textPayload(Buffer.alloc(2_000_000)), open: failing };
      await assert.rejects(store.put(`${prefix}a`, payload, signal));
      assert.equal(await store.head(`${prefix}a`, signal), undefined);
    }));

  test("who gives up sending hears the own reason, even where the bytes fail because of it", () =>
    withPlace(async ({ store, prefix }) => {
      const bytes = Buffer.alloc(2_000_000);
      const stopped = new AbortController();
      // Some stores want a digest first, and so open the bytes twice: what is sent is opened last.
      let openings = 0;
      let failsAt = Infinity;
      const open = async function* () {
        openings += 1;
        yield bytes.subarray(0, 100_000);
        if (openings >= failsAt) {
          stopped.abort(new Error("enough"));
          throw new Error("no more to read");
        }
        yield bytes.subarray(100_000);
      };
      const put = (): Promise<void> =>
        store.put(`${prefix}a`, { ...textPayload(bytes), open }, stopped.signal);
      await put();
      failsAt = 2 * openings;
      await assert.rejects(put(), { message: "enough" });
    }));

  test("knows nothing of what was never put, or stands below an object", () =>
    withPlace(async ({ store, prefix }) => {
      await store.put(`${prefix}a`, textPayload("1"), signal);
      for (const key of ["none", "a/b", "", "A"]) {
        assert.equal(await store.get(prefix + key, everything, signal), undefined, key);
        assert.equal(await store.head(prefix + key, signal), undefined, key);
      }
    }));

  test("removes what is there and what is not, one and many", () =>
    withPlace(async ({ store, prefix }) => {
      const names = Array.from({ length: 50 }, (_, i) => `k${i}`);
      for (const key of [...names, "kept"]) await store.put(prefix + key, textPayload(key), signal);
      await store.remove([`${prefix}k0`], signal);
      await store.remove([`${prefix}k0`], signal);
      await store.remove(
        [...names, "none"].map((key) => prefix + key),
        signal,
      );
      await store.remove([], signal);
      assert.deepEqual(await keysOf(store, prefix), ["kept"]);
    }));
}

function testRanges(withPlace: WithStore): void {
  const bytes = mixedBytes(2 * 2 ** 20 + 17, "ranges");

  test("reads any range, ending early where the object ends", () =>
    withPlace(async ({ store, prefix }) => {
      await store.put(`${prefix}a`, textPayload(bytes), signal);
      for (const [offset, length] of [
        [0, bytes.length],
        [0, 1],
        [1, 2 ** 20],
        [bytes.length - 1, 1],
        [bytes.length - 1, 100],
        [bytes.length, 100],
        [0, bytes.length * 2],
      ] as const) {
        const content = await store.get(`${prefix}a`, { offset, length }, signal);
        assert.ok(typeof content === "object");
        const read = Buffer.concat(await Array.fromAsync(content.bytes));
        assert.ok(read.equals(bytes.subarray(offset, offset + length)), `${offset}+${length}`);
        if (offset < bytes.length) assert.equal(content.facts.size, bytes.length);
      }
    }));

  test("reads of one object and no other where it is told which", () =>
    withPlace(async ({ store, prefix }) => {
      const key = `${prefix}a`;
      await store.put(key, textPayload("first"), signal);
      const before = await store.head(key, signal);
      const content = await store.get(key, { ...everything, ifMatch: before?.etag }, signal);
      assert.ok(typeof content === "object");
      assert.equal(content.facts.etag, before?.etag);
      assert.equal(Buffer.concat(await Array.fromAsync(content.bytes)).toString(), "first");
      await store.put(key, textPayload("other"), signal);
      assert.equal(await store.get(key, { ...everything, ifMatch: before?.etag }, signal), "changed");
      assert.equal(await textOf(store, key), "other");
    }));

  test("may be left early, before the first byte and after", () =>
    withPlace(async ({ store, prefix }) => {
      await store.put(`${prefix}a`, textPayload(bytes), signal);
      // More than a client has connections: what was not given back is missed.
      for (let i = 0; i < 150; i++) {
        const content = await store.get(`${prefix}a`, everything, signal);
        assert.ok(typeof content === "object");
        const chunks = content.bytes[Symbol.asyncIterator]();
        if (i % 2 === 0) await chunks.next();
        await chunks.return?.();
      }
      const controller = new AbortController();
      const content = await store.get(`${prefix}a`, everything, controller.signal);
      assert.ok(typeof content === "object");
      const read = async (): Promise<void> => {
        for await (const _ of content.bytes) controller.abort(new Error("enough"));
      };
      await assert.rejects(read, { message: "enough" });
    }));
}

function testFirst(withPlace: WithStore, { noArbiter }: StoreLimits): void {
  test("lets one of many be the first, and says so to it alone", { skip: noArbiter ?? false }, () =>
    withPlace(async ({ store, prefix }) => {
      const texts = ["0", "1", "2", "3", "4", "5", "6", "7"];
      const first = await Promise.all(
        texts.map((text) => store.putIfAbsent(`${prefix}a`, textPayload(text), signal)),
      );
      assert.equal(first.filter(Boolean).length, 1);
      assert.equal(await textOf(store, `${prefix}a`), texts[first.indexOf(true)]);
    }),
  );
}

const oddKeys = [
  "a",
  "a b",
  "a-b",
  "a/b",
  "a/b/c",
  "a//b",
  "a/../b",
  "a0",
  "B",
  "1e5",
  "true",
  "<x>&amp;&#65;",
  "%41",
  "q?x=y#z",
  "+",
  "'\"",
  "\\",
  "*[?]",
  "end/",
  "tab\tx",
  "line\nfeed",
  "line\n",
  "carriage\rreturn",
  "page\fx",
  "bell\u0007",
  "\u007f",
  "\u00fc",
  "\u0085",
  "\u2028",
  "\uff46",
  "\u{1f600}",
];

function testLists(withPlace: WithStore, { refusedKeys }: StoreLimits): void {
  const keys = oddKeys.filter((key) => refusedKeys?.test(key) !== true);

  test("odd keys are keys like any other, or refused", () =>
    withPlace(async ({ store, prefix }) => {
      for (const key of oddKeys) {
        const put = store.put(prefix + key, textPayload(key), signal);
        if (keys.includes(key)) await put;
        else await assert.rejects(put, { code: "StoreUnsupported" }, JSON.stringify(key));
      }
      for (const key of keys) assert.equal(await textOf(store, prefix + key), key, JSON.stringify(key));
      assert.deepEqual(await keysOf(store, prefix), keys.toSorted(byBytes));
      await store.remove(
        keys.map((key) => prefix + key),
        signal,
      );
      assert.deepEqual(await keysOf(store, prefix), []);
    }));

  test("gives keys in the order of their bytes, from any on, however small the pages", () =>
    withPlace(async ({ store, prefix }) => {
      for (const key of keys.toReversed()) await store.put(prefix + key, textPayload(key), signal);
      const sorted = keys.toSorted(byBytes);
      for (const limit of [1, 2, 7]) assert.deepEqual(await keysOf(store, prefix, limit), sorted, `${limit}`);
      for (const after of [...keys, "a/", "zzz", "0"]) {
        const page = await store.list({ prefix, after: prefix + after }, signal);
        const expected = sorted.filter((key) => byBytes(key, after) > 0);
        assert.deepEqual(
          page.objects.map(({ key }) => key.slice(prefix.length)),
          expected,
          JSON.stringify(after),
        );
      }
      for (const begin of ["a", "a/", "line", "line\n", "tab\t", "B", "none"]) {
        const page = await store.list({ prefix: prefix + begin }, signal);
        assert.deepEqual(
          page.objects.map(({ key }) => key.slice(prefix.length)),
          sorted.filter((key) => key.startsWith(begin)),
          JSON.stringify(begin),
        );
      }
    }));

  test("says of a listed object what it says of one alone", () =>
    withPlace(async ({ store, prefix }) => {
      for (const key of ["a", "b"]) await store.put(prefix + key, textPayload(key), signal);
      const { objects, isLast } = await store.list({ prefix }, signal);
      assert.equal(isLast, true);
      for (const { key, ...facts } of objects) {
        const alone = await store.head(key, signal);
        assert.deepEqual([facts.etag, facts.size], [alone?.etag, alone?.size]);
        assert.ok(Math.abs(facts.modifiedAt - (alone?.modifiedAt ?? 0)) < 1000);
      }
    }));
}

function testCopies(withPlace: WithStore): void {
  test("copies an object, over another too, or says that it can't", () =>
    withPlace(async ({ store, prefix }) => {
      const bytes = mixedBytes(3_000_000, "copied");
      const from = { bucket: store.bucket, key: `${prefix}gr\u00fc\u00dfe %41?` };
      assert.equal(await store.copy(from, `${prefix}b`, signal), false, "there is nothing to copy");
      await store.put(from.key, textPayload(bytes), signal);
      await store.put(`${prefix}b`, textPayload("old"), signal);
      if (!(await store.copy(from, `${prefix}b`, signal))) return;
      assert.ok((await bytesOf(store, `${prefix}b`))?.equals(bytes));
      await store.remove([from.key], signal);
      assert.ok((await bytesOf(store, `${prefix}b`))?.equals(bytes));
    }));
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
