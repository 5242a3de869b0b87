import assert from "node:assert/strict";
import { once } from "node:events";
import { Readable } from "node:stream";
import { test } from "node:test";
import { type SentBody, sendBody } from "./streamed-body.ts";

const { signal } = new AbortController();

/** As an SDK: pipes what it is given, and fails in its own words where it is told to stop. */
async function send(body: SentBody, abortSignal: AbortSignal): Promise<never> {
  assert.ok(body instanceof Readable);
  body.resume();
  await once(abortSignal, "abort");
  throw new Error("The operation was aborted");
}

test("a request whose bytes break off ends, and says what broke them", async () => {
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(10);
    throw new Error("the disk is gone");
  };
  await assert.rejects(sendBody(failing(), send, signal), { message: "the disk is gone" });
});

test("who stops a request hears the own reason, though its bytes fail because of that", async () => {
  const stopped = new AbortController();
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(10);
    stopped.abort(new Error("enough"));
    throw new Error("the disk is gone");
  };
  await assert.rejects(sendBody(failing(), send, stopped.signal), { message: "enough" });
});

test("what went before the end of the bytes is closed", async () => {
  let isClosed = false;
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.alloc(10);
    } finally {
      isClosed = true;
    }
  };
  const answer = await sendBody(
    endless(),
    async (body) => {
      assert.ok(body instanceof Readable);
      await once(body, "readable");
      const closed = once(body, "close");
      return { closed };
    },
    signal,
  );
  await answer.closed;
  assert.ok(isClosed);
});
