import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { ahead } from "./ahead.ts";

const numbers = Array.from({ length: 20 }, (_, i) => i);

test("gives results in order, with no more at once than it may", async () => {
  let running = 0;
  let most = 0;
  const results = await Array.fromAsync(
    ahead(numbers, 4, async (number) => {
      most = Math.max(most, ++running);
      for (let turns = number % 3; turns >= 0; turns--) await setImmediate();
      running--;
      return number * 2;
    }),
  );
  assert.deepEqual(
    results,
    numbers.map((number) => number * 2),
  );
  assert.equal(most, 4);
});

test("throws a failure in its turn, after what came before, and leaves nothing running", async () => {
  const seen: number[] = [];
  let running = 0;
  const read = async (): Promise<void> => {
    const work = async (number: number): Promise<number> => {
      running++;
      await setImmediate();
      running--;
      if (number === 5) throw new Error("five");
      return number;
    };
    for await (const number of ahead(numbers, 8, work)) seen.push(number);
  };
  await assert.rejects(read, { message: "five" });
  assert.deepEqual(seen, [0, 1, 2, 3, 4]);
  assert.equal(running, 0);
});
