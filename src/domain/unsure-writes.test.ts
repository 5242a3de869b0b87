import assert from "node:assert/strict";
import { test } from "node:test";
import type { Payload } from "./ports/object-store.ts";
import { unsureWrites } from "./unsure-writes.ts";

const payload = (sha256: string): Payload => ({ size: 1, sha256, open: () => new Uint8Array(1) });

function place() {
  let last = 0;
  const writes = unsureWrites(() => `${++last}`);
  const write = (key: string, sha256: string, fails = false): Promise<string> =>
    writes(key, payload(sha256), async (id, isAgain) => {
      await Promise.resolve();
      if (fails) throw new Error(id);
      return isAgain ? `${id} again` : id;
    });
  return { write, fail: (key: string, sha256: string) => assert.rejects(write(key, sha256, true)) };
}

test("the repetition of a failed write has its id, as often as it fails", async () => {
  const { write, fail } = place();
  await fail("a", "x");
  await fail("a", "x");
  assert.equal(await write("a", "x"), "1 again");
  assert.equal(await write("a", "x"), "2");
});

test("other bytes, or another key, are somebody else's", async () => {
  const { write, fail } = place();
  await fail("a", "x");
  assert.equal(await write("a", "y"), "2");
  assert.equal(await write("b", "x"), "3");
  assert.equal(await write("a", "x"), "1 again");
});

test("of two at the same time only one repeats", async () => {
  const { write, fail } = place();
  await fail("a", "x");
  assert.deepEqual(await Promise.all([write("a", "x"), write("a", "x")]), ["1 again", "2"]);
});
