import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { optionsOf } from "../../test/fixtures/packing.ts";
import type { PackProgress, PackTask } from "../domain/pack-task.ts";
import type { PackPool } from "../domain/ports/pack-pool.ts";
import { startPackPool } from "./pack-pool.ts";

const { signal } = new AbortController();
const program = new URL("../../test/fixtures/pool-worker.ts", import.meta.url);

function startPool(
  workers: number,
  given: { source?: string; onProgress?: (progress: PackProgress) => void; grace?: number } = {},
): PackPool {
  const { source = "/source", onProgress = () => undefined, ...more } = given;
  return startPackPool(program, {
    job: { source, destination: "/x", options: optionsOf(), resumed: false },
    workers,
    onProgress,
    ...more,
  });
}

function task(number: number, key: string): PackTask {
  const page = { object: "plan/x", size: 0, sha256: "" };
  const part = {
    number,
    key,
    entries: 1,
    files: 1,
    content: 100 + number,
    startsInside: false,
    endsInside: false,
    settled: true,
    page,
  };
  return { part };
}

const threads = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "MessagePort" || name === "Worker").length;

describe("a pool of threads", () => {
  test("gives each part's outcome to whoever asked, in whatever order they become safe", async () => {
    const progress = { bytes: 0, files: 0 };
    await using pool = startPool(2, {
      onProgress: ({ bytes, files }) => {
        progress.bytes += bytes;
        progress.files += files;
      },
    });
    const keys = Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? "late" : "well"));
    const outcomes = await Promise.all(keys.map((key, i) => pool.pack(task(i, key), signal)));
    assert.deepEqual(
      outcomes,
      keys.map((_, i) => ({ number: i, size: 100 + i, differences: 0, way: "packed" })),
    );
    const done = keys.flatMap((key, i) => (key === "well" ? [100 + i] : []));
    assert.deepEqual(progress, { bytes: done.reduce((sum, size) => sum + size, 0), files: done.length });
  });

  test("gives an error of the catalogue back as one, and goes on", async () => {
    await using pool = startPool(1);
    await assert.rejects(pool.pack(task(0, "full"), signal), {
      name: "LongshoreError",
      code: "DestinationFull",
      message: "the destination is full",
      hint: "make room",
    });
    await assert.rejects(pool.pack(task(1, "fails late"), signal), { code: "DestinationGone" });
    await assert.rejects(
      pool.pack(task(2, "flaw"), signal),
      (error: Error) => /a flaw of ours/.test(error.message) && /pool-worker/.test(error.stack ?? ""),
    );
    assert.equal((await pool.pack(task(3, "well"), signal)).number, 3);
  });

  test("whose workers can't start says why, whenever it is asked", async () => {
    await using pool = startPool(2, { source: "/gone" });
    await new Promise((wake) => setTimeout(wake, 300));
    for (const number of [0, 1, 2])
      await assert.rejects(pool.pack(task(number, "well"), signal), { code: "SourceNotFound" });
  });

  for (const key of ["dies", "throws"]) {
    const ends = { timeout: 60_000 };
    test(
      `with a worker that ${key} loses its parts and all that wait, and waits for nothing`,
      ends,
      async () => {
        await using pool = startPool(1, { grace: 2 ** 30 });
        const asked = [
          pool.pack(task(0, key), signal),
          pool.pack(task(1, "well"), signal),
          pool.pack(task(2, "well"), signal),
        ];
        for (const outcome of await Promise.allSettled(asked))
          assert.ok(
            outcome.status === "rejected" && (outcome.reason as { code?: string }).code === "WorkerLost",
          );
        await assert.rejects(pool.pack(task(3, "well"), signal), { code: "WorkerLost" });
      },
    );
  }

  test("lets go of a part when that is cancelled, and of no other", async () => {
    await using pool = startPool(1);
    const controller = new AbortController();
    const hanging = pool.pack(task(0, "late"), controller.signal);
    const waiting = pool.pack(task(1, "well"), controller.signal);
    const other = pool.pack(task(2, "well"), signal);
    controller.abort(new Error("enough"));
    await assert.rejects(hanging, { message: "enough" });
    await assert.rejects(waiting, { message: "enough" });
    assert.equal((await other).number, 2);
    await assert.rejects(pool.pack(task(3, "well"), controller.signal), { message: "enough" });
  });
});

describe("a disposed pool", () => {
  for (const key of ["well", "hangs", "never ends"]) {
    test(`has no thread left though a part ${key === "well" ? "was done" : key}`, async () => {
      const before = threads();
      const pool = startPool(2);
      assert.ok(threads() > before);
      const asked = pool.pack(task(0, key), signal);
      const settled = Promise.allSettled([
        asked,
        pool.pack(task(1, key), signal),
        pool.pack(task(2, key), signal),
      ]);
      if (key === "well") await settled;
      await pool[Symbol.asyncDispose]();
      for (const { status } of await settled) assert.equal(status, key === "well" ? "fulfilled" : "rejected");
      assert.equal(threads(), before);
      await pool[Symbol.asyncDispose]();
    });
  }

  test("without any work ends too", async () => {
    const before = threads();
    await startPool(3)[Symbol.asyncDispose]();
    assert.equal(threads(), before);
  });
});
