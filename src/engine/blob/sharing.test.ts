import assert from "node:assert/strict";
import { test } from "node:test";
import { ChunkCache } from "./chunk-cache.ts";
import { bytesSegment } from "./bytes-segment.ts";
import { DecoderSlots, withSlot } from "./decoder-slots.ts";
import { SharedLoad } from "./shared-load.ts";

const { signal } = new AbortController();

async function copy(cache: ChunkCache, key: string, make: () => Uint8Array): Promise<Buffer> {
  const into = Buffer.alloc(10);
  const length = await cache.copy({ key, make: async () => make() }, { into, from: 1 }, signal);
  return into.subarray(0, length);
}

test("chunks are made once while there is room, and the one used longest ago goes first", async () => {
  const cache = new ChunkCache(20);
  const made: string[] = [];
  const get = (key: string) =>
    copy(cache, key, () => {
      made.push(key);
      return Buffer.from(key.repeat(8));
    });
  for (const key of ["a", "b", "a", "c", "a", "b"]) assert.equal((await get(key)).toString(), key.repeat(7));
  assert.deepEqual(made, ["a", "b", "c", "b"]);
  assert.equal(cache.held, 16);
  // Larger than everything together: it is given, and the others go.
  assert.equal((await copy(cache, "x", () => Buffer.alloc(100))).length, 10);
  assert.equal(cache.held, 100);
  await get("a");
  assert.equal(cache.held, 8);
});

test("two that make the same chunk at once count it once", async () => {
  const cache = new ChunkCache(100);
  await Promise.all(["a", "a", "a"].map((key) => copy(cache, key, () => Buffer.alloc(8))));
  assert.equal(cache.held, 8);
});

test("a chunk that can't be made is an error, and not kept", async () => {
  const cache = new ChunkCache(100);
  const failing = () => {
    throw new Error("no");
  };
  await assert.rejects(copy(cache, "a", failing), /no/);
  assert.equal((await copy(cache, "a", () => Buffer.from("1234"))).toString(), "234");
});

/** A load that the test ends. */
function controlled() {
  const runs: { signal: AbortSignal; resolve: (value: string) => void; reject: (error: Error) => void }[] =
    [];
  const load = new SharedLoad<string>((inner) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    runs.push({ signal: inner, resolve, reject });
    return promise;
  });
  return { load, runs };
}

test("all who wait get what one loading gives, and later ones too", async () => {
  const { load, runs } = controlled();
  const waiting = [load.get(signal), load.get(signal)];
  runs[0]?.resolve("value");
  assert.deepEqual(await Promise.all([...waiting, load.get(signal)]), ["value", "value", "value"]);
  assert.equal(runs.length, 1);
});

test("who gives up does not take the others with him; when all do, the loading ends", async () => {
  const { load, runs } = controlled();
  const [one, two, three] = [new AbortController(), new AbortController(), new AbortController()];
  const first = load.get(one.signal);
  const second = load.get(two.signal);
  one.abort(new Error("one"));
  await assert.rejects(first, /one/);
  assert.equal(runs[0]?.signal.aborted, false);
  two.abort(new Error("two"));
  await assert.rejects(second, /two/);
  assert.equal(runs[0]?.signal.aborted, true);
  const third = load.get(three.signal);
  runs[1]?.resolve("value");
  assert.equal(await third, "value");
  await assert.rejects(load.get(one.signal), /one/);
});

test("a failure is told to all and not kept", async () => {
  const { load, runs } = controlled();
  const waiting = [load.get(signal), load.get(signal)];
  runs[0]?.reject(new Error("no"));
  for (const result of await Promise.allSettled(waiting)) assert.equal(result.status, "rejected");
  const again = load.get(signal);
  runs[1]?.resolve("value");
  assert.equal(await again, "value");
});

test("a reader has its slot from the first read until it is closed", async () => {
  const slots = new DecoderSlots(1);
  const open = () => withSlot(bytesSegment(Buffer.from("content")).open(), slots);
  const [first, second] = [open(), open()];
  const into = Buffer.alloc(3);
  for (const position of [0, 3, 6]) await first.read(into, position, signal);
  await assert.rejects(second.read(into, 0, signal), { code: "TooManyRequests" });
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  assert.equal(await second.read(into, 0, signal), 3);
  await assert.rejects(open().read(into, 0, signal), { code: "TooManyRequests" });
  await second[Symbol.asyncDispose]();
});
