/** How an open object of a store asks for its bytes; that they are right is in the suites of destinations. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freshPrefix, testBucket, textPayload } from "../../../../test/fixtures/buckets.ts";
import { openGcs } from "../../../../test/fixtures/gcs-buckets.ts";
import { mixedBytes } from "../../../../test/fixtures/mixed-bytes.ts";
import { type GcsServer, startGcs } from "../../../../test/servers/gcs.ts";
import type { OpenObject } from "../../../domain/ports/destination.ts";
import { openStoredObject } from "./open-object.ts";

const { signal } = new AbortController();
const kibibyte = 1024;
const bytes = mixedBytes(8 * 1024 * kibibyte, "opened");
const name = "a\xff";
let server: GcsServer;

before(async () => {
  server = await startGcs();
  server.createBucket(testBucket);
});
after(() => server?.[Symbol.asyncDispose]());

interface Opened {
  readonly object: OpenObject;
  readonly asked: [offset: number, length: number][];
  readonly replace: () => Promise<void>;
}

/** An object of a key of its own, and the ranges that it asks the store for. */
async function opened(): Promise<Opened> {
  const store = openGcs(server);
  const key = freshPrefix();
  await store.put(key, textPayload(bytes), signal);
  const asked: [number, number][] = [];
  const counting: typeof store = {
    ...store,
    get: (wantedKey, wanted, at) => {
      asked.push([wanted.offset, wanted.length]);
      return store.get(wantedKey, wanted, at);
    },
  };
  const object = await openStoredObject({ store: counting, key, name }, signal);
  return { object, asked, replace: () => store.put(key, textPayload("other"), signal) };
}

test("few bytes are asked for alone, and many in few requests", async () => {
  const { object, asked } = await opened();
  await using _closed = object;
  const few = Buffer.alloc(100);
  assert.equal(await object.read(few, 5000), 100);
  assert.deepEqual(asked, [[5000, 100]]);
  asked.length = 0;
  const all: Buffer[] = [];
  for (let position = 0; position < bytes.length;) {
    const into = Buffer.alloc(64 * kibibyte);
    const length = await object.read(into, position);
    all.push(into.subarray(0, length));
    position += length;
  }
  assert.ok(Buffer.concat(all).equals(bytes));
  assert.ok(asked.length >= 2 && asked.length <= 5, JSON.stringify(asked));
  assert.equal(
    asked.reduce((sum, [, length]) => sum + length, 0),
    bytes.length,
  );
});

test("an object that became another while it was read is Damaged, and so is one that is not there", async () => {
  const { object, replace } = await opened();
  await using _closed = object;
  await object.read(Buffer.alloc(100), 0);
  await replace();
  await assert.rejects(object.read(Buffer.alloc(100), 1000), {
    code: "Damaged",
    message: /a\\377 in gs:\/\/exports became another while it was read/,
  });
  const place = { store: openGcs(server), key: freshPrefix(), name };
  await assert.rejects(openStoredObject(place, signal), { code: "Damaged", message: /is missing/ });
});
