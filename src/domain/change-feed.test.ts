import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createChangeFeed } from "./change-feed.ts";

async function take(changes: AsyncIterable<string>, count: number): Promise<string[]> {
  const heard: string[] = [];
  for await (const uid of changes) if (heard.push(uid) === count) break;
  return heard;
}

describe("a feed of changes", () => {
  test("tells each follower of what changed since it follows, each export once", async () => {
    const feed = createChangeFeed();
    const { signal } = new AbortController();
    feed.announce("before");
    const first = feed.follow(signal);
    for (const uid of ["a", "b", "a", "a"]) feed.announce(uid);
    const second = feed.follow(signal);
    for (const uid of ["b", "c"]) feed.announce(uid);
    assert.deepEqual(await take(first, 3), ["a", "b", "c"]);
    assert.deepEqual(await take(second, 2), ["b", "c"]);
  });

  test("wakes who waits, and tells again what changed after it was told", async () => {
    const feed = createChangeFeed();
    const changes = feed.follow(new AbortController().signal)[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) {
      const next = changes.next();
      await Promise.resolve();
      feed.announce("a");
      assert.deepEqual(await next, { done: false, value: "a" });
    }
  });

  test("ends with the reason of whoever cancels, waiting or not", async () => {
    const feed = createChangeFeed();
    const controller = new AbortController();
    const waiting = take(feed.follow(controller.signal), 1);
    const later = feed.follow(controller.signal);
    feed.announce("a");
    assert.deepEqual(await waiting, ["a"]);
    controller.abort(new Error("enough"));
    await assert.rejects(take(later, 1), { message: "enough" });
    await assert.rejects(take(feed.follow(controller.signal), 1), { message: "enough" });
  });
});
