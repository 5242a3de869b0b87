import assert from "node:assert/strict";
import { test } from "node:test";
import { inTurns } from "./in-turns.ts";

const { signal } = new AbortController();
const items = Array.from({ length: 100 }, (_, i) => i);

test("gives the results in the order of the items, never more at once than it may", async () => {
  let running = 0;
  let most = 0;
  const run = async (item: number): Promise<number> => {
    most = Math.max(most, ++running);
    for (let i = 0; i < (item * 7) % 5; i++) await Promise.resolve();
    running--;
    return item * 2;
  };
  assert.deepEqual(
    await inTurns(items, 4, run, signal),
    items.map((item) => item * 2),
  );
  assert.equal(most, 4);
  assert.deepEqual(await inTurns([], 4, run, signal), []);
});

test("does all that can be done, and then says what could not", async () => {
  const done: number[] = [];
  const run = async (item: number): Promise<void> => {
    await Promise.resolve();
    if (item % 3 === 0) throw new Error(`${item}`);
    done.push(item);
  };
  await assert.rejects(inTurns(items, 4, run, signal), { message: "0" });
  assert.deepEqual(
    done.toSorted((a, b) => a - b),
    items.filter((item) => item % 3 !== 0),
  );
});

test("ends soon where nothing can be done, and at once where it is cancelled", async () => {
  let count = 0;
  const failing = async (): Promise<void> => {
    count++;
    await Promise.resolve();
    throw new Error("no");
  };
  await assert.rejects(inTurns(items, 4, failing, signal), { message: "no" });
  assert.ok(count < 20, `${count}`);
  const controller = new AbortController();
  const seen: number[] = [];
  const cancelling = async (item: number): Promise<void> => {
    seen.push(item);
    await Promise.resolve();
    controller.abort(new Error("enough"));
  };
  await assert.rejects(inTurns(items, 4, cancelling, controller.signal), { message: "enough" });
  assert.deepEqual(seen, [0, 1, 2, 3]);
});
