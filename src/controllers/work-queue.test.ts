import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { ManualClock } from "../../test/fixtures/manual-clock.ts";
import { backOff, createWorkQueue, systemSchedule, type WorkQueue } from "./work-queue.ts";

/** A queue whose every piece of work is let go by the test. */
function workshop(parallel = 1, random = () => 1) {
  const clock = new ManualClock();
  const queue = createWorkQueue({ clock, random, schedule: clock.schedule });
  const controller = new AbortController();
  const begun: string[] = [];
  const open: { key: string; finish: () => void }[] = [];
  const ended = queue.run(
    async (key) => {
      begun.push(key);
      const { promise, resolve } = Promise.withResolvers<void>();
      open.push({ key, finish: resolve });
      await promise;
    },
    parallel,
    controller.signal,
  );
  const finish = async (key: string): Promise<void> => {
    const at = open.findIndex((work) => work.key === key);
    assert.notEqual(at, -1, `${key} is not being worked on`);
    open.splice(at, 1)[0]?.finish();
    await setImmediate();
  };
  return { clock, queue, controller, begun, ended, finish, open };
}

async function close({ controller, ended, open }: ReturnType<typeof workshop>): Promise<void> {
  controller.abort();
  for (const { finish } of open) finish();
  await ended;
}

describe("the work queue", () => {
  test("works on a key once, however often it was added before", async () => {
    const shop = workshop();
    for (const key of ["a", "b", "a", "a"]) shop.queue.add(key);
    await setImmediate();
    await shop.finish("a");
    await shop.finish("b");
    assert.deepEqual(shop.begun, ["a", "b"]);
    await close(shop);
  });

  test("works on a key that is added meanwhile once more afterwards, and never twice at once", async () => {
    const shop = workshop(4);
    shop.queue.add("a");
    await setImmediate();
    for (let i = 0; i < 3; i++) shop.queue.add("a");
    await setImmediate();
    assert.deepEqual(shop.begun, ["a"]);
    await shop.finish("a");
    assert.deepEqual(shop.begun, ["a", "a"]);
    await shop.finish("a");
    assert.deepEqual(shop.begun, ["a", "a"]);
    await close(shop);
  });

  test("works on as many keys at a time as it may", async () => {
    const shop = workshop(2);
    for (const key of ["a", "b", "c"]) shop.queue.add(key);
    await setImmediate();
    assert.deepEqual(shop.begun, ["a", "b"]);
    await shop.finish("b");
    assert.deepEqual(shop.begun, ["a", "b", "c"]);
    await close(shop);
  });

  test("waits as long as it was told, by the earliest wish", async () => {
    const shop = workshop();
    shop.queue.addAfter("a", 5000);
    shop.queue.addAfter("a", 2000);
    shop.queue.addAfter("a", 9000);
    assert.deepEqual(shop.clock.waits(), [2000]);
    shop.clock.advance(1999);
    await setImmediate();
    assert.deepEqual(shop.begun, []);
    shop.clock.advance(1);
    await setImmediate();
    assert.deepEqual(shop.begun, ["a"]);
    await close(shop);
  });

  test("forgets a delay when the key is added, and takes one that is over as none", async () => {
    const shop = workshop();
    shop.queue.addAfter("a", 5000);
    shop.queue.add("a");
    shop.queue.addAfter("b", 0);
    assert.deepEqual(shop.clock.waits(), []);
    await setImmediate();
    await shop.finish("a");
    assert.deepEqual(shop.begun, ["a", "b"]);
    await close(shop);
  });

  test("waits for years in steps that a timer can take", async () => {
    const shop = workshop();
    shop.queue.addAfter("a", 10 * 365 * 86_400_000);
    assert.deepEqual(shop.clock.waits(), [2 ** 31 - 1]);
    await close(shop);
  });

  const waitsOf = (random: number, failures: number): number[] => {
    const clock = new ManualClock();
    const queue = createWorkQueue({ clock, random: () => random, schedule: clock.schedule });
    return Array.from({ length: failures }, () => {
      queue.addAfterFailure("a");
      const [wait = assert.fail()] = clock.waits();
      queue.add("a");
      return wait;
    });
  };

  test("waits longer after each failure, up to five minutes, and less by the random", () => {
    assert.deepEqual(
      waitsOf(1, 11),
      [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1000),
    );
    assert.deepEqual(waitsOf(0, 3), [500, 1000, 2000]);
    assert.equal(backOff(5000), 300_000);
  });

  test("begins again with the first back-off when a key did well", () => {
    const clock = new ManualClock();
    const queue: WorkQueue = createWorkQueue({ clock, random: () => 1, schedule: clock.schedule });
    for (let i = 0; i < 4; i++) queue.addAfterFailure("a");
    queue.add("a");
    queue.succeeded("a");
    queue.addAfterFailure("a");
    assert.deepEqual(clock.waits(), [1000]);
  });

  test("cancelled, begins nothing more, drops its timers, and ends with the last piece of work", async () => {
    const shop = workshop();
    for (const key of ["a", "b"]) shop.queue.add(key);
    shop.queue.addAfter("c", 1000);
    await setImmediate();
    shop.controller.abort();
    let hasEnded = false;
    const watched = shop.ended.then(() => {
      hasEnded = true;
    });
    await setImmediate();
    assert.equal(hasEnded, false);
    await shop.finish("a");
    await watched;
    assert.deepEqual(shop.begun, ["a"]);
    assert.deepEqual(shop.clock.waits(), []);
  });

  test("cancelled before it has anything to do, ends", async () => {
    const shop = workshop(3);
    await close(shop);
    assert.deepEqual(shop.begun, []);
  });
});

test("the system's timers go off, unless they are called off", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const callOff = systemSchedule(1, () => resolve("called off too late"));
  callOff();
  const keepAlive = setInterval(() => undefined, 1000);
  systemSchedule(20, () => resolve("went off"));
  assert.equal(await promise, "went off");
  clearInterval(keepAlive);
});
