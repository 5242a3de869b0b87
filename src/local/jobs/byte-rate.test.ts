import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { createByteRate, paceBy } from "./byte-rate.ts";

const { signal } = new AbortController();

/** Milliseconds that `use` took. */
async function timed(use: () => Promise<unknown>): Promise<number> {
  const began = process.hrtime.bigint();
  await use();
  return Number(process.hrtime.bigint() - began) / 1e6;
}

describe("a shared limit of bytes per second", () => {
  test("lets what is below it pass, and makes the rest wait its time", async () => {
    const pace = paceBy(createByteRate(1_000_000));
    const taken = await timed(async () => {
      for (let i = 0; i < 10; i++) await pace(60_000, signal);
    });
    // 600,000 bytes are 0.6 s, of which a rested bucket gives a quarter of a second at once.
    assert.ok(taken >= 340, `${taken} ms`);
  });

  test("is kept to by many at once as by one", async () => {
    const pace = paceBy(createByteRate(1_000_000));
    const taken = await timed(() => Promise.all(Array.from({ length: 12 }, () => pace(50_000, signal))));
    assert.ok(taken >= 340, `${taken} ms`);
  });

  test("is kept to by all threads together", async () => {
    const rate = createByteRate(1_000_000);
    const program = `
      const { workerData } = require("node:worker_threads");
      const { signal } = new AbortController();
      import(workerData.module).then(async ({ paceBy }) => {
        const pace = paceBy(workerData.rate);
        for (let i = 0; i < 6; i++) await pace(50_000, signal);
      });`;
    const module = new URL("byte-rate.ts", import.meta.url).href;
    const taken = await timed(() =>
      Promise.all(
        [0, 1].map(async () => {
          const worker = new Worker(program, { eval: true, workerData: { module, rate } });
          const [code] = (await once(worker, "exit")) as [number];
          assert.equal(code, 0);
        }),
      ),
    );
    assert.ok(taken >= 340, `${taken} ms`);
  });

  test("ends its waiting with the reason of whoever cancels", async () => {
    const pace = paceBy(createByteRate(1));
    const controller = new AbortController();
    const waiting = pace(2 ** 40, controller.signal);
    controller.abort(new Error("enough"));
    await assert.rejects(waiting, { message: "enough" });
    await assert.rejects(pace(1, controller.signal), { message: "enough" });
  });

  test("costs nothing where nothing was read", async () => {
    await paceBy(createByteRate(1))(0, signal);
  });
});
