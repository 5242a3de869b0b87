import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { textPayload } from "../../test/fixtures/buckets.ts";
import { memoryStore } from "../../test/fixtures/memory-store.ts";
import { mixedBytes } from "../../test/fixtures/mixed-bytes.ts";
import type { ObjectContent, ObjectStore } from "../domain/ports/object-store.ts";
import { createRequestTurns, requestTurnsOf } from "./request-turns.ts";
import { withLimits } from "./store-limits.ts";
import { withRetries } from "./store-retries.ts";

const { signal } = new AbortController();
const everything = { offset: 0, length: 2 ** 30 };
const turns = (most: number) => requestTurnsOf(createRequestTurns(most));

async function opened(store: ObjectStore, key: string): Promise<ObjectContent> {
  const content = await store.get(key, everything, signal);
  return typeof content === "object" ? content : assert.fail();
}

describe("a limit of requests", () => {
  test("is kept, whatever is asked, and without one the store is the same", async () => {
    let running = 0;
    let most = 0;
    const slow = memoryStore({
      onRequest: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
      },
    });
    assert.equal(withLimits(slow, {}), slow);
    const store = withLimits(slow, { turns: turns(3) });
    const calls = Array.from({ length: 30 }, (_, i) => [
      store.put(`k${i}`, textPayload("x"), signal),
      store.head(`k${i}`, signal),
      store.list({ prefix: "" }, signal),
    ]);
    await Promise.all(calls.flat());
    assert.equal(most, 3);
  });

  test("gives every turn back: of bytes that are read, left, failed, or never looked at", async () => {
    let closed = 0;
    const inner = memoryStore({ chunk: 10, onClosed: () => closed++ });
    const store = withLimits(inner, { turns: turns(1), lendAfter: 1 });
    await store.put("k", textPayload(mixedBytes(100, "k")), signal);
    await Array.fromAsync((await opened(store, "k")).bytes);
    for await (const _ of (await opened(store, "k")).bytes) break;
    assert.equal(closed, 2);
    const unread = await opened(store, "k");
    assert.equal((await store.head("k", signal))?.size, 100);
    assert.equal(await store.get("none", everything, signal), undefined);
    assert.equal(await store.get("k", { ...everything, ifMatch: "other" }, signal), "changed");
    await assert.rejects(store.head("k", AbortSignal.abort(new Error("enough"))), { message: "enough" });
    // The bytes that were lent out go on when somebody reads them after all.
    assert.equal(Buffer.concat(await Array.fromAsync(unread.bytes)).length, 100);
    const controller = new AbortController();
    const content = await store.get("k", everything, controller.signal);
    assert.ok(typeof content === "object");
    const reading = async (): Promise<void> => {
      for await (const _ of content.bytes) {
        controller.abort(new Error("stopped"));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await assert.rejects(reading, { message: "stopped" });
    assert.equal((await store.head("k", signal))?.size, 100);
  });

  test("is no trap for a reader that asks for more while it reads", async () => {
    const store = withLimits(memoryStore({ chunk: 10 }), { turns: turns(1), lendAfter: 1 });
    await store.put("k", textPayload(mixedBytes(50, "k")), signal);
    let asked = 0;
    for await (const _ of (await opened(store, "k")).bytes)
      for await (const _inner of (await opened(store, "k")).bytes) asked++;
    assert.equal(asked, 25);
  });

  test("is not held by bytes that a retried call left before it read the first", async () => {
    let closed = 0;
    const policy = { attempts: 2, firstPause: 1, longestPause: 1, budget: 5, random: () => 0 };
    const limited = withLimits(memoryStore({ onClosed: () => closed++ }), {
      turns: turns(1),
      lendAfter: 3_600_000,
    });
    const store = withRetries(limited, policy);
    await store.put("k", textPayload("bytes"), signal);
    for (let i = 0; i < 3; i++) await (await opened(store, "k")).bytes[Symbol.asyncIterator]().return?.();
    assert.equal(closed, 3);
    assert.equal((await store.head("k", signal))?.size, 5);
  });
});

test("every byte is paced once, both ways", async () => {
  const paced: number[] = [];
  const pace = async (bytes: number): Promise<void> => void paced.push(bytes);
  const store = withLimits(memoryStore({ chunk: 70_000 }), { pace });
  const bytes = mixedBytes(300_001, "k");
  const sum = (): number => paced.splice(0).reduce((total, one) => total + one, 0);
  await store.put("k", textPayload(bytes), signal);
  assert.equal(sum(), bytes.length);
  const found = Buffer.concat(await Array.fromAsync((await opened(store, "k")).bytes));
  assert.ok(found.equals(bytes));
  assert.equal(sum(), bytes.length);
});
