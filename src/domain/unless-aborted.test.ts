import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { unlessAborted } from "./unless-aborted.ts";

const endless = (): Promise<never> => Promise.withResolvers<never>().promise;
const reason = new Error("enough");

test("gives what the work gives, or throws what it throws, and listens no longer", async () => {
  const { signal } = new AbortController();
  assert.equal(await unlessAborted(Promise.resolve(7), signal), 7);
  await assert.rejects(unlessAborted(Promise.reject(new Error("broken")), signal), { message: "broken" });
  assert.deepEqual(getEventListeners(signal, "abort"), []);
});

test("an abort ends the waiting, and what the work still throws is nobody's", async () => {
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const waiting = unlessAborted(promise, controller.signal);
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  reject(new Error("too late"));
});

test("a signal that is aborted already ends it at once, whatever became of the work", async () => {
  const signal = AbortSignal.abort(reason);
  for (const work of [endless(), Promise.resolve(7), Promise.reject(new Error("broken"))])
    await assert.rejects(unlessAborted(work, signal), reason);
});
