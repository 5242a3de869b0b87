import assert from "node:assert/strict";
import { test } from "node:test";
import { createPatience, type Lane } from "./patience.ts";
import { trouble } from "./trouble.ts";

const { signal } = new AbortController();
const cut = trouble("the connection was cut", { cause: new Error("ECONNRESET") });

function sample(): { newLane: () => Lane; waits: number[]; waiting: (string | undefined)[] } {
  const waits: number[] = [];
  const waiting: (string | undefined)[] = [];
  const { newLane } = createPatience({
    timing: {
      now: () => 0,
      random: () => 1,
      sleep: async (milliseconds) => void waits.push(milliseconds),
      stallMs: 1,
    },
    subject: "http://h/d/n/x/x.tar",
    onWaiting: (what) => void waiting.push(what),
  });
  return { newLane, waits, waiting };
}

async function failures(lane: Lane, count: number, what = cut): Promise<void> {
  for (let i = 0; i < count; i++) await lane.failed(what, signal);
}

test("gives up after ten tries in a row without a byte", async () => {
  const { newLane, waits } = sample();
  const lane = newLane();
  lane.progressed();
  await failures(lane, 9);
  assert.deepEqual(waits, [125, 250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000]);
  await assert.rejects(lane.failed(cut, signal), {
    code: "DownloadIncomplete",
    message: "http://h/d/n/x/x.tar: 10 tries in a row brought nothing, at last the connection was cut",
    cause: cut.cause,
  });
});

test("a byte makes it begin anew", async () => {
  const { newLane, waits } = sample();
  const lane = newLane();
  for (let i = 0; i < 3; i++) {
    lane.progressed();
    await failures(lane, 9);
  }
  assert.equal(waits.filter((wait) => wait === 125).length, 3);
});

test("a connection too many does not end those that go on", async () => {
  const { newLane, waits } = sample();
  const [good, refused] = [newLane(), newLane()];
  for (let i = 0; i < 50; i++) {
    good.progressed();
    await refused.failed(trouble("the server answered 429"), signal);
  }
  assert.equal(waits.at(-1), 30_000);
  await assert.rejects(failures(refused, 10), { code: "DownloadIncomplete" });
});

test("a server that never answered is unreachable, and an unknown one sooner", async () => {
  const { newLane, waits } = sample();
  await assert.rejects(failures(newLane(), 10), { code: "ServerUnreachable" });
  assert.equal(waits.length, 9);
  const unknown = trouble("ENOTFOUND", { isUnknownHost: true });
  await assert.rejects(failures(newLane(), 3, unknown), { code: "ServerUnreachable" });
});

test("an unfinished export is waited for as long as it takes", async () => {
  const { newLane, waits, waiting } = sample();
  const lane = newLane();
  await failures(lane, 100, trouble("the export is not finished", { waitMs: 2000, isWaiting: true }));
  assert.ok(waits.every((wait) => wait >= 2000 && wait <= 2200));
  lane.progressed();
  assert.deepEqual(waiting.slice(-2), ["the export is not finished", undefined]);
});
