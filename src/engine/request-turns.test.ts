import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { createRequestTurns, requestTurnsOf } from "./request-turns.ts";

const { signal } = new AbortController();

describe("turns", () => {
  test("are as many as allowed at once, in the order in which they were asked for", async () => {
    const turns = requestTurnsOf(createRequestTurns(2));
    const order: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const release = await turns.take(signal);
        order.push(i);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        release();
        release();
      }),
    );
    assert.equal(most, 2);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
  });

  test("that are waited for in vain are passed on", async () => {
    const turns = requestTurnsOf(createRequestTurns(1));
    const release = await turns.take(signal);
    const controllers = [1, 2, 3].map(() => new AbortController());
    const waiting = controllers.map((controller) => turns.take(controller.signal));
    for (const controller of controllers) controller.abort(new Error("enough"));
    for (const one of waiting) await assert.rejects(one, { message: "enough" });
    const next = turns.take(signal);
    release();
    (await next)();
    (await turns.take(signal))();
    await assert.rejects(turns.take(AbortSignal.abort(new Error("before"))), { message: "before" });
    (await turns.take(signal))();
  });

  test("are those of all threads together, and no thread is passed over", async () => {
    const buffer = createRequestTurns(2);
    const seen = new SharedArrayBuffer(8);
    const program = `
      import { workerData, parentPort } from "node:worker_threads";
      const { requestTurnsOf } = await import(workerData.module);
      const turns = requestTurnsOf(workerData.buffer);
      const cells = new Int32Array(workerData.seen);
      const { signal } = new AbortController();
      for (let i = 0; i < 200; i++) {
        const release = await turns.take(signal);
        const now = Atomics.add(cells, 0, 1) + 1;
        for (let most = Atomics.load(cells, 1); now > most; most = Atomics.load(cells, 1))
          Atomics.compareExchange(cells, 1, most, now);
        await new Promise((resolve) => setImmediate(resolve));
        Atomics.sub(cells, 0, 1);
        release();
      }
      parentPort.postMessage("done");`;
    const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
    const module = new URL("request-turns.ts", import.meta.url).href;
    const workers = [1, 2, 3, 4].map(() => new Worker(url, { workerData: { buffer, seen, module } }));
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            worker.on("exit", () => resolve());
            worker.on("error", reject);
          }),
      ),
    );
    assert.deepEqual([...new Int32Array(seen)], [0, 2]);
  });
});
