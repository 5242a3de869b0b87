import assert from "node:assert/strict";
import { test } from "node:test";
import { textPayload } from "../../test/fixtures/buckets.ts";
import { memoryStore } from "../../test/fixtures/memory-store.ts";
import { LongshoreError } from "../domain/errors.ts";
import { type StoreMeter, withMetrics } from "./store-metrics.ts";
import { withRetries } from "./store-retries.ts";

const { signal } = new AbortController();
const everything = { offset: 0, length: 2 ** 30 };

test("every attempt is counted with its outcome and time, and every byte with its direction", async () => {
  const said: string[] = [];
  const moved: Record<string, number> = { in: 0, out: 0 };
  let time = 0;
  const meter: StoreMeter = {
    requested: ({ scheme, operation, outcome, seconds }) =>
      void said.push(`${scheme} ${operation} ${outcome} ${seconds}`),
    moved: ({ direction, bytes }) => (moved[direction] = (moved[direction] ?? 0) + bytes),
  };
  let busy = 0;
  const inner = memoryStore({
    chunk: 4,
    onRequest: () => {
      time += 500;
      if (busy-- > 0) throw new LongshoreError("StoreBusy", "too much");
    },
  });
  const policy = { attempts: 5, firstPause: 1, longestPause: 1, budget: 9, random: () => 0 };
  const store = withRetries(
    withMetrics(inner, meter, () => time),
    policy,
  );
  busy = 2;
  await store.put("k", textPayload("0123456789"), signal);
  const content = await store.get("k", everything, signal);
  assert.ok(typeof content === "object");
  for await (const _ of content.bytes) {
    time += 1000;
    if (moved["in"] === 8) break;
  }
  await store.get("none", everything, signal);
  const controller = new AbortController();
  controller.abort(new Error("enough"));
  await assert.rejects(store.head("k", controller.signal), { message: "enough" });
  assert.deepEqual(said, [
    "memory put StoreBusy 0.5",
    "memory put StoreBusy 0.5",
    "memory put ok 0.5",
    "memory get ok 2.5",
    "memory get ok 0.5",
    "memory head cancelled 0",
  ]);
  assert.deepEqual(moved, { in: 8, out: 10 });
});
