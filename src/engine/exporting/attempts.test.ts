import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { attemptName, type PlannedPart } from "../../domain/part.ts";
import { countAttempts } from "./attempts.ts";

const { signal } = new AbortController();

const part = (number: number, content: number): PlannedPart => ({
  number,
  key: "0".repeat(64),
  entries: 1,
  files: 1,
  content,
  startsInside: false,
  endsInside: false,
  settled: true,
  page: { object: "plan/x", size: 0, sha256: "0".repeat(64) },
});

async function counted(
  marks: readonly (readonly [number, number])[],
  parts: readonly PlannedPart[],
): Promise<{ total: number; redone: number }> {
  const destination = new MemoryDestination();
  for (const [number, attempt] of marks) await destination.mark(attemptName(number, attempt), signal);
  const { total, redone } = await countAttempts(destination, parts, signal);
  return { total, redone };
}

test("the first attempt at a part redoes nothing, every other all of it", async () => {
  const parts = [part(0, 100), part(1, 20), part(2, 3)];
  assert.deepEqual(await counted([], parts), { total: 0, redone: 0 });
  assert.deepEqual(
    await counted(
      [
        [0, 1],
        [1, 1],
        [2, 1],
      ],
      parts,
    ),
    { total: 3, redone: 0 },
  );
  assert.deepEqual(
    await counted(
      [
        [0, 1],
        [0, 2],
        [0, 3],
        [2, 1],
        [2, 2],
      ],
      parts,
    ),
    { total: 5, redone: 203 },
  );
});

test("a part that was taken over counts nothing", async () => {
  assert.deepEqual(await counted([[1, 1]], [part(0, 100), part(1, 20)]), { total: 1, redone: 0 });
});

test("numbers beyond a million and attempts beyond nine are counted", async () => {
  const marks = Array.from({ length: 12 }, (_, i) => [12_345_678, i + 1] as const);
  assert.deepEqual(await counted(marks, [part(12_345_678, 10)]), { total: 12, redone: 110 });
});
