import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObjectStore } from "../../../domain/ports/object-store.ts";
import { readRecord } from "./read-record.ts";

const { signal } = new AbortController();
const md5OfA = "0cc175b9c0f1b6a831c399e269772661";

/** A store that answers with one after the other. */
function storeOf(...answers: { text: string; md5?: string; size?: number }[]) {
  let asked = 0;
  const store = {
    displayed: "s3://bucket",
    get: async () => {
      const answer = answers[asked++];
      if (answer === undefined) return undefined;
      const { text, md5, size = text.length } = answer;
      const facts = { size, etag: "x", modifiedAt: 0 };
      return { facts, md5, bytes: [Buffer.from(text)] };
    },
  } as unknown as ObjectStore;
  return { read: () => readRecord(store, "k", signal), asked: () => asked };
}

test("what comes is taken where the store says nothing else of it", async () => {
  assert.equal(String(await storeOf({ text: "b" }).read()), "b");
  assert.equal(String(await storeOf({ text: "a", md5: md5OfA }).read()), "a");
  assert.equal(await storeOf().read(), undefined);
});

test("other bytes are asked for again, and never taken", async () => {
  const mended = storeOf({ text: "b", md5: md5OfA }, { text: "", size: 1 }, { text: "a", md5: md5OfA });
  assert.equal(String(await mended.read()), "a");
  const wrong = { text: "b", md5: md5OfA };
  const broken = storeOf(wrong, wrong, wrong, wrong);
  await assert.rejects(broken.read(), { code: "StoreFailed", message: /other bytes than it has \(at k\)/ });
  assert.equal(broken.asked(), 3);
});
